//! Odoo's products; further lines of a product have nothing but its attributes.

use super::{FieldNames, ProductField, RowFields, RowKind, ShapeRow, ShopShape, SkipReason};

pub(super) const SHAPE: ShopShape = ShopShape {
    marks: &[
        &["default_code", "Internal Reference"],
        &["list_price", "Sales Price"],
    ],
    names: FieldNames {
        name: &["name"],
        description: &["description_sale", "description"],
        price: &["list_price", "Sales Price"],
        quantity: &["qty_available", "Quantity On Hand"],
        category: &["categ_id/name", "categ_id", "Product Category"],
        sku: &["default_code", "Internal Reference"],
        low_stock_threshold: &["low_stock_threshold"],
    },
    rule,
    ..ShopShape::EMPTY
};

fn rule<'a>(_: &ShapeRow<'_, 'a>, fields: &mut RowFields<'a>) -> RowKind {
    let mut own = [ProductField::Name, ProductField::Price, ProductField::Sku].into_iter();
    match own.all(|field| fields.is_blank(field)) {
        true => RowKind::Skipped(SkipReason::Blank),
        false => RowKind::Item,
    }
}
