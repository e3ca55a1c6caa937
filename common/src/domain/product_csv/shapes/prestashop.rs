//! PrestaShop's import and export of products.

use super::{FieldNames, ProductField, ShopShape};

pub(super) const SHAPE: ShopShape = ShopShape {
    marks: &[
        &["Name *", "Name*", "Name"],
        &[
            "Price tax excluded",
            "Price tax included",
            "Tax rules ID",
            "Categories (x,y,z...)",
        ],
        &["Reference #", "Reference", "Active (0/1)"],
    ],
    names: FieldNames {
        name: &["Name *", "Name*", "Name"],
        description: &["Description"],
        price: &["Price tax excluded", "Price tax included", "Price"],
        quantity: &["Quantity"],
        category: &["Categories (x,y,z...)", "Categories", "Category"],
        sku: &["Reference #", "Reference"],
        low_stock_threshold: &["Low stock level"],
    },
    fallbacks: &[(ProductField::Description, &["Summary"])],
    category_end: Some(','),
    ..ShopShape::EMPTY
};
