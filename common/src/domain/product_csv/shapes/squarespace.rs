//! Squarespace: rows of variants have no title.

use super::{FieldNames, ShopShape};

pub(super) const SHAPE: ShopShape = ShopShape {
    marks: &[
        &["Variant ID [Non Editable]", "Product ID [Non Editable]"],
        &["Title"],
        &["Product Page", "Hosted Image URLs", "Option Value 1"],
    ],
    names: FieldNames {
        name: &["Title"],
        description: &["Description"],
        price: &["Price"],
        quantity: &["Stock"],
        category: &["Categories"],
        sku: &["SKU"],
        low_stock_threshold: &["low_stock_threshold"],
    },
    options: &[
        &["Option Value 1"],
        &["Option Value 2"],
        &["Option Value 3"],
        &["Option Value 4"],
        &["Option Value 5"],
        &["Option Value 6"],
    ],
    category_end: Some(','),
    helpers: &[&["Option Name 1"], &["Option Name 2"], &["Option Name 3"]],
    ..ShopShape::EMPTY
};
