//! What a dry run would alter, as a diff: a field's line before and after.

use pm_common::{api::ImportOut, domain::import_changes::ProductChange};
use serde_json::Value;

use crate::{
    output::thousands,
    ui::{StreamStyle, TextStyle, sanitized},
};

/// Characters of a value that are shown.
const MAX_VALUE_CHARS: usize = 100;

/// The sample of changes; empty when there is none.
pub(super) fn text(job: &ImportOut, look: StreamStyle) -> String {
    let changes = job.changes.as_deref().unwrap_or_default();
    let mut text: String = changes.iter().map(|change| product(change, look)).collect();
    let shown = changes.len() as u64;
    if shown > 0 && shown < job.updated {
        let more = thousands(job.updated - shown);
        text.push_str(&format!("  and {more} more updates\n"));
    }
    text
}

fn product(change: &ProductChange, look: StreamStyle) -> String {
    let sku = change.sku.as_deref().unwrap_or_default();
    let name = sanitized(&change.name);
    let mut text = format!("  {} {name} (line {})\n", sanitized(sku), change.line);
    for field in &change.fields {
        for (sign, style, value) in [
            ('-', TextStyle::Red, &field.before),
            ('+', TextStyle::Green, &field.after),
        ] {
            let line = format!("{sign} {}: {}", sanitized(&field.field), shown(value));
            text.push_str(&format!("    {}\n", look.paint(style, &line)));
        }
    }
    text
}

/// A value on one line, not longer than a line can be.
fn shown(value: &Value) -> String {
    let whole = match value {
        Value::Null => "(none)".to_owned(),
        Value::String(text) => sanitized(text).replace(['\n', '\r', '\t'], " "),
        other => other.to_string(),
    };
    match whole.char_indices().nth(MAX_VALUE_CHARS) {
        Some((end, _)) => format!("{}…", whole.get(..end).unwrap_or_default()),
        None => whole,
    }
}
