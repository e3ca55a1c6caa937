//! One cell as text: quoting, and the mark that keeps spreadsheets from running formulas.
//!
//! The rule of the mark, exact in both directions: look at the text after any leading `'`. When
//! that rest is blank or starts with `=`, `+`, `-`, `@`, tab, CR or LF, the text is written with
//! one more `'` in front, and such a cell is read with one `'` less. Any other text is left alone,
//! so `'n' roll` stays what it is. Column names follow the same rule; there, names that would be
//! read as something else than an attribute, or lose their padding, are marked too.

use std::borrow::Cow;

use super::{cell_syntax::CellSyntax, header};

/// Whether a spreadsheet could take the text for a formula, or an import for an absent value.
fn needs_mark(text: &str) -> bool {
    let rest = text.trim_start_matches('\'');
    rest.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) || rest.trim().is_empty()
}

/// Whether an attribute name would not come back as it is.
fn name_needs_mark(name: &str) -> bool {
    let rest = name.trim_start_matches('\'');
    needs_mark(name) || header::trimmed(rest) != rest || header::is_reserved(rest)
}

/// A present text value, marked where needed: what a cell of a spreadsheet may hold.
pub fn text_cell(text: &str) -> Cow<'_, str> {
    marked(text, needs_mark(text))
}

/// An attribute's name as a column header.
pub(super) fn attribute_name_cell(name: &str) -> Cow<'_, str> {
    marked(name, name_needs_mark(name))
}

fn marked(text: &str, is_marked: bool) -> Cow<'_, str> {
    match is_marked {
        true => format!("'{text}").into(),
        false => text.into(),
    }
}

/// Writes a present text value, marked where needed.
pub(super) fn write_text(out: &mut Vec<u8>, text: &str, syntax: CellSyntax) {
    write_cell(out, &text_cell(text), syntax);
}

/// Writes an attribute's name as a column header.
pub(super) fn write_attribute_name(out: &mut Vec<u8>, name: &str, syntax: CellSyntax) {
    write_cell(out, &attribute_name_cell(name), syntax);
}

/// Writes a cell as it is, in double quotes where its text could not be read back without. Where
/// quotes are text, a blank replaces what would separate cells.
pub(super) fn write_cell(out: &mut Vec<u8>, text: &str, syntax: CellSyntax) {
    if !syntax.is_quoted() {
        let separates = |b: u8| b == syntax.delimiter || matches!(b, b'\r' | b'\n');
        out.extend(text.bytes().map(|b| if separates(b) { b' ' } else { b }));
        return;
    }
    let special = |b: u8| b == syntax.delimiter || matches!(b, b'"' | b'\r' | b'\n');
    if !text.bytes().any(special) && text.trim().len() == text.len() {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for (n, part) in text.split('"').enumerate() {
        if n > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(part.as_bytes());
    }
    out.push(b'"');
}

/// A text cell without its mark, or without the formula `="…"` that spreadsheets read as text.
pub(super) fn unmarked(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if needs_mark(rest) => rest,
        _ => formula_text(text).unwrap_or(text),
    }
}

/// The text of a cell written as `="00123"`, which keeps a spreadsheet from reading a number.
fn formula_text(cell: &str) -> Option<&str> {
    let inner = cell.trim().strip_prefix("=\"")?.strip_suffix('"')?;
    (!inner.contains('"')).then_some(inner)
}

/// The attribute that a marked header cell names, or `None` when the cell has no mark.
pub(super) fn marked_name(cell: &str) -> Option<&str> {
    cell.strip_prefix('\'').filter(|rest| name_needs_mark(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        write_text(&mut out, text, CellSyntax::standard(b';'));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn formulas_are_marked_and_the_rest_is_left_alone() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("-5", "'-5"),
            ("'=1", "''=1"),
            ("@a", "'@a"),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            ("", "'"),
            ("'", "''"),
            ("'n' roll", "'n' roll"),
            ("a=b", "a=b"),
            (" =1", "\" =1\""),
            ("5\" pipe; long", "\"5\"\" pipe; long\""),
        ] {
            assert_eq!(written(text), cell);
        }
        assert_eq!(unmarked("'12"), "'12");
        assert_eq!(unmarked("'-12"), "-12");
        assert_eq!(unmarked("=\"0012\""), "0012");
        assert_eq!(unmarked("=\"a\"&\"b\""), "=\"a\"&\"b\"");
    }

    #[test]
    fn names_that_would_be_columns_of_ours_are_marked() {
        for (name, marked) in [
            ("Name", true),
            ("low-stock threshold", true),
            ("_line", true),
            (" padded", true),
            ("", true),
            ("=x", true),
            ("Colour", false),
            ("'Colour", false),
        ] {
            let mut out = Vec::new();
            write_attribute_name(&mut out, name, CellSyntax::standard(b','));
            let cell = String::from_utf8(out).unwrap();
            let cell = cell.trim_matches('"');
            assert_eq!(marked_name(cell), marked.then_some(name), "{name:?}");
        }
    }
}
