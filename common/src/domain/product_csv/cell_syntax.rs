//! What separates cells and what encloses them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a double quote at a cell's start means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuoteStyle {
    /// It encloses the cell; `""` inside is one quote.
    #[default]
    Standard,
    /// It is text like any other: inch and ditto marks in reports separated by tabs.
    Literal,
}

/// The two together, as splitting and writing need them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CellSyntax {
    pub(super) delimiter: u8,
    pub(super) quotes: QuoteStyle,
}

impl CellSyntax {
    /// Cells in standard quotes.
    pub(super) const fn standard(delimiter: u8) -> Self {
        Self {
            delimiter,
            quotes: QuoteStyle::Standard,
        }
    }

    /// Whether quotes enclose cells.
    pub(super) fn is_quoted(self) -> bool {
        self.quotes == QuoteStyle::Standard
    }

    /// Blanks that may stand between a delimiter and a quote.
    pub(super) const fn is_padding(self, byte: u8) -> bool {
        byte == b' ' || byte == b'\t' && self.delimiter != b'\t'
    }
}
