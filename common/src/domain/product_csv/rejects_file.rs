//! The rejects file: the original columns in the original dialect, and five more that say why.
//! Corrected, it can be imported as it is.

use super::{
    ColumnRole, CsvColumn, CsvDialect, ImportPlan, RejectedRow,
    cell_syntax::CellSyntax,
    cell_text::{write_attribute_name, write_cell, write_text},
    encoding_guess::UTF8_BOM,
    header::{REJECT_COLUMNS, is_reject_column},
};

/// The header, with its line end, and the byte order mark when the original has one.
pub fn rejects_header(plan: &ImportPlan) -> Vec<u8> {
    let syntax = plan.dialect.syntax();
    let mut out = Vec::new();
    for column in kept_columns(plan) {
        match column.role {
            ColumnRole::Attribute => write_attribute_name(&mut out, &column.header, syntax),
            _ => write_cell(&mut out, &column.header, syntax),
        }
        out.push(syntax.delimiter);
    }
    out.extend_from_slice(
        REJECT_COLUMNS
            .join(&char::from(syntax.delimiter).to_string())
            .as_bytes(),
    );
    out.push(b'\n');
    let marked = plan.dialect.bom || plan.dialect.encoding.is_utf16();
    let mark = if marked { UTF8_BOM } else { &[] };
    [mark, &in_encoding(plan, out)].concat()
}

/// Text in the file's encoding; a file in UTF-16 gets its rejects in UTF-8 with a mark.
fn in_encoding(plan: &ImportPlan, text: Vec<u8>) -> Vec<u8> {
    match String::from_utf8(text) {
        Ok(text) => plan.dialect.encoding.encode(&text),
        Err(error) => error.into_bytes(),
    }
}

/// Appends one rejected row, with its line end.
pub fn rejects_row(plan: &ImportPlan, reject: &RejectedRow, out: &mut Vec<u8>) {
    let syntax = plan.dialect.syntax();
    out.extend_from_slice(&reject.record);
    out.push(syntax.delimiter);
    let mut why = reject.line.to_string().into_bytes();
    for text in [&reject.column, &reject.code, &reject.message, &reject.hint] {
        why.push(syntax.delimiter);
        if !text.is_empty() {
            write_text(&mut why, text, syntax);
        }
    }
    out.extend(in_encoding(plan, why));
    out.push(b'\n');
}

/// The columns of the original file: without those that an earlier rejects file added at the end.
pub(super) fn kept_columns(plan: &ImportPlan) -> &[CsvColumn] {
    let added = |column: &&CsvColumn| {
        column.role == ColumnRole::Ignored && is_reject_column(&column.header)
    };
    let count = plan.columns.iter().rev().take_while(added).count();
    let kept = plan.columns.len() - count;
    plan.columns.get(..kept).unwrap_or_default()
}

impl CsvDialect {
    /// What separates and encloses the cells.
    pub(super) fn syntax(self) -> CellSyntax {
        CellSyntax {
            delimiter: u8::try_from(self.delimiter).unwrap_or(b','),
            quotes: self.quotes,
        }
    }
}
