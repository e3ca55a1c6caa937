//! What to do about a broken rule, in a sentence for the person who has the file.

use crate::product::FieldError;

/// The advice for this error; empty when the message says it all.
pub(super) fn hint(error: &FieldError) -> String {
    let advice = match (error.field.as_str(), error.constraint.as_str()) {
        ("price", "type") => {
            "write it like 1234.50: a point before the cents, no thousands separator, no currency"
        }
        ("price", "min") => "a price is at least 0.01",
        ("sku", "spreadsheet_number") => {
            "format the column as text in the spreadsheet and export the file again"
        }
        ("sku", "required") => "the mode update finds products by their sku",
        (_, "required") => "fill in the cell, or take the row out",
        (_, "type") => "write a whole number, without separators and units",
        (_, "max_length") => "shorten the text",
        (_, "no_nul") => "the file may be UTF-16; save it as CSV UTF-8",
        _ => "",
    };
    advice.to_owned()
}
