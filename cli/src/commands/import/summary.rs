//! The last thing an import says.

use pm_common::{
    api::ImportOut,
    domain::product_csv::{Field, Role},
};

use crate::{
    error::Result,
    output::{Column, Kind, Listing, Noun, duration, thousands},
    session::Session,
    ui::{Style, visible},
};

/// An import in every other format.
pub(crate) const JOB: Noun = Noun {
    name: "import",
    id: "id",
    columns: &[
        Column::table("id", Kind::Text),
        Column::table("status", Kind::State),
        Column::table("file_name", Kind::Text),
        Column::table("rows", Kind::Number),
        Column::table("rejected", Kind::Number),
        Column::table("created", Kind::Number),
        Column::table("updated", Kind::Number),
        Column::table("unchanged", Kind::Number),
        Column::table("skipped", Kind::Number),
        Column::table("created_at", Kind::Time),
        Column::wide("rows_per_second", Kind::Number),
        Column::wide("bytes_done", Kind::Bytes),
        Column::wide("bytes_total", Kind::Bytes),
        Column::wide("started_at", Kind::Time),
        Column::wide("finished_at", Kind::Time),
        Column::wide("error", Kind::Text),
        Column::named("errors", Kind::Text),
        Column::named("detected", Kind::Text),
    ],
    none: "No imports.",
};

/// Rejected rows that are shown to people; the file has all of them.
const SHOWN: usize = 5;

/// For a file whose rows nothing tells apart.
const TWICE: &str = "no column is a sku: importing this file again would create its products again; \
                     name one with --map 'Your header=sku'";

/// Whether the file's rows are told apart by a sku.
pub(super) fn has_key(job: &ImportOut) -> bool {
    let mut columns = job.detected.mapping.iter();
    columns.any(|column| column.role == Role::Field(Field::Sku))
}

/// The summary for people, or the job as a record; `alone` when no other job follows.
pub(crate) fn show(
    session: &Session,
    listing: &mut Listing<'_>,
    job: &ImportOut,
    rejects: Option<&str>,
    alone: bool,
) -> Result<()> {
    let ui = &session.ui;
    if is_prose(session, listing) {
        return ui.write(text(session, job, rejects).as_bytes());
    }
    if alone {
        let own = session.listing(&JOB)?;
        own.single(job)?;
    } else {
        listing.push(job)?;
    }
    if let Some(file) = rejects {
        let count = thousands(job.rejected);
        ui.note(&format!("{count} rejected rows are in {file}"));
    }
    Ok(())
}

/// Ends the listing of several jobs.
pub(super) fn finish(session: &Session, listing: Listing<'_>) -> Result<()> {
    if is_prose(session, &listing) {
        return Ok(());
    }
    listing.finish(crate::commands::ALONE)
}

fn is_prose(session: &Session, listing: &Listing<'_>) -> bool {
    listing.is_for_people() && session.wanted.fields.is_empty()
}

fn text(session: &Session, job: &ImportOut, rejects: Option<&str>) -> String {
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
        "completed" => look.paint(Style::Green, "completed"),
        other => look.paint(Style::Red, other),
    };
    let mut text = format!("{} {status}{took}\n", visible(&job.file_name));
    text.push_str(&format!(
        "  {} rows = {} created + {} updated + {} unchanged + {} skipped + {} rejected\n",
        thousands(job.rows),
        thousands(job.created),
        thousands(job.updated),
        thousands(job.unchanged),
        thousands(job.skipped),
        thousands(job.rejected),
    ));
    let found = look.paint(Style::Dim, &detected(job));
    text.push_str(&format!("  {found}\n"));
    let mut told = "";
    for error in job.errors.iter().take(SHOWN) {
        let column = if error.column.is_empty() { "" } else { ", " };
        text.push_str(&format!(
            "  line {}{column}{}: {} [{}]\n",
            error.line,
            visible(&error.column),
            visible(&error.message),
            visible(&error.code)
        ));
        if !error.hint.is_empty() && error.hint != told {
            text.push_str(&format!("    {}\n", visible(&error.hint)));
            told = &error.hint;
        }
    }
    if job.created > 0 && !has_key(job) {
        text.push_str(&format!("  {TWICE}\n"));
    }
    if let Some(file) = rejects {
        let count = thousands(job.rejected);
        text.push_str(&format!(
            "  {count} rejected: correct {file} and import it\n"
        ));
    }
    text
}

/// What was found out about the file.
fn detected(job: &ImportOut) -> String {
    let detected = &job.detected;
    let delimiter = match detected.dialect.delimiter {
        ',' => "comma".to_owned(),
        ';' => "semicolon".to_owned(),
        '\t' => "tab".to_owned(),
        other => format!("{other:?}"),
    };
    let mapped = detected.mapping.iter();
    let mapped = mapped.filter(|column| matches!(column.role, Role::Field(_)));
    format!(
        "preset {}, {delimiter}-separated, {} of {} columns used, mode {}, id {}",
        crate::commands::wire_name(&detected.preset),
        mapped.count(),
        detected.mapping.len(),
        crate::commands::wire_name(&detected.mode),
        visible(&job.id)
    )
}
