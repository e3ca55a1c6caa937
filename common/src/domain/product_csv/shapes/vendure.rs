//! Vendure: rows of variants have no name; the category is a facet.

use super::{FieldNames, ProductField, RowFields, RowKind, ShapeRow, ShopShape};

pub(super) const SHAPE: ShopShape = ShopShape {
    marks: &[&["stockOnHand"], &["optionGroups"], &["optionValues"]],
    names: FieldNames {
        name: &["name"],
        description: &["description"],
        price: &["price"],
        quantity: &["stockOnHand"],
        category: &["category", "facets"],
        sku: &["sku"],
        low_stock_threshold: &["low_stock_threshold"],
    },
    options: &[&["optionValues"]],
    helpers: &[&["optionGroups"]],
    rule,
    ..ShopShape::EMPTY
};

/// `category:Lighting|brand:Nord`: the facet that is a category.
fn rule<'a>(_: &ShapeRow<'_, 'a>, fields: &mut RowFields<'a>) -> RowKind {
    let text = fields.text(ProductField::Category);
    let category = text.split('|').find_map(|facet| {
        let (name, value) = facet.split_once(':')?;
        let named = name.trim().eq_ignore_ascii_case("category");
        named.then(|| value.trim().to_owned())
    });
    if text.contains(':') {
        fields.set(ProductField::Category, category.unwrap_or_default());
    }
    RowKind::Item
}
