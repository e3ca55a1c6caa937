//! The summary at the end of an import.

use pm_common::{
    api::ImportOut,
    domain::product_csv::{ColumnRole, ProductField},
};

use crate::{
    error::Result,
    output::{ColumnSpec, RecordWriter, ResourceSpec, ValueKind, duration, thousands},
    session::CommandSession,
    ui::{TextStyle, sanitized},
};

/// An import as a record.
pub(crate) const IMPORT_SPEC: ResourceSpec = ResourceSpec {
    name: "import",
    id: "id",
    columns: &[
        ColumnSpec::table("id", ValueKind::Text),
        ColumnSpec::table("status", ValueKind::State),
        ColumnSpec::table("file_name", ValueKind::Text),
        ColumnSpec::table("rows", ValueKind::Number),
        ColumnSpec::table("rejected", ValueKind::Number),
        ColumnSpec::table("created", ValueKind::Number),
        ColumnSpec::table("updated", ValueKind::Number),
        ColumnSpec::table("unchanged", ValueKind::Number),
        ColumnSpec::table("skipped", ValueKind::Number),
        ColumnSpec::table("created_at", ValueKind::Time),
        ColumnSpec::wide("rows_per_second", ValueKind::Number),
        ColumnSpec::wide("bytes_done", ValueKind::Bytes),
        ColumnSpec::wide("bytes_total", ValueKind::Bytes),
        ColumnSpec::wide("started_at", ValueKind::Time),
        ColumnSpec::wide("finished_at", ValueKind::Time),
        ColumnSpec::wide("error", ValueKind::Text),
        ColumnSpec::named("errors", ValueKind::Text),
        ColumnSpec::named("detected", ValueKind::Text),
    ],
    none: "No imports.",
};

/// Rejected rows in the summary; the file has all of them.
const MAX_SHOWN_ERRORS: usize = 5;

/// For a file without a key column.
const NO_KEY_WARNING: &str = "no column is mapped to sku: importing this file again would create its products again; \
                     name one with --map 'Your header=sku'";

/// Whether a sku column identifies the rows.
pub(super) fn has_key(job: &ImportOut) -> bool {
    let mut columns = job.detected.mapping.iter();
    columns.any(|column| column.role == ColumnRole::Field(ProductField::Sku))
}

/// The summary for people, or the job as a record; `alone` when no other job follows.
pub(crate) fn show(
    session: &CommandSession,
    records: &mut RecordWriter<'_>,
    job: &ImportOut,
    rejects: Option<&str>,
    alone: bool,
) -> Result<()> {
    let ui = &session.ui;
    if is_prose(session, records) {
        return ui.write(text(session, job, rejects).as_bytes());
    }
    if alone {
        let own = session.records(&IMPORT_SPEC)?;
        own.single(job)?;
    } else {
        records.push(job)?;
    }
    if let Some(file) = rejects {
        let count = thousands(job.rejected);
        ui.note(&format!("{count} rejected rows are in {file}"));
    }
    Ok(())
}

/// Ends the listing of several jobs.
pub(super) fn finish(session: &CommandSession, records: RecordWriter<'_>) -> Result<()> {
    if is_prose(session, &records) {
        return Ok(());
    }
    records.finish(crate::commands::NO_PAGINATION)
}

fn is_prose(session: &CommandSession, records: &RecordWriter<'_>) -> bool {
    records.is_human_readable() && session.output_options.fields.is_empty()
}

fn text(session: &CommandSession, job: &ImportOut, rejects: Option<&str>) -> String {
    let look = session.ui.out;
    let ended = job.finished_at.zip(job.started_at);
    let took = ended.map_or(String::new(), |(end, start)| {
        format!(
            " in {} ({} rows/s)",
            duration(end.since(start)),
            thousands(job.rows_per_second)
        )
    });
    let status = match job.status.as_str() {
        "completed" => look.paint(TextStyle::Green, "completed"),
        other => look.paint(TextStyle::Red, other),
    };
    let mut text = format!("{} {status}{took}\n", sanitized(&job.file_name));
    text.push_str(&format!(
        "  {} rows = {} created + {} updated + {} unchanged + {} skipped + {} rejected\n",
        thousands(job.rows),
        thousands(job.created),
        thousands(job.updated),
        thousands(job.unchanged),
        thousands(job.skipped),
        thousands(job.rejected),
    ));
    let found = look.paint(TextStyle::Dim, &detected(job));
    text.push_str(&format!("  {found}\n"));
    let mut last_hint = "";
    for error in job.errors.iter().take(MAX_SHOWN_ERRORS) {
        let column = if error.column.is_empty() { "" } else { ", " };
        text.push_str(&format!(
            "  line {}{column}{}: {} [{}]\n",
            error.line,
            sanitized(&error.column),
            sanitized(&error.message),
            sanitized(&error.code)
        ));
        if !error.hint.is_empty() && error.hint != last_hint {
            text.push_str(&format!("    {}\n", sanitized(&error.hint)));
            last_hint = &error.hint;
        }
    }
    if job.created > 0 && !has_key(job) {
        text.push_str(&format!("  {NO_KEY_WARNING}\n"));
    }
    if let Some(file) = rejects {
        let count = thousands(job.rejected);
        text.push_str(&format!(
            "  {count} rejected: correct them in {file} and import that file\n"
        ));
    }
    text
}

/// The detected format and mapping.
fn detected(job: &ImportOut) -> String {
    let detected = &job.detected;
    let delimiter = match detected.dialect.delimiter {
        ',' => "comma".to_owned(),
        ';' => "semicolon".to_owned(),
        '\t' => "tab".to_owned(),
        other => format!("{other:?}"),
    };
    let mapped = detected.mapping.iter();
    let mapped = mapped.filter(|column| matches!(column.role, ColumnRole::Field(_)));
    format!(
        "preset {}, {delimiter}-separated, {} of {} columns used, mode {}, id {}",
        crate::commands::wire_name(&detected.preset),
        mapped.count(),
        detected.mapping.len(),
        crate::commands::wire_name(&detected.mode),
        sanitized(&job.id)
    )
}
