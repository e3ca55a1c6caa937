//! Reads a planned file row by row, from its start or from where an earlier reading stopped.

use std::io::{self, Read};

use super::{
    Plan, Position, Row, cells::Splitter, preset::Reading, records::Records, rules::Rules,
};

/// Streams rows. It reads ahead in chunks, and holds at most a record and its cells in memory.
#[derive(Debug)]
pub struct RowReader<R> {
    records: Records<R>,
    splitter: Splitter,
    rules: Rules,
    reading: Reading,
}

impl<R: Read> RowReader<R> {
    /// Reads on at `from`; `input` already stands at `from.byte`.
    pub fn new(input: R, plan: &Plan, from: &Position) -> Self {
        let delimiter = plan.dialect.separator();
        Self {
            records: Records::new(input, delimiter, from),
            splitter: Splitter::new(delimiter),
            rules: Rules::new(plan),
            reading: Reading::new(plan, from.carry.as_deref()),
        }
    }

    /// The next row; blank lines are none. Only the input's own errors are errors here.
    pub fn next_row(&mut self) -> io::Result<Option<Row>> {
        let Some(record) = self.records.next()? else {
            return Ok(None);
        };
        let bytes = self.records.bytes(&record);
        let (splitter, reading) = (&mut self.splitter, &mut self.reading);
        Ok(Some(self.rules.row(&record, bytes, splitter, reading)))
    }

    /// Behind the row returned last: a new reader from here gives the rows that are left.
    pub fn position(&self) -> Position {
        let (byte, line) = self.records.offset();
        Position {
            byte,
            line,
            carry: self.reading.carry(),
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
