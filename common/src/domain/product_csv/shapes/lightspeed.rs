//! Lightspeed Retail (Vend): stock and reorder points for each outlet.

use super::{FieldNames, ProductField, ShopShape};

pub(super) const SHAPE: ShopShape = ShopShape {
    marks: &[
        &["handle"],
        &["composite_handle", "variant_option_one_value"],
        &["retail_price"],
    ],
    names: FieldNames {
        name: &["name"],
        description: &["description"],
        price: &["retail_price"],
        quantity: &[],
        category: &["product_category", "type"],
        sku: &["sku"],
        low_stock_threshold: &["low_stock_threshold"],
    },
    handle: &["handle"],
    options: &[
        &["variant_option_one_value"],
        &["variant_option_two_value"],
        &["variant_option_three_value"],
    ],
    sums: &[(ProductField::Quantity, "inventory_")],
    helpers: &[
        &["composite_handle"],
        &["variant_option_one_name"],
        &["variant_option_two_name"],
        &["variant_option_three_name"],
    ],
    ..ShopShape::EMPTY
};
