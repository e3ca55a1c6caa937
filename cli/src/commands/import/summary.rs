//! The summary at the end of an import.

use pm_common::api::ImportOut;

use super::{changes, remarks};
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
        ColumnSpec::wide("warned", ValueKind::Number),
        ColumnSpec::named("without_key", ValueKind::Number),
        ColumnSpec::wide("undone", ValueKind::Text),
        ColumnSpec::named("undone_by", ValueKind::Text),
        ColumnSpec::named("undo_of", ValueKind::Text),
        ColumnSpec::named("deleted", ValueKind::Number),
        ColumnSpec::named("dry_run", ValueKind::Text),
        ColumnSpec::named("max_errors", ValueKind::Text),
        ColumnSpec::named("sha256", ValueKind::Text),
        ColumnSpec::named("skips", ValueKind::Text),
        ColumnSpec::named("errors", ValueKind::Text),
        ColumnSpec::named("warnings", ValueKind::Text),
        ColumnSpec::named("changes", ValueKind::Text),
        ColumnSpec::named("detected", ValueKind::Text),
    ],
    none: "No imports.",
};

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
    note(session, job);
    if let Some(file) = rejects {
        let count = thousands(job.rejected);
        let rows = if job.rejected == 1 {
            "row is"
        } else {
            "rows are"
        };
        ui.note(&format!("{count} rejected {rows} in {file}"));
    }
    Ok(())
}

/// What the record alone does not say to people: on standard error, so that a program's data stays
/// what it is.
pub(crate) fn note(session: &CommandSession, job: &ImportOut) {
    let name = sanitized(&job.file_name);
    session
        .ui
        .note(&format!("{name}: {}", remarks::detected(job)));
    if job.dry_run {
        let said = "dry run: nothing was changed";
        session.ui.note(&format!("{name}: {said}"));
    }
    for line in remarks::warnings(job) {
        session.ui.note(&format!("{name}: {line}"));
    }
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
    let dry_run = match job.dry_run {
        true => " dry run (nothing was changed)",
        false => "",
    };
    let name = sanitized(&job.file_name);
    let mut text = format!("{name}{dry_run} {status}{took}\n");
    text.push_str(&format!(
        "  {} rows = {} created + {} updated + {} unchanged + {} skipped + {} rejected\n",
        thousands(job.rows),
        thousands(job.created),
        thousands(job.updated),
        thousands(job.unchanged),
        thousands(job.skipped),
        thousands(job.rejected),
    ));
    let found = look.paint(TextStyle::Dim, &remarks::detected(job));
    text.push_str(&format!("  {found}\n"));
    for line in remarks::errors(job).iter().chain(&remarks::warnings(job)) {
        text.push_str(&format!("  {line}\n"));
    }
    text.push_str(&changes::text(job, look));
    if let Some(file) = rejects {
        let count = thousands(job.rejected);
        text.push_str(&format!(
            "  {count} rejected: correct them in {file} and import that file\n"
        ));
    }
    text
}
