//! A row as it goes into the rejects file: as CSV in the file's dialect, with exactly as many cells
//! as the original header has.

use super::{
    FileEncoding, ImportPlan,
    cell_splitter::{CellSplitter, RowCells},
    cell_syntax::CellSyntax,
    cell_text::write_cell,
    rejects_file::kept_columns,
};

/// Writes copies of rows.
#[derive(Debug)]
pub(super) struct RejectEncoder {
    syntax: CellSyntax,
    encoding: FileEncoding,
    columns: usize,
    /// Columns of the original file, without those a rejects file adds.
    kept: usize,
}

impl RejectEncoder {
    pub(super) fn new(plan: &ImportPlan) -> Self {
        Self {
            syntax: plan.dialect.syntax(),
            encoding: plan.dialect.encoding,
            columns: plan.columns.len(),
            kept: kept_columns(plan).len(),
        }
    }

    /// The record as the file has it, when its cells match the header; else written anew.
    pub(super) fn reject_record(&self, bytes: &[u8], cells: &RowCells<'_>) -> Vec<u8> {
        if cells.len() == self.kept && self.kept == self.columns {
            bytes.to_vec()
        } else {
            self.encoded(cells)
        }
    }

    /// The same for bytes that are no text: what is not ASCII travels through the splitter as
    /// private characters, so that every byte comes out as it went in.
    pub(super) fn encoded_bytes(&self, bytes: &[u8], splitter: &mut CellSplitter) -> Vec<u8> {
        const FIRST: u32 = 0xE000;
        let hidden = |byte: &u8| match byte.is_ascii() {
            true => Some(char::from(*byte)),
            false => char::from_u32(FIRST + u32::from(*byte)),
        };
        let text: String = bytes.iter().filter_map(hidden).collect();
        let encoded = self.rewritten(&splitter.split(&text));
        let shown = String::from_utf8_lossy(&encoded);
        let byte = |c: char| {
            let code = u32::from(c);
            u8::try_from(code.checked_sub(FIRST).unwrap_or(code)).ok()
        };
        shown.chars().filter_map(byte).collect()
    }

    /// The cells written anew in the file's encoding, exactly as many as the original header has.
    /// What a row has too much is kept inside its last cell.
    pub(super) fn encoded(&self, cells: &RowCells<'_>) -> Vec<u8> {
        let record = self.rewritten(cells);
        match String::from_utf8(record) {
            Ok(text) => self.encoding.encode(&text),
            Err(error) => error.into_bytes(),
        }
    }

    fn rewritten(&self, cells: &RowCells<'_>) -> Vec<u8> {
        let mut record = Vec::new();
        let last = self.kept.saturating_sub(1);
        for index in 0..self.kept {
            if index > 0 {
                record.push(self.syntax.delimiter);
            }
            let cell = cells.text(index);
            if index == last && cells.len() > self.columns {
                write_cell(&mut record, &self.with_surplus(cells, cell), self.syntax);
            } else {
                write_cell(&mut record, cell, self.syntax);
            }
        }
        record
    }

    /// The last cell and what follows beyond the header's width, blank ends left out.
    fn with_surplus(&self, cells: &RowCells<'_>, last: &str) -> String {
        let delimiter = char::from(self.syntax.delimiter);
        let mut joined = last.to_owned();
        for index in self.columns..cells.len() {
            joined.push(delimiter);
            joined.push_str(cells.text(index));
        }
        joined.trim_end_matches(delimiter).to_owned()
    }
}
