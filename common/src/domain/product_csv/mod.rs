//! Product files: what the file is (`plan`), one row after the other (`RowReader`), the rejected
//! ones as a file again (`rejects_header`, `rejects_row`), and the export (`ExportWriter`).
//!
//! Nothing here does I/O of its own or knows a store: bytes come from a `Read`, rows go to the
//! caller, positions allow to read on after a crash.

mod cell;
mod cells;
mod copy;
mod defaults;
mod dialect;
mod draft;
mod export;
mod fault;
mod header;
mod options;
mod pairs;
mod plan;
mod preset;
mod reader;
mod records;
mod refusal;
mod rejects;
mod row;
mod rules;
#[cfg(test)]
mod tests;

pub use self::{
    export::ExportWriter,
    options::{Field, ImportMode, ImportOptions, Preset},
    plan::plan,
    reader::RowReader,
    refusal::{PlanError, PlanErrorCode},
    rejects::{rejects_header, rejects_row},
    row::{Fields, ImportRow, Reject, Row},
};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What was found out about a file from its first bytes, and how its columns are used.
/// Shown as `detected`, kept with the job so that a resumed import reads the same way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub dialect: Dialect,
    pub preset: Preset,
    pub mode: ImportMode,
    /// The header as the file has it, and what each column is used for, in file order.
    pub columns: Vec<Column>,
    /// Values for blank cells and missing columns, already checked against the field's rule.
    pub defaults: Vec<(Field, String)>,
    /// The first record behind the header.
    pub start: Position,
}

/// How the bytes become cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dialect {
    /// Whether the file starts with a byte order mark.
    pub bom: bool,
    /// `,`, `;`, tab or `|`.
    pub delimiter: char,
}

/// One column of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Column {
    /// The header cell as written, trimmed.
    pub header: String,
    pub role: Role,
}

/// What a column is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It fills this field of ours.
    Field(Field),
    /// A preset reads it (handle, option values, parent type, …).
    Preset,
    /// It goes to `attributes` under its header.
    Attribute,
    /// It is left out.
    Ignored,
}

impl Plan {
    /// The columns that go to `attributes`.
    pub fn attribute_columns(&self) -> Vec<String> {
        let kept = self
            .columns
            .iter()
            .filter(|column| column.role == Role::Attribute);
        kept.map(|column| column.header.clone()).collect()
    }
}

/// Where to read on, and what the reader has to remember from before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Bytes before the next record, from the start of the file.
    pub byte: u64,
    /// The next record's line, from 1.
    pub line: u64,
    /// What variant rows inherit from an earlier row of their product, as the reader wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carry: Option<String>,
}
