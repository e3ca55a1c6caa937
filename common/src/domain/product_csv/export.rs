//! The export: a table that spreadsheets open without running anything, and that an import reads
//! back to the same products.

use std::collections::BTreeMap;

use super::{
    ProductField,
    cell_syntax::CellSyntax,
    cell_text::{write_attribute_name, write_text},
    header::OTHER_ATTRIBUTES,
};
use crate::domain::product::Product;

const EXPORT_DELIMITER: u8 = b',';
const EXPORT_SYNTAX: CellSyntax = CellSyntax::standard(EXPORT_DELIMITER);

/// Writes products as CSV: the seven columns of ours, then one per attribute name.
#[derive(Debug, Clone)]
pub struct ExportWriter {
    attribute_names: Vec<String>,
    /// Whether there are attributes of other names.
    others: bool,
}

impl ExportWriter {
    /// `attribute_names` are the columns after ours, sorted; one more if there are `others`.
    pub(super) const fn new(attribute_names: Vec<String>, others: bool) -> Self {
        Self {
            attribute_names,
            others,
        }
    }

    /// The header, with its line end.
    pub fn header(&self) -> Vec<u8> {
        let fields = EXPORT_COLUMNS.map(ProductField::as_str);
        let mut out = fields.join(",").into_bytes();
        for name in &self.attribute_names {
            out.push(EXPORT_DELIMITER);
            write_attribute_name(&mut out, name, EXPORT_SYNTAX);
        }
        if self.others {
            out.push(EXPORT_DELIMITER);
            out.extend_from_slice(OTHER_ATTRIBUTES.as_bytes());
        }
        out.push(b'\n');
        out
    }

    /// Appends one product, with its line end. What a product does not have is an empty cell.
    pub fn row(&self, product: &Product, out: &mut Vec<u8>) {
        for (n, field) in EXPORT_COLUMNS.into_iter().enumerate() {
            if n > 0 {
                out.push(EXPORT_DELIMITER);
            }
            write_field(product, field, out);
        }
        for name in &self.attribute_names {
            out.push(EXPORT_DELIMITER);
            let attributes = product.attributes.as_ref();
            write_optional(attributes.and_then(|all| all.get(name)), out);
        }
        if self.others {
            out.push(EXPORT_DELIMITER);
            self.write_others(product, out);
        }
        out.push(b'\n');
    }

    fn write_others(&self, product: &Product, out: &mut Vec<u8>) {
        let has_column = |name: &String| self.attribute_names.binary_search(name).is_ok();
        let attributes = product.attributes.iter().flatten();
        let others: BTreeMap<_, _> = attributes.filter(|(name, _)| !has_column(name)).collect();
        if !others.is_empty() {
            // Texts as keys and values cannot fail.
            let json = serde_json::to_string(&others).unwrap_or_default();
            write_text(out, &json, EXPORT_SYNTAX);
        }
    }
}

/// The columns of ours, in the order of an export.
pub(super) const EXPORT_COLUMNS: [ProductField; 7] = [
    ProductField::Sku,
    ProductField::Name,
    ProductField::Description,
    ProductField::Price,
    ProductField::Quantity,
    ProductField::Category,
    ProductField::LowStockThreshold,
];

fn write_field(product: &Product, field: ProductField, out: &mut Vec<u8>) {
    match field {
        ProductField::Sku => write_optional(product.sku.as_ref(), out),
        ProductField::Name => write_text(out, &product.name, EXPORT_SYNTAX),
        ProductField::Description => write_optional(product.description.as_ref(), out),
        ProductField::Price => out.extend_from_slice(product.price.to_string().as_bytes()),
        ProductField::Quantity => out.extend_from_slice(product.quantity.to_string().as_bytes()),
        ProductField::Category => write_text(out, &product.category, EXPORT_SYNTAX),
        ProductField::LowStockThreshold => {
            if let Some(threshold) = product.low_stock_threshold {
                out.extend_from_slice(threshold.to_string().as_bytes());
            }
        }
    }
}

fn write_optional(text: Option<&String>, out: &mut Vec<u8>) {
    if let Some(text) = text {
        write_text(out, text, EXPORT_SYNTAX);
    }
}
