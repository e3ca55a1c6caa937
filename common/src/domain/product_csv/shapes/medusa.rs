//! Medusa: a price for each currency, of which the person chooses one.

use super::{FieldNames, ProductField, ShopShape};

pub(super) const SHAPE: ShopShape = ShopShape {
    marks: &[
        &["Product Handle"],
        &["Variant Title", "Variant SKU", "Variant Id"],
    ],
    names: FieldNames {
        name: &["Product Title"],
        description: &["Product Description"],
        price: &["Variant Price"],
        quantity: &["Variant Inventory Quantity"],
        category: &["Product Type"],
        sku: &["Variant SKU"],
        low_stock_threshold: &["low_stock_threshold"],
    },
    fallbacks: &[(ProductField::Category, &["Product Collection Title"])],
    handle: &["Product Handle"],
    options: &[&["Variant Title"]],
    no_option: &[
        "Default variant",
        "Default",
        "One",
        "One Size",
        "Default Title",
    ],
    ..ShopShape::EMPTY
};
