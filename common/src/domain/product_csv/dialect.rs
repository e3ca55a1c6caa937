//! How a file's bytes become cells: byte order mark, encoding, delimiter, and the header itself.

use super::{
    CsvDialect, FilePosition, ImportOptions, ImportPreset, ProductField,
    cell_splitter::CellSplitter,
    cell_syntax::CellSyntax,
    cell_text::marked_name,
    header::{self, HeaderCell, fold},
    plan_error::PlanError,
    record_reader::{RecordReader, RecordShape},
    tab_quotes::quotes_between_tabs,
};

/// The most columns a file may have.
const MAX_COLUMNS: usize = 256;
/// In order of preference when a header makes equal sense with several.
const KNOWN_DELIMITERS: [char; 4] = [',', ';', '\t', '|'];
/// The UTF-8 byte order mark.
pub(super) const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

/// The header as it was found.
pub(super) struct FileHeader {
    pub(super) dialect: CsvDialect,
    pub(super) cells: Vec<HeaderCell>,
    /// After the header.
    pub(super) end: FilePosition,
}

/// Finds the header in the first bytes of a file. `complete`: there are no more bytes.
pub(super) fn header(
    head: &[u8],
    complete: bool,
    options: &ImportOptions,
) -> Result<FileHeader, PlanError> {
    refuse_other_formats(head)?;
    let candidates: Vec<char> = match options.delimiter {
        Some(delimiter) if KNOWN_DELIMITERS.contains(&delimiter) => vec![delimiter],
        Some(_) => {
            let rest = "must be one of , ; | tab";
            return Err(PlanError::invalid("delimiter", "enum", rest));
        }
        None => KNOWN_DELIMITERS.to_vec(),
    };
    // The first of the best wins.
    let mut best: Option<(usize, FileHeader)> = None;
    let mut failure = None;
    for delimiter in candidates {
        match header_with(head, complete, delimiter) {
            Ok(header) => {
                let score = score(&header.cells, options);
                if best.as_ref().is_none_or(|(other, _)| score > *other) {
                    best = Some((score, header));
                }
            }
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    match (best, failure) {
        // One column is none to import: better tell what kept the others apart.
        (Some((_, header)), Some(error)) if header.cells.len() == 1 => Err(error),
        (Some((_, header)), _) => {
            check_width(header.cells.len())?;
            Ok(header)
        }
        (None, Some(error)) => Err(error),
        (None, None) => Err(PlanError::invalid("file", "not_empty", "is empty")),
    }
}

fn check_width(columns: usize) -> Result<(), PlanError> {
    if columns <= MAX_COLUMNS {
        return Ok(());
    }
    let rest = format!("has {columns} columns; at most {MAX_COLUMNS} are possible");
    Err(PlanError::invalid("file", "max_columns", &rest))
}

/// How much sense a header makes: names we know count most, then the number of columns.
fn score(cells: &[HeaderCell], options: &ImportOptions) -> usize {
    let mapped = options.map.iter().map(|(name, _)| fold(name));
    let known: Vec<String> = mapped.chain(known_names()).collect();
    let recognised = cells.iter().filter(|cell| known.contains(&cell.folded));
    recognised.count() * 2 * MAX_COLUMNS + cells.len().min(MAX_COLUMNS)
}

fn known_names() -> impl Iterator<Item = String> {
    let names = ImportPreset::ALL.into_iter().flat_map(|preset| {
        let fields = ProductField::ALL.into_iter();
        fields.flat_map(move |field| header::names(preset, field))
    });
    names.map(|name| fold(name))
}

fn header_with(head: &[u8], complete: bool, delimiter: char) -> Result<FileHeader, PlanError> {
    let bom = head.starts_with(UTF8_BOM);
    let start = if bom { UTF8_BOM.len() } else { 0 };
    let from = FilePosition {
        byte: start as u64,
        line: 1,
        preset_state: None,
    };
    let mut syntax = CellSyntax::standard(u8::try_from(delimiter).unwrap_or(b','));
    let bytes = head.get(start..).unwrap_or_default();
    if delimiter == '\t' {
        syntax.quotes = quotes_between_tabs(bytes);
    }
    let mut records = RecordReader::new(bytes, syntax, &from);
    let empty = || PlanError::invalid("file", "not_empty", "is empty; it needs a header line");
    // Reading from memory cannot fail.
    let record = records.next().ok().flatten().ok_or_else(empty)?;
    let faulty = match record.shape {
        RecordShape::StrayQuote => {
            Some("has a header with a quote that is neither doubled nor closes its cell")
        }
        RecordShape::Unclosed if complete => {
            Some("has a header with an opening quote that is never closed")
        }
        _ => None,
    };
    if let Some(rest) = faulty {
        return Err(PlanError::invalid("file", "format", rest));
    }
    if record.shape != RecordShape::Whole || !(record.ended || complete) {
        let rest = "has a header line of more than 1 MiB; is a quote left open, or is it no CSV?";
        return Err(PlanError::invalid("file", "max_bytes", rest));
    }
    let cells = header_cells(records.bytes(&record), syntax)?;
    let (byte, line) = records.offset();
    Ok(FileHeader {
        dialect: CsvDialect {
            bom,
            delimiter,
            quotes: syntax.quotes,
        },
        cells,
        end: FilePosition {
            byte,
            line,
            preset_state: None,
        },
    })
}

fn header_cells(line: &[u8], syntax: CellSyntax) -> Result<Vec<HeaderCell>, PlanError> {
    let text = std::str::from_utf8(line).map_err(|error| {
        let rest = format!(
            "is not UTF-8 (the header's byte {} is not); save it again as CSV UTF-8",
            error.valid_up_to() + 1
        );
        PlanError::encoding(&rest)
    })?;
    if text.contains('\0') {
        let rest = "has NUL bytes in its header, as UTF-16 has; save it again as CSV UTF-8";
        return Err(PlanError::encoding(rest));
    }
    let mut splitter = CellSplitter::new(syntax);
    let cells = splitter.split(text);
    Ok(cells.iter().map(header_cell).collect())
}

fn header_cell(text: &str) -> HeaderCell {
    let marked = marked_name(text);
    let name = marked.unwrap_or_else(|| text.trim());
    HeaderCell {
        name: name.to_owned(),
        folded: fold(name),
        marked: marked.is_some(),
    }
}

/// Files that are no UTF-8 text at all are distinguished, so that the answer can say what to do.
fn refuse_other_formats(head: &[u8]) -> Result<(), PlanError> {
    let rest = match head {
        [] => return Err(PlanError::invalid("file", "not_empty", "is empty")),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "is UTF-16; save it again as CSV UTF-8",
        [b'P', b'K', 3, 4, ..] => {
            "is a workbook or a ZIP archive, not CSV; open it in a spreadsheet and save it as CSV UTF-8"
        }
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => "is compressed; unpack it first",
        _ => return Ok(()),
    };
    Err(PlanError::encoding(rest))
}
