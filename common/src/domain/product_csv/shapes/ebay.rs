//! eBay's report of active listings.

use super::{FieldNames, ProductField, ShopShape};

pub(super) const SHAPE: ShopShape = ShopShape {
    marks: &[
        &["Item number"],
        &["Custom label (SKU)"],
        &["Available quantity"],
    ],
    names: FieldNames {
        name: &["Title"],
        description: &["description"],
        price: &["Current price"],
        quantity: &["Available quantity"],
        category: &["eBay category 1 name"],
        sku: &["Custom label (SKU)"],
        low_stock_threshold: &["low_stock_threshold"],
    },
    fallbacks: &[(ProductField::Price, &["Start price"])],
    ..ShopShape::EMPTY
};
