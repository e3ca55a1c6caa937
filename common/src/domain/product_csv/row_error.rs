//! Why a row is rejected, in words that help the owner of the file to correct it.

use super::{
    FileEncoding,
    record_reader::{MAX_RECORD_BYTES, RawRecord, RecordShape},
};
use crate::domain::product::FieldError;

/// The longest cell, in bytes.
pub(super) const MAX_CELL_BYTES: usize = 64 * 1024;

/// Why a row is rejected.
#[derive(Debug, Default)]
pub(super) struct RowError {
    /// The file's name of the column, empty for the row as a whole.
    pub(super) column: String,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) hint: String,
}

impl RowError {
    /// Broken field rules: the first one leads, the others follow in the message.
    pub(super) fn of_fields(column: &str, errors: &[FieldError]) -> Self {
        let messages: Vec<String> = errors.iter().map(described).collect();
        let first = errors.first();
        Self {
            column: column.to_owned(),
            code: first.map_or_else(String::new, |error| error.constraint.to_uppercase()),
            message: messages.join("; "),
            hint: first.map_or_else(String::new, hint),
        }
    }

    fn of_row(code: &str, message: String, hint: &str) -> Self {
        Self {
            column: String::new(),
            code: code.to_owned(),
            message,
            hint: hint.to_owned(),
        }
    }

    pub(super) fn record_too_large() -> Self {
        let message =
            format!("the row is longer than {MAX_RECORD_BYTES} bytes; its text was not kept");
        let hint = "look for a quote that is opened on this line and closed much later";
        Self::of_row("RECORD_TOO_LARGE", message, hint)
    }

    pub(super) fn field_too_large(column: &str) -> Self {
        let message = format!("the cell is longer than {MAX_CELL_BYTES} bytes");
        let hint = "look for a quote that is opened in this row and closed much later";
        Self {
            column: column.to_owned(),
            ..Self::of_row("FIELD_TOO_LARGE", message, hint)
        }
    }

    pub(super) fn encoding(encoding: FileEncoding, at: u64) -> Self {
        let name = encoding.as_str();
        let message = format!("the row is not {name}: byte {at} of the file (from 0) is invalid");
        let hint = "save the file as CSV UTF-8, or give its encoding";
        Self::of_row("INVALID_ENCODING", message, hint)
    }

    /// The fault in a record's quotes, if there is one, with the lines it would have swallowed.
    pub(super) fn of_quotes(record: &RawRecord) -> Option<Self> {
        let lines = lines(record.line, record.last_line);
        Some(match record.shape {
            RecordShape::Whole | RecordShape::TooLarge => return None,
            RecordShape::StrayQuote => Self::of_row(
                "STRAY_QUOTE",
                format!("a quote inside a quoted cell is not doubled ({lines})"),
                "write \"\" for a quote that is part of the text, and close every quoted cell with one",
            ),
            RecordShape::Unclosed => Self::unclosed(format!(
                "a quote is opened and never closed ({lines}, to the end of the file)"
            )),
            RecordShape::Endless => Self::unclosed(format!(
                "a quote is opened and not closed within {MAX_RECORD_BYTES} bytes ({lines} and more)"
            )),
        })
    }

    fn unclosed(message: String) -> Self {
        let hint = "close the quote, or double it where it is part of the text; reading went on \
                    with the next line";
        Self::of_row("UNCLOSED_QUOTE", message, hint)
    }

    pub(super) fn too_many_cells(cells: usize, columns: usize) -> Self {
        let message = format!("the row has {cells} cells, but the header has {columns}");
        let hint = "put double quotes around a cell that contains the delimiter";
        Self::of_row("TOO_MANY_CELLS", message, hint)
    }
}

fn lines(first: u64, last: u64) -> String {
    match first == last {
        true => format!("line {first}"),
        false => format!("lines {first}-{last}"),
    }
}

/// The error's message, with the cell's text where that says what is wrong.
fn described(error: &FieldError) -> String {
    let value = error.value_text().trim();
    match error.constraint.as_str() {
        "type" | "min" | "max" if !value.is_empty() => format!("{}, not {value:?}", error.message),
        _ => error.message.clone(),
    }
}

/// The advice for this error; empty when the message says it all.
fn hint(error: &FieldError) -> String {
    let advice = match (error.field.as_str(), error.constraint.as_str()) {
        ("price", "type") => {
            "write it like 1234.50, or in the style of the other prices of its column"
        }
        ("price", "min") => "a price is at least 0.01",
        ("sku", "spreadsheet_number") => {
            "format the column as text in the spreadsheet and export the file again"
        }
        ("sku", "required") => "the mode update finds products by their sku",
        (_, "required") => "fill in the cell, or take the row out",
        (_, "type") => "write a whole number, without units",
        (_, "max_length") => "shorten the text",
        (_, "no_nul") => "the file may be UTF-16; save it as CSV UTF-8",
        _ => "",
    };
    advice.to_owned()
}
