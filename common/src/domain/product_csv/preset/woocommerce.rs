//! WooCommerce's product export in eight languages.
//!
//! Parents (variable and grouped products) without a price are no products of their own. Of the
//! categories the first path counts; a variation has none and takes its parent's, when that is
//! among the last parents read, so that memory stays constant.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{ImportPreset, cell, has};
use crate::domain::product_csv::{
    ProductField, SkipReason,
    cell_splitter::RowCells,
    header::{self, find},
    row_fields::RowFields,
};

const TYPE_NAMES: &[&str] = &["Type", "Typ", "Tipo", "Тип"];
const SHORT_DESCRIPTION_NAMES: &[&str] = &[
    "Short description",
    "Description courte",
    "Kurzbeschreibung",
    "Descripción corta",
    "Breve descrizione",
    "Descrição curta",
    "Breve descrição",
    "Korte beschrijving",
    "Краткое описание",
];
const PARENT_NAMES: &[&str] = &[
    "Parent",
    "Übergeordnetes Produkt",
    "Superior",
    "Genitore",
    "Ascendente",
    "Pai",
    "Hoofd",
    "Родительский",
];
const ID_NAMES: &[&str] = &["ID"];

/// The columns read beside those of the fields. The id is read too, but stays an attribute.
pub(super) const HELPER_NAMES: &[&[&str]] = &[TYPE_NAMES, SHORT_DESCRIPTION_NAMES, PARENT_NAMES];

/// How many parents are remembered.
const MAX_PARENTS: usize = 128;

/// Whether the header is one of WooCommerce's.
pub(super) fn is_header(folded: &[String]) -> bool {
    let regular_price = header::names(ImportPreset::Woocommerce, ProductField::Price);
    let own: Vec<&str> = regular_price
        .iter()
        .copied()
        .filter(|name| !matches!(*name, "price" | "Preço"))
        .collect();
    find(folded, &own).is_some()
        && has(folded, ImportPreset::Woocommerce, ProductField::Name)
        && (find(folded, TYPE_NAMES).is_some()
            || has(folded, ImportPreset::Woocommerce, ProductField::Category))
}

/// Reads the rows.
#[derive(Debug)]
pub(in crate::domain::product_csv) struct WoocommerceState {
    product_type: Option<usize>,
    short: Option<usize>,
    parent: Option<usize>,
    id: Option<usize>,
    parents: VecDeque<WoocommerceParent>,
}

/// What variations may refer to.
#[derive(Debug, Serialize, Deserialize)]
struct WoocommerceParent {
    id: String,
    sku: String,
    category: String,
}

impl WoocommerceState {
    pub(super) fn new(folded: &[String], saved: Option<&str>) -> Self {
        Self {
            product_type: find(folded, TYPE_NAMES),
            short: find(folded, SHORT_DESCRIPTION_NAMES),
            parent: find(folded, PARENT_NAMES),
            id: find(folded, ID_NAMES),
            parents: saved
                .and_then(|json| serde_json::from_str(json).ok())
                .unwrap_or_default(),
        }
    }

    pub(super) fn saved(&self) -> Option<String> {
        if self.parents.is_empty() {
            return None;
        }
        serde_json::to_string(&self.parents).ok()
    }

    pub(super) fn complete<'a>(
        &mut self,
        cells: &RowCells<'a>,
        row_fields: &mut RowFields<'a>,
    ) -> Result<(), SkipReason> {
        let category = first_path(row_fields.text(ProductField::Category));
        if is_parent(cell(cells, self.product_type)) {
            self.remember(cells, row_fields, category.clone());
            if row_fields.is_blank(ProductField::Price) {
                return Err(SkipReason::Parent);
            }
        }
        let parent = cell(cells, self.parent);
        if !category.is_empty() {
            row_fields.set(ProductField::Category, category);
        } else if let Some(inherited) = self.category_of(parent) {
            row_fields.set(ProductField::Category, inherited.to_owned());
        }
        self.describe(cells, row_fields);
        // A variation whose stock is kept with its parent says so in words.
        if row_fields.text(ProductField::Quantity) == "parent" {
            row_fields.set(ProductField::Quantity, "");
        }
        Ok(())
    }

    /// The description, else the short one; the export writes line ends as `\n`.
    fn describe<'a>(&self, cells: &RowCells<'a>, row_fields: &mut RowFields<'a>) {
        if row_fields.is_blank(ProductField::Description) && self.short.is_some() {
            row_fields.set(ProductField::Description, cell(cells, self.short));
        }
        let text = row_fields.text(ProductField::Description);
        if text.contains("\\n") {
            let lines = text.replace("\\n", "\n");
            row_fields.set(ProductField::Description, lines);
        }
    }

    fn remember(&mut self, cells: &RowCells<'_>, row_fields: &RowFields<'_>, category: String) {
        if category.is_empty() {
            return;
        }
        if self.parents.len() == MAX_PARENTS {
            self.parents.pop_front();
        }
        self.parents.push_back(WoocommerceParent {
            id: cell(cells, self.id).to_owned(),
            sku: row_fields.text(ProductField::Sku).to_owned(),
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
    while let Some((before, after)) = rest.split_once(',') {
        rest = after;
        match before.strip_suffix('\\') {
            Some(escaped) => path.extend([escaped, ","]),
            None => return (path + before).trim().to_owned(),
        }
    }
    (path + rest).trim().to_owned()
}
