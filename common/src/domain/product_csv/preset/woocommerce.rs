//! WooCommerce's product export in English, French, German and Spanish.
//!
//! Parents (variable and grouped products) without a price are no products of their own. Of the
//! categories the first path counts; a variation has none and takes its parent's, when that is
//! among the last parents read, so that memory stays constant.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{Preset, cell, has};
use crate::domain::product_csv::{Field, cells::Cells, draft::Draft, header::find};

const TYPE: &[&str] = &["Type", "Typ", "Tipo"];
const SHORT: &[&str] = &[
    "Short description",
    "Description courte",
    "Kurzbeschreibung",
    "Descripción corta",
];
const PARENT: &[&str] = &["Parent", "Übergeordnetes Produkt", "Superior"];
const ID: &[&str] = &["ID"];

/// The columns read beside those of the fields. The id is read too, but stays an attribute.
pub(super) const HELPERS: &[&[&str]] = &[TYPE, SHORT, PARENT];

/// How many parents are remembered.
const PARENTS_MAX: usize = 128;

/// Whether the header is one of WooCommerce's.
pub(super) fn made(folded: &[String]) -> bool {
    let regular_price = [
        "Regular price",
        "Tarif régulier",
        "Regulärer Preis",
        "Normaler Preis",
        "Precio normal",
    ];
    find(folded, &regular_price).is_some()
        && has(folded, Preset::Woocommerce, Field::Name)
        && (find(folded, TYPE).is_some() || has(folded, Preset::Woocommerce, Field::Category))
}

/// Reads the rows.
#[derive(Debug)]
pub(in crate::domain::product_csv) struct Woocommerce {
    product_type: Option<usize>,
    short: Option<usize>,
    parent: Option<usize>,
    id: Option<usize>,
    parents: VecDeque<Parent>,
}

/// What variations may refer to.
#[derive(Debug, Serialize, Deserialize)]
struct Parent {
    id: String,
    sku: String,
    category: String,
}

impl Woocommerce {
    pub(super) fn new(folded: &[String], carry: Option<&str>) -> Self {
        Self {
            product_type: find(folded, TYPE),
            short: find(folded, SHORT),
            parent: find(folded, PARENT),
            id: find(folded, ID),
            parents: carry
                .and_then(|json| serde_json::from_str(json).ok())
                .unwrap_or_default(),
        }
    }

    pub(super) fn carry(&self) -> Option<String> {
        if self.parents.is_empty() {
            return None;
        }
        serde_json::to_string(&self.parents).ok()
    }

    pub(super) fn complete<'a>(&mut self, cells: &Cells<'a>, draft: &mut Draft<'a>) -> bool {
        let category = first_path(draft.text(Field::Category));
        if is_parent(cell(cells, self.product_type)) {
            self.remember(cells, draft, category.clone());
            if draft.is_blank(Field::Price) {
                return false;
            }
        }
        let parent = cell(cells, self.parent);
        if !category.is_empty() {
            draft.set(Field::Category, category);
        } else if let Some(inherited) = self.category_of(parent) {
            draft.set(Field::Category, inherited.to_owned());
        }
        self.describe(cells, draft);
        // A variation whose stock is kept with its parent says so in words.
        if draft.text(Field::Quantity) == "parent" {
            draft.set(Field::Quantity, "");
        }
        true
    }

    /// The description, else the short one; the export writes line ends as `\n`.
    fn describe<'a>(&self, cells: &Cells<'a>, draft: &mut Draft<'a>) {
        if draft.is_blank(Field::Description) && self.short.is_some() {
            draft.set(Field::Description, cell(cells, self.short));
        }
        let text = draft.text(Field::Description);
        if text.contains("\\n") {
            let lines = text.replace("\\n", "\n");
            draft.set(Field::Description, lines);
        }
    }

    fn remember(&mut self, cells: &Cells<'_>, draft: &Draft<'_>, category: String) {
        if category.is_empty() {
            return;
        }
        if self.parents.len() == PARENTS_MAX {
            self.parents.pop_front();
        }
        self.parents.push_back(Parent {
            id: cell(cells, self.id).to_owned(),
            sku: draft.text(Field::Sku).to_owned(),
            category,
        });
    }

    /// The category of the parent a variation names by sku or as `id:123`.
    fn category_of(&self, parent: &str) -> Option<&str> {
        if parent.is_empty() {
            return None;
        }
        let id = parent.strip_prefix("id:");
        let mut newest_first = self.parents.iter().rev();
        newest_first
            .find(|known| id.map_or(known.sku == parent, |id| known.id == id))
            .map(|known| known.category.as_str())
    }
}

/// `variable` and `grouped`, also of plug-ins (`variable-subscription`), among other words.
fn is_parent(product_type: &str) -> bool {
    let mut words = product_type.split(',').map(str::trim);
    words.any(|word| word.starts_with("variable") || word == "grouped")
}

/// The text up to the first comma that is not escaped by a backslash.
fn first_path(categories: &str) -> String {
    let mut path = String::new();
    let mut rest = categories;
    while let Some((before, behind)) = rest.split_once(',') {
        rest = behind;
        match before.strip_suffix('\\') {
            Some(escaped) => path.extend([escaped, ","]),
            None => return (path + before).trim().to_owned(),
        }
    }
    (path + rest).trim().to_owned()
}
