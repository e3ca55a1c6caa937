//! Square's item catalogue: stock and alerts for each location.

use super::{FieldNames, ProductField, ShopShape};

pub(super) const SHAPE: ShopShape = ShopShape {
    marks: &[&["Item Name"], &["Variation Name"]],
    names: FieldNames {
        name: &["Item Name"],
        description: &["Description"],
        price: &["Price"],
        quantity: &[],
        category: &["Category", "Reporting Category", "Categories"],
        sku: &["SKU"],
        low_stock_threshold: &[],
    },
    options: &[&["Variation Name"]],
    no_option: &["Regular"],
    sums: &[
        (ProductField::Quantity, "Current Quantity "),
        (ProductField::LowStockThreshold, "Stock Alert Count "),
    ],
    ..ShopShape::EMPTY
};
