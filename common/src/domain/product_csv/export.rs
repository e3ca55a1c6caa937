//! The export: a table that spreadsheets open without running anything, and that an import reads
//! back to the same products.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    ProductField,
    cell_text::{attribute_name_cell, text_cell},
    encoding_guess::UTF8_BOM,
    header::{ID_COLUMN, OTHER_ATTRIBUTES},
};
use crate::domain::product::Product;

/// What the writer of a record sets aside.
const RECORD_BUFFER_BYTES: usize = 1024;

/// Writes products as CSV: their ids, the seven columns of ours, then one per attribute name.
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

    /// The header, with its line end; after the byte order mark that old spreadsheets want, if asked
    /// for.
    pub fn header(&self, bom: bool) -> Vec<u8> {
        let mut cells: Vec<Cow<'_, str>> = vec![ID_COLUMN.into()];
        cells.extend(EXPORT_COLUMNS.map(|field| Cow::from(field.as_str())));
        let names = self.attribute_names.iter();
        cells.extend(names.map(|name| attribute_name_cell(name)));
        if self.others {
            cells.push(OTHER_ATTRIBUTES.into());
        }
        let mut out = if bom { UTF8_BOM.to_vec() } else { Vec::new() };
        write_record(&mut out, &cells);
        out
    }

    /// Appends one product, with its line end. What a product does not have is an empty cell.
    pub fn row(&self, product: &Product, out: &mut Vec<u8>) {
        let mut cells: Vec<Cow<'_, str>> = vec![product.id.to_string().into()];
        cells.extend(EXPORT_COLUMNS.map(|field| field_cell(product, field)));
        let attribute = |name| product.attributes.as_ref().and_then(|all| all.get(name));
        let names = self.attribute_names.iter();
        cells.extend(names.map(|name| optional_cell(attribute(name))));
        if self.others {
            cells.push(self.others_cell(product));
        }
        write_record(out, &cells);
    }

    fn others_cell(&self, product: &Product) -> Cow<'static, str> {
        let has_column = |name: &String| self.attribute_names.binary_search(name).is_ok();
        let attributes = product.attributes.iter().flatten();
        let others: BTreeMap<_, _> = attributes.filter(|(name, _)| !has_column(name)).collect();
        if others.is_empty() {
            return "".into();
        }
        // Texts as keys and values cannot fail.
        serde_json::to_string(&others).unwrap_or_default().into()
    }
}

/// Appends a record. Blanks around a text are kept by quotes only, and the writer quotes all cells
/// of a record or those it must.
fn write_record(out: &mut Vec<u8>, cells: &[Cow<'_, str>]) {
    let padded = cells.iter().any(|cell| cell.trim().len() != cell.len());
    let quotes = if padded {
        csv::QuoteStyle::Always
    } else {
        csv::QuoteStyle::Necessary
    };
    let mut writer = csv::WriterBuilder::new()
        .quote_style(quotes)
        .buffer_capacity(RECORD_BUFFER_BYTES)
        .from_writer(out);
    let record = cells.iter().map(|cell| cell.as_bytes());
    let written = writer.write_record(record).is_ok() && writer.flush().is_ok();
    debug_assert!(written, "memory takes every byte");
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

fn field_cell(product: &Product, field: ProductField) -> Cow<'_, str> {
    match field {
        ProductField::Sku => optional_cell(product.sku.as_ref()),
        ProductField::Name => text_cell(&product.name),
        ProductField::Description => optional_cell(product.description.as_ref()),
        ProductField::Price => product.price.to_string().into(),
        ProductField::Quantity => product.quantity.to_string().into(),
        ProductField::Category => text_cell(&product.category),
        ProductField::LowStockThreshold => {
            let threshold = product.low_stock_threshold;
            threshold.map_or_else(|| "".into(), |number| number.to_string().into())
        }
    }
}

fn optional_cell(text: Option<&String>) -> Cow<'_, str> {
    text.map_or_else(|| "".into(), |text| text_cell(text))
}
