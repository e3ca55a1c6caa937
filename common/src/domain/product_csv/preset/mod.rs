//! What is special about the exports of known shops: how they are recognised, which columns only
//! help to read the others, and how a row's cells become a draft of ours.

mod shopify;
mod table;
mod woocommerce;

use self::{shopify::ShopifyState, table::TableState, woocommerce::WoocommerceState};
use super::{
    ColumnRole, ImportPlan, ImportPreset, ProductField, SkipReason,
    cell_splitter::RowCells,
    header::{self, HeaderCell, find, fold},
    row_fields::RowFields,
    shapes,
};

/// Whose export a header belongs to. Our own export is recognised by its first seven columns, whatever
/// attributes follow.
pub(super) fn detect(cells: &[HeaderCell]) -> ImportPreset {
    let ours = ProductField::ALL
        .iter()
        .all(|field| cells.iter().any(|cell| cell.name == field.as_str()));
    let folded = unmarked_names(cells);
    if ours {
        return ImportPreset::Generic;
    }
    if shopify::is_header(&folded) {
        return ImportPreset::Shopify;
    }
    if woocommerce::is_header(&folded) {
        return ImportPreset::Woocommerce;
    }
    let marked = |preset: &ImportPreset| {
        let mut marks = shapes::of(*preset).marks.iter();
        marks.all(|names| find(&folded, names).is_some())
    };
    let mut shapes = shapes::RECOGNISED_PRESETS.into_iter();
    shapes.find(marked).unwrap_or(ImportPreset::Generic)
}

/// The columns a preset reads beside those that fill a field.
pub(super) fn helper_columns(preset: ImportPreset, cells: &[HeaderCell]) -> Vec<usize> {
    let folded = unmarked_names(cells);
    let helpers: Vec<&[&str]> = match preset {
        ImportPreset::Shopify => shopify::HELPER_NAMES.to_vec(),
        ImportPreset::Woocommerce => woocommerce::HELPER_NAMES.to_vec(),
        _ => shapes::of(preset).helper_columns().collect(),
    };
    let found = helpers.iter().filter_map(|names| find(&folded, names));
    found.collect()
}

/// The columns whose numbers make one field together.
pub(super) fn summed_columns(
    preset: ImportPreset,
    cells: &[HeaderCell],
) -> Vec<(ProductField, Vec<usize>)> {
    let folded = unmarked_names(cells);
    let sums = shapes::of(preset).sums.iter();
    let columns = |beginning: &str| {
        let beginning = fold(beginning);
        let names = folded.iter().enumerate();
        let own = names.filter(|(_, name)| name.starts_with(&beginning));
        own.map(|(index, _)| index).collect()
    };
    sums.map(|(field, beginning)| (*field, columns(beginning)))
        .collect()
}

/// Whether rows without a sku of their own get one from other columns.
pub(super) fn generates_keys(preset: ImportPreset, cells: &[HeaderCell]) -> bool {
    preset == ImportPreset::Shopify && find(&unmarked_names(cells), shopify::HANDLE_NAMES).is_some()
}

/// The same of a plan.
pub(super) fn makes_keys(plan: &ImportPlan) -> bool {
    let helpers = plan.columns.iter().filter(|c| c.role == ColumnRole::Preset);
    let folded: Vec<String> = helpers.map(|column| fold(&column.header)).collect();
    plan.preset == ImportPreset::Shopify && find(&folded, shopify::HANDLE_NAMES).is_some()
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
    Table(TableState),
}

impl PresetState {
    /// `saved` is what `saved()` gave at the position the reading starts from.
    pub(super) fn new(plan: &ImportPlan, saved: Option<&str>) -> Self {
        let folded: Vec<String> = plan.columns.iter().map(|c| fold(&c.header)).collect();
        match plan.preset {
            ImportPreset::Generic => Self::Generic,
            ImportPreset::Shopify => Self::Shopify(ShopifyState::new(&folded, saved)),
            ImportPreset::Woocommerce => Self::Woocommerce(WoocommerceState::new(&folded, saved)),
            _ => Self::Table(TableState::new(plan, saved)),
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
            Self::Table(table) => table.complete(cells, row_fields),
        }
    }

    /// What later rows need of the earlier ones, for a reading that starts here.
    pub(super) fn saved(&self) -> Option<String> {
        match self {
            Self::Generic => None,
            Self::Shopify(shopify) => shopify.saved(),
            Self::Woocommerce(woocommerce) => woocommerce.saved(),
            Self::Table(table) => table.saved(),
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
