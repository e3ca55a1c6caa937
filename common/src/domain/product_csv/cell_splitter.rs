//! One record's cells, split without copying what need not be copied.
//!
//! A cell whose first character after padding is `"` is quoted, `""` inside is one quote. Unquoted
//! cells are trimmed, quoted ones keep their blanks. Quotes that do not enclose the cell are text:
//! such a record is rejected, and this is how its copy shows them.

use memchr::{memchr, memchr_iter};

use super::cell_syntax::CellSyntax;

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
    syntax: CellSyntax,
    bounds: Vec<CellBounds>,
    unquoted: String,
}

impl CellSplitter {
    pub(super) const fn new(syntax: CellSyntax) -> Self {
        Self {
            syntax,
            bounds: Vec::new(),
            unquoted: String::new(),
        }
    }

    /// The cells of a record without its line end.
    pub(super) fn split<'a>(&'a mut self, record: &'a str) -> RowCells<'a> {
        self.bounds.clear();
        let bytes = record.as_bytes();
        if self.syntax.is_quoted() && memchr(b'"', bytes).is_some() {
            self.unquote(record);
            return RowCells {
                text: &self.unquoted,
                bounds: &self.bounds,
            };
        }
        let mut start = 0;
        for end in memchr_iter(self.syntax.delimiter, bytes).chain([bytes.len()]) {
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
            let after = self.quoted_cell(rest);
            let quoted = after.is_some();
            let (literal, next) = match after {
                Some(after) => ("", after),
                None => {
                    let end = memchr(self.syntax.delimiter, rest.as_bytes());
                    rest.split_at(end.unwrap_or(rest.len()))
                }
            };
            self.unquoted.push_str(literal);
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

    /// Takes a cell's text out of its quotes and returns what follows the cell. `None` when it is
    /// not in quotes, or in faulty ones: these are text.
    fn quoted_cell<'a>(&mut self, cell: &'a str) -> Option<&'a str> {
        let start = self.unquoted.len();
        let after = self.quoted_part(self.after_padding(cell).strip_prefix('"')?);
        let after = after.map(|after| self.after_padding(after));
        let ended = after.filter(|after| {
            let next = after.bytes().next();
            next.is_none_or(|byte| byte == self.syntax.delimiter)
        });
        if ended.is_none() {
            self.unquoted.truncate(start);
        }
        ended
    }

    fn after_padding<'a>(&self, text: &'a str) -> &'a str {
        let padding = |c: char| u8::try_from(c).is_ok_and(|byte| self.syntax.is_padding(byte));
        text.trim_start_matches(padding)
    }

    /// Takes the text up to the closing quote and returns what follows it, if there is one.
    fn quoted_part<'a>(&mut self, mut rest: &'a str) -> Option<&'a str> {
        while let Some((text, after)) = rest.split_once('"') {
            self.unquoted.push_str(text);
            match after.strip_prefix('"') {
                Some(more) => {
                    self.unquoted.push('"');
                    rest = more;
                }
                None => return Some(after),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(record: &str) -> Vec<String> {
        let mut splitter = CellSplitter::new(CellSyntax::standard(b','));
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
        assert_eq!(split("\"a\nb\"  ,5\" pipe,\"\""), ["a\nb", "5\" pipe", ""]);
    }

    /// Red when: a faulty quote takes text out of its cell, or delimiters into it.
    #[test]
    fn faulty_quotes_are_text() {
        assert_eq!(split("\"a \"b\" c\",d"), ["\"a \"b\" c\"", "d"]);
        assert_eq!(split("a,\"open, to"), ["a", "\"open", "to"]);
        assert_eq!(split("\"a\"b,\"c,d\""), ["\"a\"b", "c,d"]);
    }
}
