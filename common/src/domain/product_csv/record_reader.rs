//! The stream cut into records: where each begins and ends, on which line, with bounded memory.
//!
//! A record ends at LF, CR LF or CR outside quotes. A record longer than `MAX_RECORD_BYTES` is passed
//! over, however long it is, and reported; memory stays below twice that limit.

use std::{
    io::{self, Read},
    ops::Range,
};

use memchr::{memchr, memchr2, memchr2_iter, memchr3};

use super::{FilePosition, cell_splitter::is_padding};

/// The longest record, in bytes.
pub(super) const MAX_RECORD_BYTES: usize = 1024 * 1024;
const READ_CHUNK_BYTES: usize = 64 * 1024;

/// Whether a record can be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordShape {
    Whole,
    /// The file ended inside a quoted cell.
    Unclosed,
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
    /// Its first byte, from the start of the file.
    pub(super) byte: u64,
    /// Whether a line end closes it, not the end of the input.
    pub(super) ended: bool,
}

/// Reads records one after the other.
#[derive(Debug)]
pub(super) struct RecordReader<R> {
    input: R,
    delimiter: u8,
    buffer: Vec<u8>,
    /// The bytes read but not yet passed.
    unread: Range<usize>,
    eof: bool,
    byte: u64,
    line: u64,
}

impl<R: Read> RecordReader<R> {
    /// `input` is at `from.byte` of the file.
    pub(super) fn new(input: R, delimiter: u8, from: &FilePosition) -> Self {
        Self {
            input,
            delimiter,
            buffer: Vec::new(),
            unread: 0..0,
            eof: false,
            byte: from.byte,
            line: from.line,
        }
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
        if let Some(length) = plain_line(self.pending()) {
            let end = RecordEnd {
                at: length,
                lines: 1,
                closed: true,
            };
            return Ok(Some(self.pass(&end, 0)));
        }
        let mut scan = RecordScanner::new(self.delimiter);
        // Bytes of this record that were looked at and kept, and such as were dropped.
        let (mut seen, mut dropped) = (0, 0);
        loop {
            let fresh = self.pending().get(seen..).unwrap_or_default();
            let found = scan.find_end(fresh);
            // After a CR at the very end an LF may follow that belongs to it.
            let cut = found.is_some_and(|at| fresh.get(at..) == Some(b"\r")) && !self.eof;
            match found {
                Some(at) if !cut => return Ok(Some(self.pass(&scan.end(seen + at), dropped))),
                Some(at) => seen += at,
                None => seen += fresh.len(),
            }
            if self.eof {
                let nothing = seen + dropped == 0;
                return Ok((!nothing).then(|| self.pass(&scan.end(seen), dropped)));
            }
            if seen > MAX_RECORD_BYTES {
                self.unread.start += seen;
                dropped += seen;
                seen = 0;
            }
            self.fill()?;
        }
    }

    fn pending(&self) -> &[u8] {
        self.buffer.get(self.unread.clone()).unwrap_or_default()
    }

    /// Moves past a record that ends at `end.at`; `dropped` of its bytes are gone already.
    fn pass(&mut self, end: &RecordEnd, dropped: usize) -> RawRecord {
        let line_end = match self.pending().get(end.at..) {
            Some([b'\r', b'\n', ..]) => 2,
            Some([_, ..]) => 1,
            _ => 0,
        };
        let range = self.unread.start..self.unread.start + end.at;
        let shape = if !end.closed {
            RecordShape::Unclosed
        } else if dropped + end.at > MAX_RECORD_BYTES {
            RecordShape::TooLarge
        } else {
            RecordShape::Whole
        };
        let record = RawRecord {
            range: if dropped + end.at > MAX_RECORD_BYTES {
                0..0
            } else {
                range
            },
            shape,
            line: self.line,
            byte: self.byte,
            ended: line_end > 0,
        };
        self.unread.start += end.at + line_end;
        self.byte += (dropped + end.at + line_end) as u64;
        self.line += end.lines - u64::from(line_end == 0);
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
fn plain_line(bytes: &[u8]) -> Option<usize> {
    let length = memchr2(b'\n', b'\r', bytes)?;
    let (line, end) = bytes.split_at(length);
    (end != b"\r" && memchr(b'"', line).is_none()).then_some(length)
}

/// The end of a record.
struct RecordEnd {
    /// Bytes before its line end.
    at: usize,
    /// Line ends in the record, its own included.
    lines: u64,
    /// Whether every quote was closed.
    closed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum QuoteState {
    /// Only padding so far in this cell.
    CellStart,
    Plain,
    Quoted,
    /// After a quote inside a quoted cell: its end, or the first half of `""`.
    Quote,
}

/// Looks for a record's end, chunk by chunk.
struct RecordScanner {
    delimiter: u8,
    state: QuoteState,
    /// Line ends inside quotes.
    lines: u64,
    /// Whether the last quoted byte was a CR, so that an LF belongs to it.
    after_cr: bool,
}

impl RecordScanner {
    const fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            state: QuoteState::CellStart,
            lines: 0,
            after_cr: false,
        }
    }

    fn end(&self, at: usize) -> RecordEnd {
        RecordEnd {
            at,
            lines: self.lines + 1,
            closed: self.state != QuoteState::Quoted,
        }
    }

    /// The index of the line end's first byte, `None` when the record goes on after `bytes`.
    fn find_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at).copied() {
            let rest = bytes.get(at..)?;
            match self.state {
                QuoteState::CellStart if is_padding(byte, self.delimiter) => at += 1,
                QuoteState::CellStart if byte == b'"' => {
                    self.state = QuoteState::Quoted;
                    at += 1;
                }
                QuoteState::Quote if byte == b'"' => {
                    self.state = QuoteState::Quoted;
                    at += 1;
                }
                QuoteState::CellStart | QuoteState::Quote => self.state = QuoteState::Plain,
                QuoteState::Plain => {
                    at += memchr3(self.delimiter, b'\n', b'\r', rest)?;
                    if bytes.get(at).copied() != Some(self.delimiter) {
                        return Some(at);
                    }
                    self.state = QuoteState::CellStart;
                    at += 1;
                }
                QuoteState::Quoted => at += self.quoted(rest),
            }
        }
        None
    }

    /// Passes over quoted text and its closing quote, counting lines; returns how many bytes.
    fn quoted(&mut self, bytes: &[u8]) -> usize {
        let quote = memchr(b'"', bytes);
        let length = quote.unwrap_or(bytes.len());
        let text = bytes.get(..length).unwrap_or_default();
        for at in memchr2_iter(b'\n', b'\r', text) {
            let after_cr = match at.checked_sub(1) {
                Some(before) => text.get(before) == Some(&b'\r'),
                None => self.after_cr,
            };
            let second_half = after_cr && text.get(at) == Some(&b'\n');
            self.lines += u64::from(!second_half);
        }
        self.after_cr = text.last().map_or(self.after_cr, |last| *last == b'\r');
        if quote.is_some() {
            self.state = QuoteState::Quote;
            self.after_cr = false;
        }
        length + usize::from(quote.is_some())
    }
}
