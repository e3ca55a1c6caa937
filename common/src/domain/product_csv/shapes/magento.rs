//! Magento 2: paths of categories, and parents without a price.

use super::{FieldNames, ProductField, RowFields, RowKind, ShapeRow, ShopShape};

const PRODUCT_TYPE: usize = 0;

pub(super) const SHAPE: ShopShape = ShopShape {
    marks: &[
        &["attribute_set_code", "store_view_code"],
        &["product_type"],
    ],
    names: FieldNames {
        name: &["name"],
        description: &["description"],
        price: &["price"],
        quantity: &["qty"],
        category: &["categories"],
        sku: &["sku"],
        low_stock_threshold: &["notify_on_stock_below"],
    },
    fallbacks: &[(ProductField::Description, &["short_description"])],
    category_end: Some(','),
    helpers: &[&["product_type"]],
    rule,
    ..ShopShape::EMPTY
};

fn rule<'a>(row: &ShapeRow<'_, 'a>, fields: &mut RowFields<'a>) -> RowKind {
    let parent = matches!(
        row.helper(PRODUCT_TYPE),
        "configurable" | "grouped" | "bundle"
    );
    match parent && fields.is_blank(ProductField::Price) {
        true => RowKind::Parent,
        false => RowKind::Item,
    }
}
