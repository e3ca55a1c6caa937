//! One record's cells, split without copying what need not be copied.
//!
//! Quoting as everybody writes it: a cell whose first character after padding is `"` is quoted,
//! `""` inside is one quote, text after the closing quote is kept. Unquoted cells are trimmed,
//! quoted ones keep their blanks.

use memchr::{memchr, memchr_iter};

/// Where a cell's text lies.
#[derive(Debug, Clone, Copy)]
struct CellBounds {
    start: usize,
    end: usize,
    quoted: bool,
}

/// The cells of one record.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowCells<'a> {
    text: &'a str,
    bounds: &'a [CellBounds],
}

impl<'a> RowCells<'a> {
    pub(super) const fn len(&self) -> usize {
        self.bounds.len()
    }

    /// The cell's text; `None` after the last cell.
    pub(super) fn get(&self, index: usize) -> Option<&'a str> {
        let bound = self.bounds.get(index)?;
        let text = self.text.get(bound.start..bound.end)?;
        Some(if bound.quoted { text } else { text.trim() })
    }

    /// The cell's text, blank after the last cell.
    pub(super) fn text(&self, index: usize) -> &'a str {
        self.get(index).unwrap_or_default()
    }

    pub(super) fn iter(self) -> impl Iterator<Item = &'a str> {
        (0..self.len()).map(move |index| self.text(index))
    }

    /// The index of a cell of more than `max` bytes.
    pub(super) fn longer_than(&self, max: usize) -> Option<usize> {
        if self.text.len() <= max {
            return None;
        }
        self.bounds.iter().position(|b| b.end - b.start > max)
    }
}

/// Splits records into cells; its buffers are reused from record to record.
#[derive(Debug)]
pub(super) struct CellSplitter {
    delimiter: u8,
    bounds: Vec<CellBounds>,
    unquoted: String,
}

impl CellSplitter {
    pub(super) const fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            bounds: Vec::new(),
            unquoted: String::new(),
        }
    }

    /// The cells of a record without its line end.
    pub(super) fn split<'a>(&'a mut self, record: &'a str) -> RowCells<'a> {
        self.bounds.clear();
        let bytes = record.as_bytes();
        if memchr(b'"', bytes).is_some() {
            self.unquote(record);
            return RowCells {
                text: &self.unquoted,
                bounds: &self.bounds,
            };
        }
        let mut start = 0;
        for end in memchr_iter(self.delimiter, bytes).chain([bytes.len()]) {
            self.bounds.push(CellBounds {
                start,
                end,
                quoted: false,
            });
            start = end + 1;
        }
        RowCells {
            text: record,
            bounds: &self.bounds,
        }
    }

    fn unquote(&mut self, record: &str) {
        self.unquoted.clear();
        let mut rest = record;
        loop {
            let start = self.unquoted.len();
            let opened = opening(rest, self.delimiter);
            if let Some(opened) = opened {
                rest = self.quoted_part(opened);
            }
            let end = memchr(self.delimiter, rest.as_bytes());
            let (tail, next) = rest.split_at(end.unwrap_or(rest.len()));
            let quoted = opened.is_some();
            self.unquoted
                .push_str(if quoted { tail.trim_end() } else { tail });
            self.bounds.push(CellBounds {
                start,
                end: self.unquoted.len(),
                quoted,
            });
            match next.get(1..) {
                Some(after) => rest = after,
                None => return,
            }
        }
    }

    /// Takes the text up to the closing quote and returns what follows it.
    fn quoted_part<'a>(&mut self, mut rest: &'a str) -> &'a str {
        while let Some((text, after)) = rest.split_once('"') {
            self.unquoted.push_str(text);
            match after.strip_prefix('"') {
                Some(more) => {
                    self.unquoted.push('"');
                    rest = more;
                }
                None => return after,
            }
        }
        self.unquoted.push_str(rest);
        ""
    }
}

/// What follows the opening quote, when the cell is a quoted one.
fn opening(cell: &str, delimiter: u8) -> Option<&str> {
    let padding = |c: char| u8::try_from(c).is_ok_and(|byte| is_padding(byte, delimiter));
    cell.trim_start_matches(padding).strip_prefix('"')
}

/// Blanks that may stand between a delimiter and an opening quote.
pub(super) const fn is_padding(byte: u8, delimiter: u8) -> bool {
    byte == b' ' || byte == b'\t' && delimiter != b'\t'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(record: &str) -> Vec<String> {
        let mut splitter = CellSplitter::new(b',');
        let cells = splitter.split(record);
        cells.iter().map(str::to_owned).collect()
    }

    #[test]
    fn splits_and_trims() {
        assert_eq!(split("a, b ,,\u{a0}ü\u{a0}"), ["a", "b", "", "ü"]);
        assert_eq!(split(""), [""]);
        assert_eq!(split(","), ["", ""]);
    }

    #[test]
    fn quotes_protect_delimiters_newlines_and_blanks() {
        assert_eq!(split("\" a,b \", \"x\"\"y\" ,z"), [" a,b ", "x\"y", "z"]);
        assert_eq!(
            split("\"a\nb\"c d,5\" pipe,\"\""),
            ["a\nbc d", "5\" pipe", ""]
        );
        assert_eq!(split("a,\"open, to the end"), ["a", "open, to the end"]);
    }
}
