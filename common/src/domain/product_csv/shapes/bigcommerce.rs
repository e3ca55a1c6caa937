//! BigCommerce: a row for the product and one for each of its SKUs, named by its options.

use super::{FieldNames, ProductField, RowFields, RowKind, ShapeRow, ShopShape, SkipReason};

const ITEM_TYPE_COLUMN: usize = 0;
const TRACKING_COLUMN: usize = 1;

pub(super) const SHAPE: ShopShape = ShopShape {
    marks: &[&["Item Type"], &["Product Name"], &["Product Code/SKU"]],
    names: FieldNames {
        name: &["Product Name"],
        description: &["Product Description"],
        price: &["Price"],
        quantity: &["Current Stock Level"],
        category: &["Category"],
        sku: &["Product Code/SKU"],
        low_stock_threshold: &["Low Stock Level"],
    },
    category_end: Some(';'),
    helpers: &[&["Item Type"], &["Track Inventory"]],
    rule,
    ..ShopShape::EMPTY
};

fn rule<'a>(row: &ShapeRow<'_, 'a>, fields: &mut RowFields<'a>) -> RowKind {
    match row.helper(ITEM_TYPE_COLUMN).to_lowercase().as_str() {
        "sku" => {
            let values = option_values(fields.text(ProductField::Name));
            fields.set(ProductField::Name, "");
            RowKind::Variant(values)
        }
        "rule" => RowKind::Skipped(SkipReason::Parent),
        _ if row
            .helper(TRACKING_COLUMN)
            .eq_ignore_ascii_case("by option") =>
        {
            RowKind::Parent
        }
        _ => RowKind::Item,
    }
}

/// `[S]Size=38,[CS]Colour=Red`: the values.
fn option_values(text: &str) -> Vec<String> {
    let options = text.split(',').filter_map(|option| option.split_once('='));
    options.map(|(_, value)| value.trim().to_owned()).collect()
}
