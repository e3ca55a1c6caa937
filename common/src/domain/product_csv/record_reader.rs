//! The stream cut into records: where each begins and ends, on which line, with bounded memory.
//!
//! A record ends at LF, CR LF or CR outside quotes. One with a fault in its quotes ends with the
//! line that has the opening quote, so that no later line is lost in it. A record longer than
//! `MAX_RECORD_BYTES` is passed over, however long it is, and reported; memory stays below twice
//! that limit. No byte is looked at more often than about twice: the lines that a faulty quote
//! would have swallowed have no open quote of their own.

use std::{
    io::{self, Read},
    ops::Range,
};

use memchr::{memchr, memchr2};

use super::{
    FilePosition,
    cell_syntax::CellSyntax,
    file_encoding::FileEncoding,
    record_scanner::{RecordScanner, ScanStep},
};

/// The longest record, in bytes.
pub(super) const MAX_RECORD_BYTES: usize = 1024 * 1024;
const READ_CHUNK_BYTES: usize = 64 * 1024;

/// Whether a record can be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordShape {
    Whole,
    /// A quote inside a quoted cell neither closes it nor is doubled.
    StrayQuote,
    /// The file ended inside a quoted cell.
    Unclosed,
    /// A quoted cell goes on for more than `MAX_RECORD_BYTES`.
    Endless,
    /// More than `MAX_RECORD_BYTES` bytes; the text is gone.
    TooLarge,
}

/// One record of the stream.
#[derive(Debug)]
pub(super) struct RawRecord {
    /// Where its bytes lie in the buffer, without the line end.
    range: Range<usize>,
    pub(super) shape: RecordShape,
    /// The line of its first byte.
    pub(super) line: u64,
    /// The line of its last byte, or of the last byte that a faulty quote would have swallowed.
    pub(super) last_line: u64,
    /// Its first byte, from the start of the file.
    pub(super) byte: u64,
    /// Whether a line end closes it, not the end of the input.
    pub(super) ended: bool,
}

/// Reads records one after the other.
#[derive(Debug)]
pub(super) struct RecordReader<R> {
    input: R,
    syntax: CellSyntax,
    encoding: FileEncoding,
    buffer: Vec<u8>,
    /// The bytes read but not yet passed.
    unread: Range<usize>,
    eof: bool,
    byte: u64,
    line: u64,
}

impl<R: Read> RecordReader<R> {
    /// `input` is at `from.byte` of the file.
    pub(super) const fn new(
        input: R,
        syntax: CellSyntax,
        encoding: FileEncoding,
        from: &FilePosition,
    ) -> Self {
        Self {
            input,
            syntax,
            encoding,
            buffer: Vec::new(),
            unread: 0..0,
            eof: false,
            byte: from.byte,
            line: from.line,
        }
    }

    pub(super) const fn syntax(&self) -> CellSyntax {
        self.syntax
    }

    /// After the last record: byte offset and line.
    pub(super) const fn offset(&self) -> (u64, u64) {
        (self.byte, self.line)
    }

    /// The record's bytes; empty when it was too large. Valid until the next record is read.
    pub(super) fn bytes(&self, record: &RawRecord) -> &[u8] {
        self.buffer.get(record.range.clone()).unwrap_or_default()
    }

    /// The next record that is not a blank line.
    pub(super) fn next(&mut self) -> io::Result<Option<RawRecord>> {
        while let Some(record) = self.next_line()? {
            let blank = record.shape == RecordShape::Whole
                && self.bytes(&record).iter().all(|byte| *byte == b' ');
            if !blank {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn next_line(&mut self) -> io::Result<Option<RawRecord>> {
        if let Some(length) = plain_line(self.pending(), self.syntax) {
            return Ok(Some(self.pass(length, 0, RecordShape::Whole, 0)));
        }
        let mut scan = RecordScanner::new(self.syntax);
        loop {
            match scan.scan(self.pending(), self.eof) {
                ScanStep::End(at) => {
                    let lines = scan.lines();
                    return Ok(Some(self.pass(at, lines, RecordShape::Whole, lines)));
                }
                ScanStep::StrayQuote => return self.cut(&scan, RecordShape::StrayQuote).map(Some),
                ScanStep::More if self.eof => return self.last(&scan),
                ScanStep::More => {}
            }
            if scan.at() > MAX_RECORD_BYTES {
                return match scan.is_inside_quotes() {
                    true => self.cut(&scan, RecordShape::Endless).map(Some),
                    false => self.skip_line(scan.at(), scan.lines()).map(Some),
                };
            }
            self.fill()?;
        }
    }

    /// The record that the input's end ends, if there is one.
    fn last(&mut self, scan: &RecordScanner) -> io::Result<Option<RawRecord>> {
        let (length, lines) = (self.unread.len(), scan.lines());
        if length == 0 {
            Ok(None)
        } else if scan.is_inside_quotes() {
            self.cut(scan, RecordShape::Unclosed).map(Some)
        } else {
            Ok(Some(self.pass(length, lines, RecordShape::Whole, lines)))
        }
    }

    /// Ends a record that has a fault in its quotes with the line of the opening quote.
    fn cut(&mut self, scan: &RecordScanner, shape: RecordShape) -> io::Result<RawRecord> {
        let opened = scan.opened();
        // The line end that the file ends with begins no line.
        let final_end =
            shape == RecordShape::Unclosed && matches!(self.pending().last(), Some(b'\n' | b'\r'));
        let swallowed = scan.lines() - u64::from(final_end);
        let mut seen = opened.at;
        loop {
            let found = line_end(self.pending(), &mut seen, self.eof);
            if let Some(at) = found {
                return Ok(self.pass(at, opened.lines, shape, swallowed));
            }
            if seen > MAX_RECORD_BYTES {
                return self.skip_line(seen, opened.lines);
            }
            self.fill()?;
        }
    }

    /// Passes over the rest of a line that makes its record too large, keeping none of it. The
    /// first `seen` bytes have the record's first `lines` line ends.
    fn skip_line(&mut self, seen: usize, lines: u64) -> io::Result<RawRecord> {
        let (line, byte) = (self.line, self.byte);
        self.advance(seen);
        let mut seen = 0;
        let at = loop {
            if let Some(at) = line_end(self.pending(), &mut seen, self.eof) {
                break at;
            }
            self.advance(std::mem::take(&mut seen));
            self.fill()?;
        };
        let rest = self.pass(at, lines, RecordShape::TooLarge, lines);
        Ok(RawRecord {
            range: 0..0,
            line,
            byte,
            ..rest
        })
    }

    fn pending(&self) -> &[u8] {
        self.buffer.get(self.unread.clone()).unwrap_or_default()
    }

    fn advance(&mut self, count: usize) {
        let passed = self.pending().get(..count).unwrap_or_default();
        self.byte += self.encoding.file_bytes(passed);
        self.unread.start += count;
    }

    /// Moves past a record of `length` bytes with `lines` line ends, which reaches or would reach
    /// `last` lines further.
    fn pass(&mut self, length: usize, lines: u64, shape: RecordShape, last: u64) -> RawRecord {
        let line_end = match self.pending().get(length..) {
            Some([b'\r', b'\n', ..]) => 2,
            Some([_, ..]) => 1,
            _ => 0,
        };
        let too_large = length > MAX_RECORD_BYTES;
        let start = self.unread.start;
        let record = RawRecord {
            range: if too_large {
                0..0
            } else {
                start..start + length
            },
            shape: if too_large {
                RecordShape::TooLarge
            } else {
                shape
            },
            line: self.line,
            last_line: self.line + last,
            byte: self.byte,
            ended: line_end > 0,
        };
        self.advance(length + line_end);
        self.line += lines + u64::from(line_end > 0);
        record
    }

    /// Reads some more after the unread bytes, which move to the front when space runs out.
    fn fill(&mut self) -> io::Result<()> {
        if self.unread.start > 0 {
            self.buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
        }
        if self.unread.end == self.buffer.len() {
            let grown = (self.buffer.len() * 2)
                .clamp(READ_CHUNK_BYTES, MAX_RECORD_BYTES + READ_CHUNK_BYTES);
            self.buffer
                .resize(grown.max(self.unread.end + READ_CHUNK_BYTES), 0);
        }
        let free = self.buffer.get_mut(self.unread.end..).unwrap_or_default();
        loop {
            match self.input.read(free) {
                Ok(0) => self.eof = true,
                Ok(read) => self.unread.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            return Ok(());
        }
    }
}

#[cfg(test)]
impl<R> RecordReader<R> {
    /// Bytes set aside for reading ahead.
    pub(super) const fn capacity(&self) -> usize {
        self.buffer.capacity()
    }
}

/// The length of the first line, when it is whole and free of quotes: the usual case.
fn plain_line(bytes: &[u8], syntax: CellSyntax) -> Option<usize> {
    let length = memchr2(b'\n', b'\r', bytes)?;
    let (line, end) = bytes.split_at(length);
    let plain = !syntax.is_quoted() || memchr(b'"', line).is_none();
    (end != b"\r" && plain).then_some(length)
}

/// The first line end after the `seen` bytes, or the end of the input. Without one `seen` says how
/// far to look no more; a CR at the very end is looked at again, because an LF may follow.
fn line_end(bytes: &[u8], seen: &mut usize, complete: bool) -> Option<usize> {
    let rest = bytes.get(*seen..).unwrap_or_default();
    *seen += memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
    let uncertain = matches!(bytes.get(*seen..), None | Some([] | b"\r"));
    (complete || !uncertain).then_some(*seen)
}
