//! Reads a planned file row by row, from its start or from where an earlier reading stopped.

use std::io::{self, Read};

use super::{
    FilePosition, FileRow, ImportPlan, cell_splitter::CellSplitter, preset::PresetState,
    record_reader::RecordReader, row_rules::RowRules, utf16_reader::RecordBytes,
};

/// Streams rows. It reads ahead in chunks, and holds at most a record and its cells in memory.
#[derive(Debug)]
pub struct RowReader<R> {
    records: RecordReader<RecordBytes<R>>,
    splitter: CellSplitter,
    rules: RowRules,
    preset_state: PresetState,
}

impl<R: Read> RowReader<R> {
    /// Reads on at `from`; `input` is already at `from.byte`.
    pub fn new(input: R, plan: &ImportPlan, from: &FilePosition) -> Self {
        let (syntax, encoding) = (plan.dialect.syntax(), plan.dialect.encoding);
        Self {
            records: RecordReader::new(RecordBytes::new(input, encoding), syntax, encoding, from),
            splitter: CellSplitter::new(syntax),
            rules: RowRules::new(plan),
            preset_state: PresetState::new(plan, from.preset_state.as_deref()),
        }
    }

    /// The next row; blank lines are none. Only the input's own errors are errors here.
    pub fn next_row(&mut self) -> io::Result<Option<FileRow>> {
        let Some(record) = self.records.next()? else {
            return Ok(None);
        };
        let bytes = self.records.bytes(&record);
        let (splitter, preset_state) = (&mut self.splitter, &mut self.preset_state);
        Ok(Some(self.rules.row(&record, bytes, splitter, preset_state)))
    }

    /// After the row returned last: a new reader from here gives the rows that are left.
    pub fn position(&self) -> FilePosition {
        let (byte, line) = self.records.offset();
        FilePosition {
            byte,
            line,
            preset_state: self.preset_state.saved(),
        }
    }
}

#[cfg(test)]
impl<R> RowReader<R> {
    /// Bytes set aside for reading ahead.
    pub(super) const fn buffered(&self) -> usize {
        self.records.capacity()
    }
}
