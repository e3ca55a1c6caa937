//! How a file's bytes become cells: byte order mark, encoding, delimiter, and the header itself.

use std::io::Read;

use super::{
    CsvDialect, FilePosition, ImportOptions,
    encoding_guess::guess_encoding,
    header::HeaderCell,
    header_search::{FileHead, FoundHeader, KnownNames, MAX_COLUMNS, find_header, sep_line},
    plan_error::PlanError,
    utf16_reader::RecordBytes,
};

/// In order of preference when a header makes equal sense with several.
const KNOWN_DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// The header as it was found.
#[derive(Debug)]
pub(super) struct FileHeader {
    pub(super) dialect: CsvDialect,
    pub(super) cells: Vec<HeaderCell>,
    /// How many of the names are known.
    pub(super) recognised: usize,
    /// Whether lines above it are no part of the table.
    pub(super) has_titles: bool,
    /// The header's first byte.
    pub(super) start: FilePosition,
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
    let (encoding, bom) = guess_encoding(head, complete, options.encoding)?;
    let body = head.get(bom..).unwrap_or_default();
    let mut text = Vec::new();
    // Reading from memory cannot fail.
    let _ = RecordBytes::new(body, encoding).read_to_end(&mut text);
    let separator = sep_line(&text);
    let above = separator.map_or(0, |(_, length)| length);
    let begin = text.get(..above).unwrap_or_default();
    let start = FilePosition {
        byte: bom as u64 + encoding.file_bytes(begin),
        line: if above > 0 { 2 } else { 1 },
        preset_state: None,
    };
    let head = FileHead {
        bytes: text.get(above..).unwrap_or_default(),
        complete,
        encoding,
        start: &start,
    };
    let found = best_header(head, &candidates(options, separator)?, options)?;
    check_width(found.columns)?;
    Ok(FileHeader {
        dialect: CsvDialect {
            bom: bom > 0,
            encoding,
            delimiter: char::from(found.syntax.delimiter),
            quotes: found.syntax.quotes,
        },
        recognised: found.recognised,
        has_titles: found.has_titles,
        cells: found.cells,
        start: found.start,
        end: found.end,
    })
}

/// The delimiters to try: the person's own, else that of a `sep=` line, else all.
fn candidates(
    options: &ImportOptions,
    separator: Option<(char, usize)>,
) -> Result<Vec<char>, PlanError> {
    let known = |delimiter: &char| KNOWN_DELIMITERS.contains(delimiter);
    match (options.delimiter, separator) {
        (Some(delimiter), _) if known(&delimiter) => Ok(vec![delimiter]),
        (Some(_), _) => {
            let rest = "must be one of , ; | tab";
            Err(PlanError::invalid("delimiter", "enum", rest))
        }
        (None, Some((delimiter, _))) if known(&delimiter) => Ok(vec![delimiter]),
        _ => Ok(KNOWN_DELIMITERS.to_vec()),
    }
}

/// The header that makes the most sense; the first of the best wins.
fn best_header(
    head: FileHead<'_>,
    delimiters: &[char],
    options: &ImportOptions,
) -> Result<FoundHeader, PlanError> {
    let known = KnownNames::new(options);
    let mut best: Option<FoundHeader> = None;
    let mut failure = None;
    for delimiter in delimiters {
        match find_header(head, *delimiter, &known) {
            Ok(header) => {
                let score = header.score();
                if best.as_ref().is_none_or(|other| score > other.score()) {
                    best = Some(header);
                }
            }
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    match (best, failure) {
        // One column is none to import: better say what kept the others apart.
        (Some(header), Some(error)) if header.cells.len() == 1 => Err(error),
        (Some(header), _) => Ok(header),
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

/// Files that are no text at all are distinguished, so that the answer can say what to do.
fn refuse_other_formats(head: &[u8]) -> Result<(), PlanError> {
    let rest = match head {
        [] => return Err(PlanError::invalid("file", "not_empty", "is empty")),
        [b'P', b'K', 3, 4, ..] => {
            "is a workbook or a ZIP archive, not CSV; open it in a spreadsheet and save it as CSV UTF-8"
        }
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => "is compressed; unpack it first",
        _ => return Ok(()),
    };
    Err(PlanError::encoding(rest))
}
