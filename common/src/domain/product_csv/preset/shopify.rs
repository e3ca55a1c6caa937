//! Shopify's product export, both generations: one row per variant, further rows for images.
//!
//! Only the first row of a handle has title, description and category; its variants take them
//! over. A variant's name is the title and its option values, its key the SKU or else the handle
//! and its option values.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Preset, cell, has};
use crate::domain::{
    product::fields::SKU_MAX,
    product_csv::{Field, cells::Cells, draft::Draft, header::find},
};

/// The column that ties the rows of a product together.
pub(super) const HANDLE: &[&str] = &["Handle", "URL handle"];
const OPTIONS: [&[&str]; 3] = [&["Option1 Value"], &["Option2 Value"], &["Option3 Value"]];
const TYPE: &[&str] = &["Type"];

/// The columns read beside those of the fields.
pub(super) const HELPERS: &[&[&str]] = &[
    HANDLE,
    &["Option1 Name"],
    OPTIONS[0],
    &["Option2 Name"],
    OPTIONS[1],
    &["Option3 Name"],
    OPTIONS[2],
    TYPE,
];

/// What products without options have as their only option value.
const NO_OPTION: &str = "Default Title";

/// Whether the header is one of Shopify's.
pub(super) fn made(folded: &[String]) -> bool {
    let options = find(folded, &["Option1 Name", "Option1 Value", "Variant Price"]);
    find(folded, HANDLE).is_some()
        && options.is_some()
        && has(folded, Preset::Shopify, Field::Price)
        && has(folded, Preset::Shopify, Field::Name)
}

/// Reads the rows.
#[derive(Debug)]
pub(in crate::domain::product_csv) struct Shopify {
    handle: Option<usize>,
    options: [Option<usize>; 3],
    product_type: Option<usize>,
    parent: Option<Parent>,
}

/// The first row of the handle that was read last.
#[derive(Debug, Serialize, Deserialize)]
struct Parent {
    handle: String,
    title: String,
    description: String,
    category: String,
}

impl Shopify {
    pub(super) fn new(folded: &[String], carry: Option<&str>) -> Self {
        Self {
            handle: find(folded, HANDLE),
            options: OPTIONS.map(|names| find(folded, names)),
            product_type: find(folded, TYPE),
            parent: carry.and_then(|json| serde_json::from_str(json).ok()),
        }
    }

    pub(super) fn carry(&self) -> Option<String> {
        let parent = self.parent.as_ref()?;
        serde_json::to_string(parent).ok()
    }

    pub(super) fn complete<'a>(&mut self, cells: &Cells<'a>, draft: &mut Draft<'a>) -> bool {
        let handle = cell(cells, self.handle);
        let values = self.options.map(|column| cell(cells, column));
        let blank = |field| draft.is_blank(field);
        let image_only = blank(Field::Name) && blank(Field::Price) && blank(Field::Sku);
        if image_only && !handle.is_empty() && values.iter().all(|value| value.is_empty()) {
            return false;
        }
        if blank(Field::Category) && self.product_type.is_some() {
            draft.set(Field::Category, cell(cells, self.product_type));
        }
        self.inherit(handle, draft);
        let options: Vec<&str> = values
            .into_iter()
            .filter(|value| !value.is_empty() && *value != NO_OPTION)
            .collect();
        if !options.is_empty() && !draft.is_blank(Field::Name) {
            let name = format!("{} - {}", draft.text(Field::Name), options.join(" / "));
            draft.set(Field::Name, name);
        }
        if draft.is_blank(Field::Sku) && !handle.is_empty() {
            draft.set(Field::Sku, key(handle, &options));
        }
        true
    }

    /// Takes over what the first row of the handle said, or is that first row.
    fn inherit(&mut self, handle: &str, draft: &mut Draft<'_>) {
        if !draft.is_blank(Field::Name) {
            let text = |field| draft.text(field).to_owned();
            self.parent = Some(Parent {
                handle: handle.to_owned(),
                title: text(Field::Name),
                description: text(Field::Description),
                category: text(Field::Category),
            });
            return;
        }
        let Some(parent) = self.parent.as_ref().filter(|p| p.handle == handle) else {
            return;
        };
        for (field, text) in [
            (Field::Name, &parent.title),
            (Field::Description, &parent.description),
            (Field::Category, &parent.category),
        ] {
            if draft.is_blank(field) {
                draft.set(field, text.clone());
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
