//! What a header cell means: folding, the names we know, and the closest one to a misspelling.

use super::{ImportPreset, ProductField, shapes};
use crate::domain::message_text::distance;

/// The columns a rejects file has after the original ones; an import leaves them out.
pub(super) const REJECT_COLUMNS: [&str; 5] = ["_line", "_column", "_code", "_message", "_hint"];

/// The column of an export with the attributes that have none of their own, as a JSON object.
pub(super) const OTHER_ATTRIBUTES: &str = "attributes";

/// One cell of the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeaderCell {
    /// The name, trimmed; of a marked attribute exactly as it was exported.
    pub(super) name: String,
    /// The name in the form that is compared.
    pub(super) folded: String,
    /// Marked by our export: an attribute, whatever its name.
    pub(super) marked: bool,
}

/// The form in which names are compared: lower case, without blanks (also no-break ones), `_` and
/// `-`, so that `Product Name`, `product_name` and `PRODUCT-NAME` are one.
pub(super) fn fold(name: &str) -> String {
    let kept = name
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '\u{feff}'));
    kept.flat_map(char::to_lowercase).collect()
}

/// A header cell's name without the blanks and marks around it.
pub(super) fn trimmed(name: &str) -> &str {
    name.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// The first column of our own export.
pub(super) const ID_COLUMN: &str = "id";

/// The columns of our own export, in their order; a column `id` may come first.
const EXPORT_NAMES: [&str; 7] = [
    "sku",
    "name",
    "description",
    "price",
    "quantity",
    "category",
    "low_stock_threshold",
];

/// Whether a header is that of our own export: its cells are exactly what was stored.
pub(super) fn is_own_export<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let mut names = names.peekable();
    let _id = names.next_if_eq(&ID_COLUMN);
    EXPORT_NAMES
        .into_iter()
        .all(|known| names.next() == Some(known))
}

/// Whether a column of this name is never an attribute in an export of ours.
pub(super) fn is_reserved(name: &str) -> bool {
    let folded = fold(name);
    is_reject_column(name)
        || folded == OTHER_ATTRIBUTES
        || ProductField::ALL
            .into_iter()
            .any(|f| fold(f.as_str()) == folded)
}

/// Whether this is a column that only rejects files have.
pub(super) fn is_reject_column(name: &str) -> bool {
    REJECT_COLUMNS.contains(&name)
}

/// The names a field's column may have in a file of this preset, the best first.
pub(super) const fn names(preset: ImportPreset, field: ProductField) -> &'static [&'static str] {
    shapes::of(preset).names(field)
}

/// The position of the first column with one of these names, the best name first.
pub(super) fn find(folded: &[String], names: &[&str]) -> Option<usize> {
    let position = |name: &&str| folded.iter().position(|header| *header == fold(name));
    names.iter().find_map(position)
}

/// The candidate that reads most like one of the wanted names, when any is near enough: few
/// letters differ, or one contains the other.
pub(super) fn closest<'a>(
    wanted: &[&str],
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    nearest(wanted, candidates).into_iter().next()
}

/// What the names of columns end with that are no field of ours.
const UNLIKELY_ENDINGS: [&str; 8] = [
    "id", "ids", "url", "urls", "image", "images", "date", "type",
];

/// All candidates that are near enough, the nearest first.
pub(super) fn nearest<'a>(
    wanted: &[&str],
    candidates: impl Iterator<Item = &'a str>,
) -> Vec<&'a str> {
    let wanted: Vec<String> = wanted.iter().map(|name| fold(name)).collect();
    let near = candidates.filter_map(|candidate| {
        let folded = fold(candidate);
        // `product-id` is near to `product`, and no name.
        if UNLIKELY_ENDINGS
            .iter()
            .any(|ending| folded.len() > ending.len() && folded.ends_with(ending))
        {
            return None;
        }
        let distances = wanted.iter().filter_map(|name| distance(&folded, name));
        distances.min().map(|distance| (distance, candidate))
    });
    let mut near: Vec<(usize, &str)> = near.collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_case_blanks_and_joiners() {
        for name in [
            "Product Name",
            "product_name",
            " PRODUCT-NAME ",
            "product\u{a0}name",
        ] {
            assert_eq!(fold(name), "productname");
        }
        assert_eq!(fold("Tarif Régulier"), fold("tarif régulier"));
    }

    #[test]
    fn suggests_what_a_person_may_have_meant() {
        let of = |names: &[&'static str]| closest(&["price", "unit_price"], names.iter().copied());
        assert_eq!(of(&["Artikel", "Prise"]), Some("Prise"));
        assert_eq!(of(&["Price (USD)", "Colour"]), Some("Price (USD)"));
        assert_eq!(of(&["Colour", "Weight", "", "x"]), None);
    }
}
