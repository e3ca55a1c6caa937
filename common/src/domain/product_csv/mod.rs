//! Product files: what the file is (`plan`), one row after the other (`RowReader`), the rejected
//! ones as a file again (`rejects_header`, `rejects_row`), and the export (`ExportWriter`).
//!
//! Nothing here does I/O of its own or knows a store: bytes come from a `Read`, rows go to the
//! caller, positions allow to read on after a crash.

mod cell_cleaning;
mod cell_splitter;
mod cell_syntax;
mod cell_text;
mod currency_marks;
mod default_values;
mod dialect;
mod encoding_guess;
mod export;
mod export_columns;
mod file_encoding;
mod header;
mod header_search;
mod headerless;
mod html_entities;
mod number_columns;
mod number_style;
mod options;
mod options_query;
mod plan;
mod plan_error;
mod plan_warnings;
mod preset;
mod record_reader;
mod record_scanner;
mod reject_encoder;
mod rejects_file;
mod row;
mod row_attributes;
mod row_error;
mod row_fields;
mod row_reader;
mod row_rules;
mod row_warning;
mod safety;
mod shapes;
mod tab_quotes;
#[cfg(test)]
mod tests;
mod utf16_reader;

pub use self::{
    cell_syntax::QuoteStyle,
    cell_text::text_cell,
    export::ExportWriter,
    export_columns::ExportColumns,
    file_encoding::FileEncoding,
    number_style::DecimalMark,
    options::{ImportMode, ImportOptions, ImportPreset, ProductField},
    plan::plan,
    plan_error::{PlanError, PlanErrorCode},
    rejects_file::{rejects_header, rejects_row},
    row::{FieldSet, FileRow, ParsedRow, RejectSummary, RejectedRow, RowProduct},
    row_reader::RowReader,
    row_warning::{RowWarning, SkipCounts, SkipReason},
    safety::{ErrorLimit, LongText, RepeatPolicy},
};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What was found out about a file from its first bytes, and how its columns are used.
/// Shown as `detected`, kept with the job so that a resumed import reads the same way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportPlan {
    pub dialect: CsvDialect,
    pub preset: ImportPreset,
    pub mode: ImportMode,
    /// The header as the file has it, and what each column is used for, in file order.
    pub columns: Vec<CsvColumn>,
    /// Values for blank cells and missing columns, already checked against the field's rule.
    pub defaults: Vec<(ProductField, String)>,
    /// What becomes of descriptions that are too long.
    #[serde(default)]
    pub long_text: LongText,
    /// What people should know about the file as a whole.
    #[serde(default)]
    pub warnings: Vec<RowWarning>,
    /// The first record after the header.
    pub start: FilePosition,
}

/// How the bytes become cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Dialect)]
pub struct CsvDialect {
    /// Whether the file starts with a byte order mark.
    pub bom: bool,
    /// What characters the bytes stand for, such as `UTF-8`, `windows-1252` or `macintosh`.
    #[serde(default)]
    #[schema(value_type = String)]
    pub encoding: FileEncoding,
    /// `,`, `;`, tab or `|`.
    pub delimiter: char,
    /// What quotes mean.
    #[serde(default)]
    pub quotes: QuoteStyle,
}

/// One column of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Column)]
pub struct CsvColumn {
    /// The header cell as written, trimmed.
    pub header: String,
    pub role: ColumnRole,
    /// How the column writes its numbers, where that matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal: Option<DecimalMark>,
}

/// What a column is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
pub enum ColumnRole {
    /// It fills this field of ours.
    Field(ProductField),
    /// A preset reads it (handle, option values, parent type, …).
    Preset,
    /// It goes to `attributes` under its header.
    Attribute,
    /// The products' ids, in our own export.
    Id,
    /// Attributes without a column of their own as JSON, in our own export.
    OtherAttributes,
    /// It is left out.
    Ignored,
}

impl ImportPlan {
    /// The plan of an undo, which reads no file: its columns are those of the list of products that
    /// stay as they are.
    pub fn of_undo() -> Self {
        let column = |header: &str| CsvColumn {
            header: header.to_owned(),
            role: ColumnRole::Ignored,
            decimal: None,
        };
        Self {
            dialect: CsvDialect {
                bom: false,
                encoding: FileEncoding::default(),
                delimiter: ',',
                quotes: QuoteStyle::default(),
            },
            preset: ImportPreset::Generic,
            mode: ImportMode::Update,
            columns: ["id", "sku", "name"].map(column).into(),
            defaults: Vec::new(),
            long_text: LongText::default(),
            warnings: Vec::new(),
            start: FilePosition::default(),
        }
    }

    /// Whether rows can have a key: a column for it, or a preset that makes one of others.
    pub fn has_key(&self) -> bool {
        let is_key = |role| matches!(role, ColumnRole::Id | ColumnRole::Field(ProductField::Sku));
        self.columns.iter().any(|column| is_key(column.role)) || preset::makes_keys(self)
    }

    /// The columns that go to `attributes`.
    pub fn attribute_columns(&self) -> Vec<String> {
        let kept = self
            .columns
            .iter()
            .filter(|column| column.role == ColumnRole::Attribute);
        kept.map(|column| column.header.clone()).collect()
    }
}

/// Where to read on, and what the reader has to remember from before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePosition {
    /// Bytes before the next record, from the start of the file.
    pub byte: u64,
    /// The next record's line, from 1.
    pub line: u64,
    /// What variant rows inherit from an earlier row of their product, as the reader wrote it.
    #[serde(rename = "carry", default, skip_serializing_if = "Option::is_none")]
    pub preset_state: Option<String>,
}
