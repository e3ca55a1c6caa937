//! The generations of Shopify's product export. Its rows are read by `preset/shopify.rs`.

use super::{FieldNames, ShopShape};

pub(super) const SHAPE: ShopShape = ShopShape {
    names: FieldNames {
        name: &["Title", "name"],
        description: &["Body (HTML)", "Description", "Body HTML"],
        price: &["Variant Price", "Price"],
        quantity: &[
            "Variant Inventory Qty",
            "Inventory quantity",
            "Variant Inventory Quantity",
            "quantity",
        ],
        category: &["Product Category", "Type", "category"],
        sku: &["Variant SKU", "SKU"],
        low_stock_threshold: &["low_stock_threshold"],
    },
    ..ShopShape::EMPTY
};
