//! Where a record ends: strict about quotes, chunk by chunk.
//!
//! A quoted cell ends at a quote that the delimiter or the line's end follows; padding blanks may
//! come between. Any other single quote inside a quoted cell is a fault, and what the record would
//! swallow is no part of it.

use memchr::{memchr, memchr2, memchr2_iter, memchr3};

use super::cell_syntax::CellSyntax;

/// What a look at more bytes of a record gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScanStep {
    /// The index of the line end's first byte.
    End(usize),
    /// A quote that neither closes its cell nor is doubled.
    StrayQuote,
    /// The record goes on after these bytes.
    More,
}

/// The opening quote of a cell.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OpenQuote {
    /// Its index within the record.
    pub(super) at: usize,
    /// Line ends of the record before it.
    pub(super) lines: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum QuoteState {
    /// Only padding so far in this cell.
    CellStart,
    Plain,
    Quoted,
    /// After a quote inside a quoted cell: its end, or the first half of `""`.
    Quote,
    /// Only padding since the closing quote.
    Closed,
}

/// Looks for the end of one record.
#[derive(Debug)]
pub(super) struct RecordScanner {
    syntax: CellSyntax,
    state: QuoteState,
    /// Bytes of the record that were looked at.
    at: usize,
    /// Line ends inside quotes so far.
    lines: u64,
    /// Whether the last quoted byte was a CR, so that an LF belongs to it.
    after_cr: bool,
    opened: OpenQuote,
}

impl RecordScanner {
    pub(super) fn new(syntax: CellSyntax) -> Self {
        Self {
            syntax,
            state: QuoteState::CellStart,
            at: 0,
            lines: 0,
            after_cr: false,
            opened: OpenQuote::default(),
        }
    }

    /// Bytes of the record that were looked at.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// Line ends inside the record so far.
    pub(super) const fn lines(&self) -> u64 {
        self.lines
    }

    /// The last opening quote.
    pub(super) const fn opened(&self) -> OpenQuote {
        self.opened
    }

    /// Whether the bytes so far end inside a quoted cell.
    pub(super) fn is_inside_quotes(&self) -> bool {
        self.state == QuoteState::Quoted
    }

    /// Looks on; `record` are its bytes from the start, `complete` says that there are no more.
    pub(super) fn scan(&mut self, record: &[u8], complete: bool) -> ScanStep {
        if !self.syntax.is_quoted() {
            let rest = record.get(self.at..).unwrap_or_default();
            self.at += memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            return self.line_end(record, complete);
        }
        while let Some(byte) = record.get(self.at).copied() {
            let rest = record.get(self.at..).unwrap_or_default();
            match self.state {
                QuoteState::Plain => {
                    let found = memchr3(self.syntax.delimiter, b'\n', b'\r', rest);
                    self.at += found.unwrap_or(rest.len());
                    if record.get(self.at) != Some(&self.syntax.delimiter) {
                        return self.line_end(record, complete);
                    }
                    self.state = QuoteState::CellStart;
                    self.at += 1;
                }
                QuoteState::Quoted => self.quoted(rest),
                QuoteState::CellStart | QuoteState::Quote | QuoteState::Closed => {
                    if !self.turn(byte) {
                        return ScanStep::StrayQuote;
                    }
                }
            }
        }
        ScanStep::More
    }

    /// One byte at a cell's start or after a quote in it; `false` when it may not be there.
    fn turn(&mut self, byte: u8) -> bool {
        let ends_cell = byte == self.syntax.delimiter || matches!(byte, b'\n' | b'\r');
        let padding = self.syntax.is_padding(byte);
        match self.state {
            QuoteState::CellStart if padding => self.at += 1,
            QuoteState::CellStart if byte == b'"' => {
                self.opened = OpenQuote {
                    at: self.at,
                    lines: self.lines,
                };
                self.state = QuoteState::Quoted;
                self.at += 1;
            }
            QuoteState::Quote if byte == b'"' => {
                self.state = QuoteState::Quoted;
                self.at += 1;
            }
            QuoteState::Quote | QuoteState::Closed if padding => {
                self.state = QuoteState::Closed;
                self.at += 1;
            }
            QuoteState::Quote | QuoteState::Closed if !ends_cell => return false,
            _ => self.state = QuoteState::Plain,
        }
        true
    }

    /// The end, when the byte at `at` is a line end that is known in full: after a CR at the very
    /// end of the bytes an LF may follow that belongs to it.
    fn line_end(&self, record: &[u8], complete: bool) -> ScanStep {
        match record.get(self.at..) {
            None | Some([]) => ScanStep::More,
            Some(b"\r") if !complete => ScanStep::More,
            Some(_) => ScanStep::End(self.at),
        }
    }

    /// Passes over quoted text and its closing quote, counting lines.
    fn quoted(&mut self, bytes: &[u8]) {
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
        self.at += length + usize::from(quote.is_some());
    }
}
