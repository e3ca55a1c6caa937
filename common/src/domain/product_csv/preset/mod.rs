//! What is special about the exports of known shops: how they are recognised, which columns only
//! help to read the others, and how a row's cells become a draft of ours.

mod shopify;
mod woocommerce;

use self::{shopify::ShopifyState, woocommerce::WoocommerceState};
use super::{
    ImportPlan, ImportPreset, ProductField, SkipReason,
    cell_splitter::RowCells,
    header::{self, HeaderCell, find, fold},
    row_fields::RowFields,
};

/// Whose export a header belongs to. Our own export is recognised by its first seven columns, whatever
/// attributes follow.
pub(super) fn detect(cells: &[HeaderCell]) -> ImportPreset {
    let ours = ProductField::ALL
        .iter()
        .all(|field| cells.iter().any(|cell| cell.name == field.as_str()));
    let folded = unmarked_names(cells);
    if ours {
        ImportPreset::Generic
    } else if shopify::is_header(&folded) {
        ImportPreset::Shopify
    } else if woocommerce::is_header(&folded) {
        ImportPreset::Woocommerce
    } else {
        ImportPreset::Generic
    }
}

/// The columns a preset reads beside those that fill a field.
pub(super) fn helper_columns(preset: ImportPreset, cells: &[HeaderCell]) -> Vec<usize> {
    let folded = unmarked_names(cells);
    let helpers: &[&[&str]] = match preset {
        ImportPreset::Generic => &[],
        ImportPreset::Shopify => shopify::HELPER_NAMES,
        ImportPreset::Woocommerce => woocommerce::HELPER_NAMES,
    };
    let found = helpers.iter().filter_map(|names| find(&folded, names));
    found.collect()
}

/// Whether rows without a sku of their own get one from other columns.
pub(super) fn generates_keys(preset: ImportPreset, cells: &[HeaderCell]) -> bool {
    preset == ImportPreset::Shopify && find(&unmarked_names(cells), shopify::HANDLE_NAMES).is_some()
}

/// The folded names; marked attributes have none, they are never anything else.
fn unmarked_names(cells: &[HeaderCell]) -> Vec<String> {
    let name = |cell: &HeaderCell| match cell.marked {
        true => String::new(),
        false => cell.folded.clone(),
    };
    cells.iter().map(name).collect()
}

/// What a preset knows while it reads rows.
#[derive(Debug)]
pub(super) enum PresetState {
    Generic,
    Shopify(ShopifyState),
    Woocommerce(WoocommerceState),
}

impl PresetState {
    /// `saved` is what `saved()` gave at the position the reading starts from.
    pub(super) fn new(plan: &ImportPlan, saved: Option<&str>) -> Self {
        let folded: Vec<String> = plan.columns.iter().map(|c| fold(&c.header)).collect();
        match plan.preset {
            ImportPreset::Generic => Self::Generic,
            ImportPreset::Shopify => Self::Shopify(ShopifyState::new(&folded, saved)),
            ImportPreset::Woocommerce => Self::Woocommerce(WoocommerceState::new(&folded, saved)),
        }
    }

    /// Completes the draft, or says why the row is no product of its own.
    pub(super) fn complete<'a>(
        &mut self,
        cells: &RowCells<'a>,
        row_fields: &mut RowFields<'a>,
    ) -> Result<(), SkipReason> {
        match self {
            Self::Generic => Ok(()),
            Self::Shopify(shopify) => shopify.complete(cells, row_fields),
            Self::Woocommerce(woocommerce) => woocommerce.complete(cells, row_fields),
        }
    }

    /// What later rows need of the earlier ones, for a reading that starts here.
    pub(super) fn saved(&self) -> Option<String> {
        match self {
            Self::Generic => None,
            Self::Shopify(shopify) => shopify.saved(),
            Self::Woocommerce(woocommerce) => woocommerce.saved(),
        }
    }
}

/// The cell under an optional column, blank without it.
fn cell<'a>(cells: &RowCells<'a>, column: Option<usize>) -> &'a str {
    column.map_or("", |index| cells.text(index)).trim()
}

/// Whether the header has a column for the field.
fn has(folded: &[String], preset: ImportPreset, field: ProductField) -> bool {
    find(folded, header::names(preset, field)).is_some()
}
