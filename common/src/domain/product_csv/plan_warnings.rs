//! What people should know of a file before its first row: fields that no column fills.

use super::{ImportPreset, ProductField, RowWarning, header};

/// Headers named as possibly meant.
const MAX_NAMED_HEADERS: usize = 3;

/// The warning that a field has no column and every new product gets `value`. `unused` are the
/// headers that fill nothing else.
pub(super) fn without_column<'a>(
    preset: ImportPreset,
    field: ProductField,
    value: &str,
    unused: impl Iterator<Item = &'a str>,
) -> RowWarning {
    let name = field.as_str();
    let nearest = header::nearest(header::names(preset, field), unused);
    let nearest: Vec<String> = nearest
        .iter()
        .take(MAX_NAMED_HEADERS)
        .map(|header| format!("{header:?}"))
        .collect();
    let advice = match nearest.as_slice() {
        [] => format!("if one is, name it with map=<column>={name}"),
        headers => format!("if {} is, give map=<column>={name}", headers.join(" or ")),
    };
    RowWarning {
        line: 1,
        column: String::new(),
        code: "NO_COLUMN".to_owned(),
        message: format!("no column is the {name}, so every new product has {value:?}; {advice}"),
    }
}
