//! What people should know about an import beside its counts: how the file was read, why rows were
//! skipped, and what went in otherwise than written.

use pm_common::{
    api::{ImportOut, RowErrorOut},
    domain::product_csv::{ColumnRole, DecimalMark, ImportOptions, ProductField, RowWarning, plan},
};

use super::source::ImportSource;
use crate::{output::thousands, ui::sanitized};

/// Warnings shown; the job has the first 100.
const MAX_SHOWN_WARNINGS: usize = 5;
/// Rejected rows shown; the rejects file has all of them.
const MAX_SHOWN_ERRORS: usize = 5;

/// For a file without a key column.
pub(super) const NO_KEY_WARNING: &str = "no column is mapped to sku: importing this file again would create its products again; \
                     name one with --map 'Your header=sku'";
/// How much of a file is looked at before it is sent: what the server looks at, too.
const MAX_HEAD_BYTES: u64 = 1024 * 1024;

/// Whether no column of the file is a key, as far as that can be known before it is sent.
pub(super) fn lacks_key(source: &ImportSource, options: &[(String, String)]) -> bool {
    let pairs = options
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let Ok(options) = ImportOptions::from_pairs(pairs) else {
        return false;
    };
    let head = source.head(MAX_HEAD_BYTES);
    let plan = head.and_then(|(head, is_all)| plan(&head, is_all, &options).ok());
    plan.is_some_and(|plan| !plan.has_key())
}

/// Whether a sku column identifies the rows.
pub(super) fn has_key(job: &ImportOut) -> bool {
    let mut columns = job.detected.mapping.iter();
    columns.any(|column| column.role == ColumnRole::Field(ProductField::Sku))
}

/// Everything that went otherwise than the file says, a line each.
pub(crate) fn warnings(job: &ImportOut) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(import), Some(deleted)) = (&job.undo_of, job.deleted) {
        lines.push(format!(
            "undo of {}: created products deleted: {}, updated ones put back: {}, left as they are: {}",
            sanitized(import),
            thousands(deleted),
            thousands(job.updated.saturating_sub(deleted)),
            thousands(job.rejected),
        ));
    }
    lines.extend(skips(job));
    let warnings = job.warnings.as_deref().unwrap_or_default();
    lines.extend(warnings.iter().take(MAX_SHOWN_WARNINGS).map(warning));
    if warnings.len() > MAX_SHOWN_WARNINGS {
        lines.push(format!(
            "{} rows went in otherwise than written; `pm imports get {} -o json` lists the first warnings",
            thousands(job.warned),
            sanitized(&job.id)
        ));
    }
    if job.without_key > 0 && !has_key(job) {
        lines.push(NO_KEY_WARNING.to_owned());
    } else if job.without_key > 0 {
        lines.push(format!(
            "{} products have no sku: importing this file again would create them again",
            thousands(job.without_key)
        ));
    }
    lines
}

fn warning(warning: &RowWarning) -> String {
    format!(
        "warning: {}: {} [{}]",
        place(warning.line, &warning.column),
        sanitized(&warning.message),
        sanitized(&warning.code)
    )
}

/// The first rejected rows, each hint once in a row.
pub(super) fn errors(job: &ImportOut) -> Vec<String> {
    let mut lines = Vec::new();
    let mut last_hint = "";
    let errors = job.errors.as_deref().unwrap_or_default();
    for error in errors.iter().take(MAX_SHOWN_ERRORS) {
        lines.push(rejected(error));
        if !error.hint.is_empty() && error.hint != last_hint {
            lines.push(format!("  {}", sanitized(&error.hint)));
            last_hint = &error.hint;
        }
    }
    lines
}

fn rejected(error: &RowErrorOut) -> String {
    format!(
        "{}: {} [{}]",
        place(error.line, &error.column),
        sanitized(&error.message),
        sanitized(&error.code)
    )
}

fn place(line: u64, column: &str) -> String {
    match column {
        "" => format!("line {line}"),
        column => format!("line {line}, {}", sanitized(column)),
    }
}

/// The skipped rows by reason.
fn skips(job: &ImportOut) -> Option<String> {
    let skips = &job.skips;
    let reasons = [
        (skips.duplicate, "with the key of another row"),
        (skips.existing, "of known products"),
        (skips.parent, "parents of variants"),
        (skips.image, "images"),
        (skips.blank, "blank"),
    ];
    let named = reasons.iter().filter(|(count, _)| *count > 0);
    let named: Vec<String> = named
        .map(|(count, reason)| format!("{} {reason}", thousands(*count)))
        .collect();
    (!named.is_empty()).then(|| format!("skipped: {}", named.join(", ")))
}

/// How the file was read: format, preset, columns and mode.
pub(crate) fn detected(job: &ImportOut) -> String {
    let detected = &job.detected;
    let delimiter = match detected.dialect.delimiter {
        ',' => "comma".to_owned(),
        ';' => "semicolon".to_owned(),
        '\t' => "tab".to_owned(),
        other => format!("{other:?}"),
    };
    let encoding = match detected.dialect.encoding.as_str() {
        "UTF-8" => String::new(),
        other => format!("{other}, "),
    };
    let mut mapping = detected.mapping.iter();
    let comma = mapping.any(|column| column.decimal == Some(DecimalMark::Comma));
    let numbers = if comma { "decimal comma, " } else { "" };
    let mapped = detected.mapping.iter();
    let mapped = mapped.filter(|column| matches!(column.role, ColumnRole::Field(_)));
    format!(
        "preset {}, {encoding}{delimiter}-separated, {numbers}{} of {} columns used, mode {}, id {}",
        crate::commands::wire_name(&detected.preset),
        mapped.count(),
        detected.mapping.len(),
        crate::commands::wire_name(&detected.mode),
        sanitized(&job.id)
    )
}
