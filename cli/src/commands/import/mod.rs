//! `pm import`: uploads files, follows the import jobs, and prints a summary whose numbers add up.
//! Nothing is sent before every file is known to exist.

mod changes;
mod follow;
mod progress;
mod remarks;
mod source;
mod summary;
mod upload;

use pm_common::{
    api::ImportOut,
    client::idempotency_key,
    domain::{
        import_job::ImportStatus,
        product::FieldError,
        product_csv::{ErrorLimit, ImportOptions},
    },
};

use self::source::ImportSource;
pub(crate) use self::{
    follow::{ImportFollower, InterruptAction},
    progress::{ProgressDisplay, ProgressMode},
    summary::{IMPORT_SPEC, note, show},
};
use super::{download, interrupt::InterruptSignal};
use crate::{
    backend::Backend,
    error::{Error, ExitCode, Result},
    output::RecordWriter,
    session::{CommandSession, shell_quoted},
    ui::{sanitized, to_stderr},
};

/// Arguments of `pm import`.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  pm import products.csv
  pm import 'exports/*.csv' --mode upsert --key sku
  pm import products.csv --dry-run
  pm import preise.csv --map 'Preis=price' --map 'Titel=name' --default category=Other
  zcat big.csv.gz | pm import - --progress plain")]
pub(crate) struct Args {
    /// Files or patterns; - is standard input; .gz and .zst are decompressed
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// File for rejected rows [default: NAME.rejects.csv in this directory, numbered if it exists]
    #[arg(long, value_name = "FILE")]
    rejects: Option<String>,
    /// Do not wait: print the import id after the server has accepted the file
    #[arg(long)]
    detach: bool,
    /// Change no product: show the counts of the real run and the first changes
    #[arg(long)]
    dry_run: bool,
    /// Stop when more rows are rejected: a number, or a share such as 5%; exit code 10
    #[arg(long, value_name = "N|P%")]
    max_errors: Option<String>,
    /// Import a file again although its rows without a sku create their products again
    #[arg(long)]
    again: bool,
    /// auto, bar, plain, json or none
    #[arg(
        long,
        value_enum,
        default_value = "auto",
        hide_possible_values = true,
        value_name = "HOW"
    )]
    progress: ProgressMode,
    #[command(flatten)]
    options: ReadOptions,
}

impl Args {
    /// All options as query parameters.
    fn pairs(&self) -> Result<Vec<(String, String)>> {
        let on_repeat = if self.again { "accept" } else { "refuse" };
        let mut run = vec![("on_repeat", on_repeat)];
        run.extend(self.dry_run.then_some(("dry_run", "true")));
        let limit = self.max_errors.as_deref();
        run.extend(limit.map(|limit| ("max_errors", limit)));
        self.options.pairs(&run)
    }
}

/// How to read the file.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Reading the file")]
struct ReadOptions {
    /// create, upsert, update or skip [default: upsert with a sku column, else create]
    #[arg(long)]
    mode: Option<String>,
    /// The field that identifies a product: sku
    #[arg(long)]
    key: Option<String>,
    /// Map a column of the file to a field; may be repeated
    #[arg(long, value_name = "HEADER=FIELD")]
    map: Vec<String>,
    /// auto, generic, or a shop: shopify, woocommerce, prestashop, … (`pm help csv`)
    #[arg(long)]
    preset: Option<String>,
    /// , ; | or tab [default: detected]
    #[arg(long, value_name = "CHAR")]
    delimiter: Option<String>,
    /// A description over 2,000 characters: cut (with a warning) or reject [default: cut]
    #[arg(long, value_name = "HOW")]
    long_text: Option<String>,
    /// utf-8, windows-1252, macintosh, … [default: detected]
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// The decimal mark of numbers: . or , [default: detected for each column]
    #[arg(long, value_name = "CHAR")]
    decimal: Option<String>,
    /// A value for blank cells and missing columns; may be repeated
    #[arg(long, value_name = "FIELD=VALUE")]
    default: Vec<String>,
}

impl ReadOptions {
    /// As query parameters with these others, checked by the server's own rules.
    fn pairs(&self, others: &[(&str, &str)]) -> Result<Vec<(String, String)>> {
        let single = [
            ("mode", &self.mode),
            ("key", &self.key),
            ("preset", &self.preset),
            ("delimiter", &self.delimiter),
            ("long_text", &self.long_text),
            ("encoding", &self.encoding),
            ("decimal", &self.decimal),
        ];
        let single = single
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_deref()?)));
        let map = self.map.iter().map(|value| ("map", value.as_str()));
        let default = self.default.iter().map(|value| ("default", value.as_str()));
        let options = ImportOptions::from_pairs(
            single
                .chain(map)
                .chain(default)
                .chain(others.iter().copied()),
        )
        .map_err(|errors| invalid_options(&errors))?;
        let pairs = options.to_pairs().into_iter();
        Ok(pairs
            .map(|(name, value)| (name.to_owned(), value))
            .collect())
    }
}

fn invalid_options(errors: &[FieldError]) -> Error {
    let mut messages = errors.iter().map(|error| {
        let flag = error.field.replace('_', "-");
        format!("--{}", error.message.replacen(&error.field, &flag, 1))
    });
    let mut error = Error::usage(messages.next().unwrap_or_default());
    error.hints = messages.map(|message| format!("also: {message}")).collect();
    error.hint("`pm help csv` explains the options")
}

/// Imports the files one after the other; the first that fails ends the run.
pub(crate) async fn run(args: Args, session: &CommandSession) -> Result<()> {
    let outcome = import_all(&args, session).await;
    match outcome {
        Err(error) if args.progress == ProgressMode::Json && !error.message.is_empty() => {
            to_stderr(&progress::exit_error(&error));
            Err(Error::silent(error.exit))
        }
        outcome => outcome,
    }
}

async fn import_all(args: &Args, session: &CommandSession) -> Result<()> {
    let options = args.pairs()?;
    let sources = source::find(&args.files)?;
    check_rejects(args, &sources)?;
    let backend = session.backend()?;
    let mut interrupt = InterruptSignal::new()?;
    let mut records = session.records(&IMPORT_SPEC)?;
    let mut outcome = Ok(false);
    for (place, source) in sources.iter().enumerate() {
        let mut run = FileImport {
            args,
            session,
            backend: &backend,
            options: &options,
            interrupt: &mut interrupt,
            alone: sources.len() == 1,
        };
        let rejected = run.import(source, &mut records).await;
        let left = sources.len() - place - 1;
        if rejected.is_err() && left > 0 {
            session.ui.warn(&match left {
                1 => "1 more file was not imported".to_owned(),
                _ => format!("{left} more files were not imported"),
            });
        }
        outcome = rejected.map(|rejected| rejected || matches!(outcome, Ok(true)));
        if outcome.is_err() {
            break;
        }
    }
    // Files imported before a failure are reported, too.
    if sources.len() > 1 && !args.detach && args.progress != ProgressMode::Json {
        summary::finish(session, records)?;
    }
    match outcome? {
        true => Err(Error::silent(ExitCode::Rejected)),
        false => Ok(()),
    }
}

fn check_rejects(args: &Args, sources: &[ImportSource]) -> Result<()> {
    let Some(target) = &args.rejects else {
        return Ok(());
    };
    if sources.len() > 1 {
        return Err(
            Error::usage("--rejects names one file, but there are several to import")
                .hint("without it every file gets its own NAME.rejects.csv"),
        );
    }
    if sources.iter().any(|source| source.is(target)) {
        return Err(Error::usage(format!(
            "--rejects {target} would overwrite the file to import"
        )));
    }
    Ok(())
}

/// The import of one file.
struct FileImport<'a> {
    args: &'a Args,
    session: &'a CommandSession,
    backend: &'a Backend,
    options: &'a [(String, String)],
    interrupt: &'a mut InterruptSignal,
    /// Whether it is the only file.
    alone: bool,
}

impl FileImport<'_> {
    /// Uploads and follows the file; true when rows were rejected.
    async fn import(
        &mut self,
        source: &ImportSource,
        records: &mut RecordWriter<'_>,
    ) -> Result<bool> {
        let ui = &self.session.ui;
        if remarks::lacks_key(source, self.options) {
            ui.warn(&format!(
                "{}: {}",
                sanitized(source.name()),
                remarks::NO_KEY_WARNING
            ));
        }
        let mut progress = ProgressDisplay::new(self.args.progress, ui, source.name());
        let key = idempotency_key();
        let uploaded = upload::FileUpload {
            backend: self.backend,
            source,
            options: self.options,
            key: &key,
            progress: &mut progress,
            interrupt: self.interrupt,
        }
        .send()
        .await?;
        let id = uploaded.import_id;
        if self.args.detach && !uploaded.cancel {
            drop(progress);
            ui.line(&id)?;
            let repeat_flags = &self.session.repeat_flags;
            ui.note(&format!(
                "follow it with: pm imports watch {id}{repeat_flags}"
            ));
            return Ok(false);
        }
        let followed = ImportFollower {
            backend: self.backend,
            id: &id,
            repeat_flags: &self.session.repeat_flags,
            progress: &mut progress,
            interrupt: self.interrupt,
            on_interrupt: InterruptAction::Cancel,
        }
        .follow(uploaded.cancel)
        .await;
        let followed = followed?;
        progress.finish(&followed.job)?;
        self.conclude(source, &followed.job, followed.interrupted, records)
            .await
    }

    /// Prints the summary, saves the rejected rows and chooses the exit code.
    async fn conclude(
        &self,
        source: &ImportSource,
        job: &ImportOut,
        interrupted: bool,
        records: &mut RecordWriter<'_>,
    ) -> Result<bool> {
        let rejects = match job.rejected {
            0 => None,
            _ => Some(self.save_rejects(source, job).await?),
        };
        if self.args.progress != ProgressMode::Json {
            show(self.session, records, job, rejects.as_deref(), self.alone)?;
        }
        if interrupted {
            self.session.ui.note(&repeat_advice(job));
            return Err(Error::silent(ExitCode::Interrupted));
        }
        match job.status {
            ImportStatus::Completed => Ok(job.rejected > 0),
            _ => Err(unfinished_error(job, &self.session.repeat_flags)),
        }
    }

    async fn save_rejects(&self, source: &ImportSource, job: &ImportOut) -> Result<String> {
        let default = || source.rejects_name();
        let target = self.args.rejects.clone().unwrap_or_else(default);
        let answer = self.backend.import_rejects(&job.id).await?;
        download::save(&self.session.ui, answer, &target).await?;
        Ok(target)
    }
}

/// Advice after an interrupted import: the same command again, if that is safe.
fn repeat_advice(job: &ImportOut) -> String {
    let command: Vec<_> = std::env::args()
        .skip(1)
        .map(|arg| shell_quoted(&arg))
        .collect();
    let command = format!("pm {}", command.join(" "));
    if remarks::has_key(job) {
        format!(
            "import the rest with the same command; products that exist already stay unchanged:\n  {command}"
        )
    } else {
        format!(
            "the file has no sku column, so the same command would create the first {} products again:\n  {command}",
            job.created
        )
    }
}

/// The error for an import that did not complete.
pub(super) fn unfinished_error(job: &ImportOut, repeat_flags: &str) -> Error {
    let reason = job.error.as_deref();
    let what = job.status.as_str();
    let error = Error::failure(match reason {
        Some(reason) => format!("the import of {} {what}: {reason}", job.file_name),
        None => format!("the import of {} was {what}", job.file_name),
    });
    let mut error = error.hint(match job.dry_run {
        true => format!("nothing was changed; `pm imports get {}{repeat_flags}` has the details", job.id),
        false => format!(
            "{} created and {} updated products are kept; `pm imports get {}{repeat_flags}` has the details",
            job.created, job.updated, job.id
        ),
    });
    if has_too_many_errors(job) {
        error.exit = ExitCode::TooManyErrors;
        error.code = "TOO_MANY_ERRORS".into();
    }
    error
}

/// Whether its rejected rows stopped it.
fn has_too_many_errors(job: &ImportOut) -> bool {
    let limit = job.max_errors.as_deref().and_then(ErrorLimit::parse);
    job.status == ImportStatus::Failed
        && limit.is_some_and(|limit| limit.is_exceeded(job.rows, job.rejected, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_checked_before_anything_is_sent() {
        let options = ReadOptions {
            mode: Some("replace".to_owned()),
            key: None,
            map: vec!["Preis=prise".to_owned()],
            preset: None,
            delimiter: Some("tab".to_owned()),
            long_text: None,
            encoding: None,
            decimal: None,
            default: Vec::new(),
        };
        let error = options.pairs(&[]).unwrap_err();
        assert!(
            error.message.starts_with("--mode must be one of"),
            "{error:?}"
        );
        assert!(error.hints[0].starts_with("also: --map names"), "{error:?}");
    }
}
