//! What quotes mean in a file separated by tabs: reports write inch marks and ditto marks there, and
//! enclose nothing.

use memchr::memchr_iter;

use super::cell_syntax::QuoteStyle;

/// Judges the first bytes of a file: quotes are text when every line has as many cells as the first
/// one without regard to quotes, and some cell begins with a quote that does not enclose it.
pub(super) fn quotes_between_tabs(head: &[u8]) -> QuoteStyle {
    let mut lines = head
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .filter(|line| !line.trim_ascii().is_empty())
        .peekable();
    let tabs = |line: &[u8]| memchr_iter(b'\t', line).count();
    let Some(wanted) = lines.peek().map(|line| tabs(line)) else {
        return QuoteStyle::Standard;
    };
    let mut marks = false;
    while let Some(line) = lines.next() {
        // The last line may be cut off.
        if tabs(line) != wanted && lines.peek().is_some() {
            return QuoteStyle::Standard;
        }
        marks |= line.split(|byte| *byte == b'\t').any(is_mark);
    }
    match marks {
        true => QuoteStyle::Literal,
        false => QuoteStyle::Standard,
    }
}

/// Whether a cell begins with a quote that does not enclose it.
fn is_mark(cell: &[u8]) -> bool {
    let Some(text) = cell.trim_ascii().strip_prefix(b"\"") else {
        return false;
    };
    let Some(inner) = text.strip_suffix(b"\"") else {
        return true;
    };
    let mut runs = inner.split(|byte| *byte != b'"').map(<[u8]>::len);
    runs.any(|quotes| quotes % 2 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red when: a report with inch marks is read as quoted, or a quoted one as a report.
    #[test]
    fn quotes_that_enclose_nothing_are_text() {
        for (file, style) in [
            ("a\tb\n\"x\ty\n", QuoteStyle::Literal),
            ("a\tb\n\"\ty\nz\t\"\n", QuoteStyle::Literal),
            ("a\tb\n\"For 2\" bowls\ty\n\n", QuoteStyle::Literal),
            ("a\tb\nFor 2 \"small\" bowls\ty\n", QuoteStyle::Standard),
            ("\"a\"\t\"b\"\n\"x\"\"y\"\t \"z\" \n", QuoteStyle::Standard),
            ("a\tb\n\"x\ny\"\tz\n", QuoteStyle::Standard),
            ("a\tb\n\"x\ty\"\tz\n\"u\tv\n", QuoteStyle::Standard),
            ("", QuoteStyle::Standard),
        ] {
            assert_eq!(quotes_between_tabs(file.as_bytes()), style, "{file:?}");
        }
    }
}
