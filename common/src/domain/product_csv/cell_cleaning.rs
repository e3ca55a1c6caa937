//! What programs on the way have made of cells, undone: invisible characters in keys, words for
//! nothing, HTML in names, marks around numbers. Altered text is a warning.

use std::borrow::Cow;

use super::{
    DecimalMark, ProductField, header::fold, html_entities::decoded_entities, row_fields::RowFields,
};

/// What programs write where there is no value.
const EMPTY_VALUE_WORDS: [&str; 9] = [
    "nan", "NaN", "NAN", "n/a", "N/A", "#N/A", "NULL", "null", "None",
];

/// Stock in words that say no number, folded.
const UNCOUNTED_STOCK_WORDS: [&str; 4] = ["instock", "unlimited", "available", "∞"];

/// Makes a number plain, where it is one in the style of its column.
pub(super) fn read_number(
    row_fields: &mut RowFields<'_>,
    field: ProductField,
    style: Option<DecimalMark>,
) {
    if row_fields.is_blank(field) {
        return;
    }
    let mark = style.unwrap_or(DecimalMark::Point);
    let text = row_fields.text(field);
    match mark.plain_number(text) {
        Some(Cow::Owned(plain)) => row_fields.set(field, plain),
        None if mark == DecimalMark::Comma => row_fields.refuse(field),
        Some(Cow::Borrowed(_)) | None => {}
    }
}

/// Cleans a row's texts, before a preset looks at them.
pub(super) fn clean(row_fields: &mut RowFields<'_>) {
    for field in ProductField::ALL {
        if row_fields.is_blank(field) {
            continue;
        }
        match field {
            ProductField::Description => continue,
            ProductField::Sku => clean_key(row_fields),
            ProductField::Name | ProductField::Category => decode(row_fields, field),
            ProductField::Price | ProductField::Quantity | ProductField::LowStockThreshold => {}
        }
        if field != ProductField::Name {
            empty_placeholder(row_fields, field);
        }
        if row_fields.text(field).trim().contains(['\n', '\r']) {
            let message = format!("the {} has a line break in it", field.as_str());
            row_fields.warn(field, "LINE_BREAK", message);
        }
    }
}

fn clean_key(row_fields: &mut RowFields<'_>) {
    let field = ProductField::Sku;
    let text = row_fields.text(field);
    if text.is_ascii() || !text.contains(is_invisible) {
        return;
    }
    let kept: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    let message = format!(
        "invisible characters are left out of the sku {:?}",
        kept.trim()
    );
    row_fields.set(field, kept);
    row_fields.warn(field, "INVISIBLE_CHARACTERS", message);
}

fn decode(row_fields: &mut RowFields<'_>, field: ProductField) {
    if let Some(decoded) = decoded_entities(row_fields.text(field)) {
        let message = format!("HTML in the {} is decoded to {decoded:?}", field.as_str());
        row_fields.set(field, decoded);
        row_fields.warn(field, "ENTITIES_DECODED", message);
    }
}

fn empty_placeholder(row_fields: &mut RowFields<'_>, field: ProductField) {
    let text = row_fields.text(field).trim();
    // The usual case, without a copy.
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return;
    }
    if field == ProductField::Quantity && matches!(fold(text).as_str(), "outofstock" | "soldout") {
        row_fields.set(field, "0");
        return;
    }
    let uncounted =
        field == ProductField::Quantity && UNCOUNTED_STOCK_WORDS.contains(&fold(text).as_str());
    if uncounted || EMPTY_VALUE_WORDS.contains(&text) {
        let message = format!("{text:?} is read as a blank cell");
        row_fields.set(field, "");
        row_fields.warn(field, "READ_AS_BLANK", message);
    }
}

/// Characters that leave no trace on a screen.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}'
    )
}

/// Whether a spreadsheet wrote `#` for want of space.
pub(super) fn is_hash_filled(text: &str) -> bool {
    text.len() > 2 && text.bytes().all(|byte| byte == b'#')
}

/// Whether a spreadsheet wrote a number with an exponent: digits, an optional fraction, `E+` and
/// digits.
pub(super) fn is_exponent_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    digits(whole) && digits(fraction) && exponent.strip_prefix('+').is_some_and(digits)
}
