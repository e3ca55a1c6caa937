//! The rejects file: the original columns in the original dialect, and five more that say why.
//! Corrected, it can be imported as it is.

use super::{
    ColumnRole, CsvColumn, CsvDialect, ImportPlan, RejectedRow,
    cell_syntax::CellSyntax,
    cell_text::{write_attribute_name, write_cell, write_text},
    dialect::UTF8_BOM,
    header::{REJECT_COLUMNS, is_reject_column},
};

/// The header, with its line end, and the byte order mark when the original has one.
pub fn rejects_header(plan: &ImportPlan) -> Vec<u8> {
    let syntax = plan.dialect.syntax();
    let mut out = if plan.dialect.bom {
        UTF8_BOM.to_vec()
    } else {
        Vec::new()
    };
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
    out
}

/// Appends one rejected row, with its line end.
pub fn rejects_row(plan: &ImportPlan, reject: &RejectedRow, out: &mut Vec<u8>) {
    let syntax = plan.dialect.syntax();
    out.extend_from_slice(&reject.record);
    out.push(syntax.delimiter);
    out.extend_from_slice(reject.line.to_string().as_bytes());
    for text in [&reject.column, &reject.code, &reject.message, &reject.hint] {
        out.push(syntax.delimiter);
        if !text.is_empty() {
            write_text(out, text, syntax);
        }
    }
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
