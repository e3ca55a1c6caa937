//! Amazon's listing reports, separated by tabs.

use super::{FieldNames, ShopShape};

pub(super) const SHAPE: ShopShape = ShopShape {
    marks: &[&["seller-sku"], &["listing-id", "asin1", "product-id"]],
    names: FieldNames {
        name: &["item-name", "title"],
        description: &["item-description"],
        price: &["price"],
        quantity: &["quantity"],
        category: &["category"],
        sku: &["seller-sku"],
        low_stock_threshold: &["low_stock_threshold"],
    },
    ..ShopShape::EMPTY
};
