//! Shopify's product export, both generations: one row per variant, further rows for images.
//!
//! Only the first row of a handle has title, description and category; its variants take them
//! over. A variant's name is the title and its option values, its key the SKU or else the handle
//! and its option values.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ImportPreset, cell, has};
use crate::domain::{
    product::fields::SKU_MAX,
    product_csv::{
        ProductField, SkipReason, cell_splitter::RowCells, header::find, row_fields::RowFields,
    },
};

/// The column that ties the rows of a product together.
pub(super) const HANDLE_NAMES: &[&str] = &["Handle", "URL handle"];
const OPTION_VALUE_NAMES: [&[&str]; 3] =
    [&["Option1 Value"], &["Option2 Value"], &["Option3 Value"]];
const TYPE_NAMES: &[&str] = &["Type"];

/// The columns read beside those of the fields.
pub(super) const HELPER_NAMES: &[&[&str]] = &[
    HANDLE_NAMES,
    &["Option1 Name"],
    OPTION_VALUE_NAMES[0],
    &["Option2 Name"],
    OPTION_VALUE_NAMES[1],
    &["Option3 Name"],
    OPTION_VALUE_NAMES[2],
    TYPE_NAMES,
];

/// What products without options have as their only option value.
const NO_OPTION: &str = "Default Title";

/// Whether the header is one of Shopify's.
pub(super) fn is_header(folded: &[String]) -> bool {
    let options = find(folded, &["Option1 Name", "Option1 Value", "Variant Price"]);
    find(folded, HANDLE_NAMES).is_some()
        && options.is_some()
        && has(folded, ImportPreset::Shopify, ProductField::Price)
        && has(folded, ImportPreset::Shopify, ProductField::Name)
}

/// Reads the rows.
#[derive(Debug)]
pub(in crate::domain::product_csv) struct ShopifyState {
    handle: Option<usize>,
    options: [Option<usize>; 3],
    product_type: Option<usize>,
    parent: Option<ShopifyParent>,
}

/// The first row of the handle that was read last.
#[derive(Debug, Serialize, Deserialize)]
struct ShopifyParent {
    handle: String,
    title: String,
    description: String,
    category: String,
}

impl ShopifyState {
    pub(super) fn new(folded: &[String], saved: Option<&str>) -> Self {
        Self {
            handle: find(folded, HANDLE_NAMES),
            options: OPTION_VALUE_NAMES.map(|names| find(folded, names)),
            product_type: find(folded, TYPE_NAMES),
            parent: saved.and_then(|json| serde_json::from_str(json).ok()),
        }
    }

    pub(super) fn saved(&self) -> Option<String> {
        let parent = self.parent.as_ref()?;
        serde_json::to_string(parent).ok()
    }

    pub(super) fn complete<'a>(
        &mut self,
        cells: &RowCells<'a>,
        row_fields: &mut RowFields<'a>,
    ) -> Result<(), SkipReason> {
        let handle = cell(cells, self.handle);
        let values = self.options.map(|column| cell(cells, column));
        let blank = |field| row_fields.is_blank(field);
        let image_only =
            blank(ProductField::Name) && blank(ProductField::Price) && blank(ProductField::Sku);
        if image_only && !handle.is_empty() && values.iter().all(|value| value.is_empty()) {
            return Err(SkipReason::Image);
        }
        if blank(ProductField::Category) && self.product_type.is_some() {
            row_fields.set(ProductField::Category, cell(cells, self.product_type));
        }
        self.inherit(handle, row_fields);
        let options: Vec<&str> = values
            .into_iter()
            .filter(|value| !value.is_empty() && *value != NO_OPTION)
            .collect();
        if !options.is_empty() && !row_fields.is_blank(ProductField::Name) {
            let name = format!(
                "{} - {}",
                row_fields.text(ProductField::Name),
                options.join(" / ")
            );
            row_fields.set(ProductField::Name, name);
        }
        if row_fields.is_blank(ProductField::Sku) && !handle.is_empty() {
            row_fields.set(ProductField::Sku, key(handle, &options));
        }
        Ok(())
    }

    /// Takes over what the first row of the handle said, or is that first row.
    fn inherit(&mut self, handle: &str, row_fields: &mut RowFields<'_>) {
        if !row_fields.is_blank(ProductField::Name) {
            let text = |field| row_fields.text(field).to_owned();
            self.parent = Some(ShopifyParent {
                handle: handle.to_owned(),
                title: text(ProductField::Name),
                description: text(ProductField::Description),
                category: text(ProductField::Category),
            });
            return;
        }
        let Some(parent) = self.parent.as_ref().filter(|p| p.handle == handle) else {
            return;
        };
        for (field, text) in [
            (ProductField::Name, &parent.title),
            (ProductField::Description, &parent.description),
            (ProductField::Category, &parent.category),
        ] {
            if row_fields.is_blank(field) {
                row_fields.set(field, text.clone());
            }
        }
    }
}

/// The handle and the option values; what is too long for a sku ends in a hash of the whole.
fn key(handle: &str, options: &[&str]) -> String {
    let mut parts = vec![handle];
    parts.extend(options);
    let whole = parts.join("/");
    if whole.chars().count() <= SKU_MAX {
        return whole;
    }
    let hash = Sha256::digest(whole.as_bytes());
    let tail: String = hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
    let kept: String = whole.chars().take(SKU_MAX - tail.len() - 1).collect();
    format!("{kept}-{tail}")
}
