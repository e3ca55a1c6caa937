//! What is special about the exports of known shops: how they are recognised, which columns only
//! help to read the others, and how a row's cells become a draft of ours.

mod shopify;
mod woocommerce;

use self::{shopify::Shopify, woocommerce::Woocommerce};
use super::{
    Field, Plan, Preset,
    cells::Cells,
    draft::Draft,
    header::{self, HeaderCell, find, fold},
};

/// Whose export a header belongs to. Our own export is told by its first seven columns, whatever
/// attributes follow.
pub(super) fn detect(cells: &[HeaderCell]) -> Preset {
    let ours = Field::ALL
        .iter()
        .all(|field| cells.iter().any(|cell| cell.name == field.as_str()));
    let folded = unmarked_names(cells);
    if ours {
        Preset::Generic
    } else if shopify::made(&folded) {
        Preset::Shopify
    } else if woocommerce::made(&folded) {
        Preset::Woocommerce
    } else {
        Preset::Generic
    }
}

/// The columns a preset reads beside those that fill a field.
pub(super) fn helper_columns(preset: Preset, cells: &[HeaderCell]) -> Vec<usize> {
    let folded = unmarked_names(cells);
    let helpers: &[&[&str]] = match preset {
        Preset::Generic => &[],
        Preset::Shopify => shopify::HELPERS,
        Preset::Woocommerce => woocommerce::HELPERS,
    };
    let found = helpers.iter().filter_map(|names| find(&folded, names));
    found.collect()
}

/// Whether rows without a sku of their own get one from other columns.
pub(super) fn makes_keys(preset: Preset, cells: &[HeaderCell]) -> bool {
    preset == Preset::Shopify && find(&unmarked_names(cells), shopify::HANDLE).is_some()
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
pub(super) enum Reading {
    Generic,
    Shopify(Shopify),
    Woocommerce(Woocommerce),
}

impl Reading {
    /// `carry` is what `carry()` gave at the position the reading starts from.
    pub(super) fn new(plan: &Plan, carry: Option<&str>) -> Self {
        let folded: Vec<String> = plan.columns.iter().map(|c| fold(&c.header)).collect();
        match plan.preset {
            Preset::Generic => Self::Generic,
            Preset::Shopify => Self::Shopify(Shopify::new(&folded, carry)),
            Preset::Woocommerce => Self::Woocommerce(Woocommerce::new(&folded, carry)),
        }
    }

    /// Completes the draft; `false` when the row is no product of its own.
    pub(super) fn complete<'a>(&mut self, cells: &Cells<'a>, draft: &mut Draft<'a>) -> bool {
        match self {
            Self::Generic => true,
            Self::Shopify(shopify) => shopify.complete(cells, draft),
            Self::Woocommerce(woocommerce) => woocommerce.complete(cells, draft),
        }
    }

    /// What later rows need of the earlier ones, for a reading that starts here.
    pub(super) fn carry(&self) -> Option<String> {
        match self {
            Self::Generic => None,
            Self::Shopify(shopify) => shopify.carry(),
            Self::Woocommerce(woocommerce) => woocommerce.carry(),
        }
    }
}

/// The cell under an optional column, blank without it.
fn cell<'a>(cells: &Cells<'a>, column: Option<usize>) -> &'a str {
    column.map_or("", |index| cells.text(index)).trim()
}

/// Whether the header has a column for the field.
fn has(folded: &[String], preset: Preset, field: Field) -> bool {
    find(folded, header::names(preset, field)).is_some()
}
