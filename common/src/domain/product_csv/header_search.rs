//! Which line is the header: the first one, unless a later one plainly is.
//!
//! Reports have titles, comments and blank lines above it, and some spreadsheets a `sep=;` line.

use super::{
    FilePosition, ImportOptions, ImportPreset, ProductField,
    cell_splitter::CellSplitter,
    cell_syntax::CellSyntax,
    cell_text::marked_name,
    file_encoding::FileEncoding,
    header::{self, HeaderCell, fold},
    plan_error::PlanError,
    record_reader::{RawRecord, RecordReader, RecordShape},
    tab_quotes::quotes_between_tabs,
};

/// The most columns a file may have.
pub(super) const MAX_COLUMNS: usize = 256;
/// How many lines are looked at for a header.
const MAX_LINES_ABOVE: usize = 20;

/// The header as it was found.
#[derive(Debug)]
pub(super) struct FoundHeader {
    pub(super) syntax: CellSyntax,
    /// Not many more than a file may have, however many it has.
    pub(super) cells: Vec<HeaderCell>,
    /// How many columns it has.
    pub(super) columns: usize,
    /// How many of the names are known.
    pub(super) recognised: usize,
    /// Whether lines above it are no part of the table.
    pub(super) has_titles: bool,
    /// The header's first byte.
    pub(super) start: FilePosition,
    /// After the header.
    pub(super) end: FilePosition,
}

impl FoundHeader {
    /// How much sense it makes: names we know count most, then the number of columns.
    pub(super) fn score(&self) -> usize {
        self.recognised * 2 * MAX_COLUMNS + self.cells.len().min(MAX_COLUMNS)
    }

    /// Whether this line is so much more of a header than the first one that the lines between
    /// them are titles.
    fn is_plainly_better_than(&self, first: &Self) -> bool {
        let filled = |header: &Self| header.cells.iter().filter(|c| !c.name.is_empty()).count();
        self.recognised >= 2 && first.recognised <= 1 && filled(self) > filled(first)
    }
}

/// Names that count as known.
#[derive(Debug)]
pub(super) struct KnownNames(Vec<String>);

impl KnownNames {
    /// Those of all presets, and those the person maps.
    pub(super) fn new(options: &ImportOptions) -> Self {
        let mapped = options.map.iter().map(|(name, _)| fold(name));
        let presets = ImportPreset::ALL.into_iter().flat_map(|preset| {
            let fields = ProductField::ALL.into_iter();
            fields.flat_map(move |field| header::names(preset, field))
        });
        Self(mapped.chain(presets.map(|name| fold(name))).collect())
    }

    fn count(&self, cells: &[HeaderCell]) -> usize {
        let known = cells.iter().filter(|cell| self.0.contains(&cell.folded));
        known.count()
    }
}

/// The bytes of a file in which the header is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileHead<'a> {
    /// From `start` on.
    pub(super) bytes: &'a [u8],
    /// Whether there are no more.
    pub(super) complete: bool,
    pub(super) encoding: FileEncoding,
    pub(super) start: &'a FilePosition,
}

/// The header, if cells are separated by this delimiter.
pub(super) fn find_header(
    head: FileHead<'_>,
    delimiter: char,
    known: &KnownNames,
) -> Result<FoundHeader, PlanError> {
    let mut syntax = CellSyntax::standard(u8::try_from(delimiter).unwrap_or(b','));
    if delimiter == '\t' {
        syntax.quotes = quotes_between_tabs(head.bytes);
    }
    let mut records = RecordReader::new(head.bytes, syntax, head.encoding, head.start);
    let empty = || PlanError::invalid("file", "not_empty", "is empty; it needs a header line");
    let first = next_header(&mut records, head, known)?.ok_or_else(empty)?;
    for _ in 0..MAX_LINES_ABOVE {
        // What cannot be read here is no header; it is judged as a row.
        let Ok(Some(later)) = next_header(&mut records, head, known) else {
            break;
        };
        if later.is_plainly_better_than(&first) {
            return Ok(FoundHeader {
                has_titles: true,
                ..later
            });
        }
    }
    Ok(first)
}

fn next_header(
    records: &mut RecordReader<&[u8]>,
    head: FileHead<'_>,
    known: &KnownNames,
) -> Result<Option<FoundHeader>, PlanError> {
    // Reading from memory cannot fail.
    let Some(record) = records.next().ok().flatten() else {
        return Ok(None);
    };
    check_shape(&record, head.complete)?;
    let syntax = records.syntax();
    let (cells, columns) = header_cells(records.bytes(&record), syntax, head.encoding)?;
    let (byte, line) = records.offset();
    Ok(Some(FoundHeader {
        syntax,
        recognised: known.count(&cells),
        has_titles: false,
        cells,
        columns,
        start: position(record.byte, record.line),
        end: position(byte, line),
    }))
}

const fn position(byte: u64, line: u64) -> FilePosition {
    FilePosition {
        byte,
        line,
        preset_state: None,
    }
}

fn check_shape(record: &RawRecord, complete: bool) -> Result<(), PlanError> {
    let (constraint, rest) = match record.shape {
        RecordShape::StrayQuote => (
            "format",
            "has a header with a quote that is neither doubled nor closes its cell",
        ),
        RecordShape::Unclosed if complete => (
            "format",
            "has a header with an opening quote that is never closed",
        ),
        RecordShape::Whole if record.ended || complete => return Ok(()),
        _ => (
            "max_bytes",
            "has a header line of more than 1 MiB; is a quote left open, or is it no CSV?",
        ),
    };
    Err(PlanError::invalid("file", constraint, rest))
}

/// The cells up to one beyond what a file may have, and how many there are.
fn header_cells(
    line: &[u8],
    syntax: CellSyntax,
    encoding: FileEncoding,
) -> Result<(Vec<HeaderCell>, usize), PlanError> {
    let text = encoding.decode(line).map_err(|at| {
        let (name, byte) = (encoding.as_str(), at + 1);
        let rest = format!(
            "is not {name} (the header's byte {byte} is not); give its encoding, or save it again \
             as CSV UTF-8"
        );
        PlanError::encoding(&rest)
    })?;
    let mut splitter = CellSplitter::new(syntax);
    let cells = splitter.split(&text);
    let first = cells.iter().take(MAX_COLUMNS + 1);
    Ok((first.map(header_cell).collect(), cells.len()))
}

fn header_cell(text: &str) -> HeaderCell {
    let marked = marked_name(text);
    let name = marked.unwrap_or_else(|| header::trimmed(text));
    HeaderCell {
        name: name.to_owned(),
        folded: fold(name),
        marked: marked.is_some(),
    }
}

/// The delimiter that a first line of `sep=;` names, and the bytes of that line.
pub(super) fn sep_line(bytes: &[u8]) -> Option<(char, usize)> {
    let end = memchr::memchr2(b'\n', b'\r', bytes)?;
    let (line, rest) = bytes.split_at(end);
    let text = line.trim_ascii_start();
    let text = text.strip_prefix(b"\"").unwrap_or(text);
    let (name, value) = text.split_at_checked(4)?;
    let delimiter = char::from(*value.first()?);
    let nothing = |b: &u8| *b == b' ' || *b == b'"' || char::from(*b) == delimiter;
    let plain = name.eq_ignore_ascii_case(b"sep=") && value.iter().all(nothing);
    let line_end = if rest.starts_with(b"\r\n") { 2 } else { 1 };
    plain.then_some((delimiter, end + line_end))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red when: every cell of a line is copied before its number is looked at.
    #[test]
    fn a_wide_header_is_counted_and_not_copied() {
        let wide = "n,".repeat(500_000);
        let start = position(0, 1);
        let head = FileHead {
            bytes: wide.as_bytes(),
            complete: true,
            encoding: FileEncoding::UTF_8,
            start: &start,
        };
        let known = KnownNames::new(&ImportOptions::default());
        let found = find_header(head, ',', &known).unwrap();
        assert_eq!(found.columns, 500_001);
        assert_eq!(found.cells.len(), MAX_COLUMNS + 1);
    }

    /// Red when: a separator line is read as a header, or a header as one.
    #[test]
    fn separator_lines_are_no_headers() {
        for (file, found) in [
            ("sep=;\r\nname;price", Some((';', 7))),
            ("\"sep=,\"\nname", Some((',', 8))),
            ("SEP=\t\nname", Some(('\t', 6))),
            ("sep=;;;\nname;price;sku", Some((';', 8))),
            ("sep=,name\n", None),
            ("separator\nx", None),
            ("sep=", None),
            ("", None),
        ] {
            assert_eq!(sep_line(file.as_bytes()), found, "{file:?}");
        }
    }
}
