//! `pm imports`: lists, follows, cancels and undoes import jobs.

use clap::Subcommand;
use pm_common::{domain::import_job::ImportStatus, request::PageRequest};

use super::{
    download,
    import::{
        IMPORT_SPEC, ImportFollower, InterruptAction, ProgressDisplay, ProgressMode, note, show,
        unfinished_error,
    },
    interrupt::InterruptSignal,
};
use crate::{
    error::{Error, ExitCode, Result},
    session::CommandSession,
};

/// Actions on import jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List imports, newest first
    #[command(visible_alias = "ls")]
    List {
        /// Page number
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
        page: u64,
        /// Imports per page
        #[arg(long, short = 'L', default_value_t = 20,
              value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
    },
    /// Show an import
    Get {
        /// Import id
        id: String,
    },
    /// Follow an import to its end; Ctrl-C stops following, not the import
    #[command(before_long_help = "Examples:
  pm imports watch imp_0198f3c2
  pm imports watch imp_0198f3c2 --progress json")]
    Watch {
        /// Import id
        id: String,
        /// auto, bar, plain, json or none
        #[arg(
            long,
            value_enum,
            default_value = "auto",
            hide_possible_values = true,
            value_name = "HOW"
        )]
        progress: ProgressMode,
    },
    /// Write the rejected rows as CSV, to correct and import again
    Rejects {
        /// Import id
        id: String,
        /// File to write; - is standard output
        #[arg(default_value = "-", value_name = "FILE")]
        file: String,
    },
    /// Cancel an import after its current batch
    Cancel {
        /// Import id
        id: String,
    },
    /// Put back what an import changed, where the product was not changed since
    #[command(
        before_long_help = "Examples:
  pm imports undo imp_0198f3c2
  pm imports undo imp_0198f3c2 --detach",
        after_long_help = "Created products are deleted, updated ones get their former values. \
            Products that were changed after the import stay as they are and are listed; \
            the exit code is then 3."
    )]
    Undo {
        /// Import id
        id: String,
        /// Do not wait: print the id of the undo
        #[arg(long)]
        detach: bool,
    },
}

/// Runs the action.
pub(crate) async fn run(command: Command, session: &CommandSession) -> Result<()> {
    match command {
        Command::List { page, limit } => {
            let mut records = session.records(&IMPORT_SPEC)?;
            let page = PageRequest {
                number: page,
                limit,
            };
            let answer = session.backend()?.import_list(page).await?;
            for job in &answer.data {
                records.push(job)?;
            }
            records.finish(Some(&answer.pagination))
        }
        Command::Get { id } => {
            let records = session.records(&IMPORT_SPEC)?;
            let job = session.backend()?.import_get(&id).await?;
            records.single(&job)?;
            note(session, &job);
            Ok(())
        }
        Command::Watch { id, progress } => watch(&id, progress, session).await,
        Command::Rejects { id, file } => {
            let answer = session.backend()?.import_rejects(&id).await?;
            download::save(&session.ui, answer, &file).await?;
            Ok(())
        }
        Command::Cancel { id } => {
            let cancelled = session.backend()?.import_cancel(&id).await?;
            session.ui.note(&cancelled.message);
            Ok(())
        }
        Command::Undo { id, detach } => {
            let undo = session.backend()?.import_undo(&id).await?.import_id;
            if !detach {
                return watch(&undo, ProgressMode::Auto, session).await;
            }
            session.ui.line(&undo)?;
            let flags = &session.repeat_flags;
            session
                .ui
                .note(&format!("follow it with: pm imports watch {undo}{flags}"));
            Ok(())
        }
    }
}

async fn watch(id: &str, mode: ProgressMode, session: &CommandSession) -> Result<()> {
    let backend = session.backend()?;
    let mut records = session.records(&IMPORT_SPEC)?;
    // The first request is not retried: a wrong id or an unreachable server is reported at once.
    let job = backend.import_get(id).await?;
    let mut progress = ProgressDisplay::new(mode, &session.ui, &job.file_name);
    let mut interrupt = InterruptSignal::new()?;
    let followed = ImportFollower {
        backend: &backend,
        id,
        repeat_flags: &session.repeat_flags,
        progress: &mut progress,
        interrupt: &mut interrupt,
        on_interrupt: InterruptAction::Detach,
    }
    .follow(false)
    .await?;
    let job = followed.job;
    progress.finish(&job)?;
    if mode != ProgressMode::Json {
        show(session, &mut records, &job, None, true)?;
    }
    match job.status {
        ImportStatus::Completed if job.rejected == 0 => Ok(()),
        ImportStatus::Completed => {
            session.ui.note(&format!(
                "{}: pm imports rejects {id} FILE{}",
                match job.undo_of {
                    Some(_) => "the products that stay as they are",
                    None => "the rejected rows",
                },
                session.repeat_flags
            ));
            Err(Error::silent(ExitCode::Rejected))
        }
        _ => Err(unfinished_error(&job, &session.repeat_flags)),
    }
}
