//! Vendure: rows of variants have no name; the category is a facet.

use super::{FieldNames, ProductField, RowFields, RowKind, ShapeRow, ShopShape};

const FACETS: usize = 0;

pub(super) const SHAPE: ShopShape = ShopShape {
    marks: &[&["stockOnHand"], &["optionGroups"], &["optionValues"]],
    names: FieldNames {
        name: &["name"],
        description: &["description"],
        price: &["price"],
        quantity: &["stockOnHand"],
        category: &["category"],
        sku: &["sku"],
        low_stock_threshold: &["low_stock_threshold"],
    },
    options: &[&["optionValues"]],
    helpers: &[&["facets"], &["optionGroups"]],
    rule,
    ..ShopShape::EMPTY
};

/// `category:Lighting|brand:Nord`: the facet that is a category.
fn rule<'a>(row: &ShapeRow<'_, 'a>, fields: &mut RowFields<'a>) -> RowKind {
    let mut facets = row.helper(FACETS).split('|');
    let category = facets.find_map(|facet| {
        let (name, value) = facet.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case("category")
            .then(|| value.trim())
    });
    if let Some(category) = category
        && fields.is_blank(ProductField::Category)
    {
        fields.set(ProductField::Category, category);
    }
    RowKind::Item
}
