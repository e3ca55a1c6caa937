//! Wix: a row for the product and one for each variant, whose price is a surcharge.

use super::{FieldNames, ProductField, RowFields, RowKind, ShapeRow, ShopShape};
use crate::domain::money::Amount;

const KIND_COLUMN: usize = 0;
const SURCHARGE_COLUMN: usize = 1;
const OPTION_NAME: usize = 2;

pub(super) const SHAPE: ShopShape = ShopShape {
    marks: &[&["handleId"], &["fieldType"]],
    names: FieldNames {
        name: &["name"],
        description: &["description"],
        price: &["price"],
        quantity: &["inventory"],
        category: &["collection"],
        sku: &["sku"],
        low_stock_threshold: &["low_stock_threshold"],
    },
    handle: &["handleId"],
    category_end: Some(';'),
    helpers: &[
        &["fieldType"],
        &["surcharge"],
        &["productOptionName1"],
        &["productOptionDescription1"],
        &["productOptionDescription2"],
        &["productOptionDescription3"],
    ],
    rule,
    ..ShopShape::EMPTY
};

fn rule<'a>(row: &ShapeRow<'_, 'a>, fields: &mut RowFields<'a>) -> RowKind {
    if row.helper(KIND_COLUMN) != "Variant" {
        return match row.helper(OPTION_NAME) {
            "" => RowKind::Item,
            _ => RowKind::Parent,
        };
    }
    if fields.is_blank(ProductField::Price)
        && let Some(price) = row
            .parent
            .and_then(|parent| sum(&parent.price, row.helper(SURCHARGE_COLUMN)))
    {
        fields.set(ProductField::Price, price);
    }
    let values = (OPTION_NAME + 1..SHAPE.helpers.len()).map(|place| row.helper(place));
    RowKind::Variant(
        values
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect(),
    )
}

fn sum(price: &str, surcharge: &str) -> Option<String> {
    let amount = |text: &str| text.parse::<Amount>().ok();
    let surcharge = if surcharge.is_empty() { "0" } else { surcharge };
    Some((amount(price)? + amount(surcharge)?).to_string())
}
