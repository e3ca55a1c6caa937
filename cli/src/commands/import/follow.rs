//! Following an import to its end: quick looks at first, slower ones later, through lost
//! connections, and with a way out.

use std::time::Duration;

use pm_common::api::ImportOut;

use super::progress::ProgressDisplay;
use crate::{
    backend::Backend,
    commands::interrupt::InterruptSignal,
    error::{Error, ExitCode, Result},
    output::duration,
};

const MIN_POLL_INTERVAL: Duration = Duration::from_millis(50);
const MAX_POLL_INTERVAL: Duration = Duration::from_millis(500);
const MAX_BACKOFF: Duration = Duration::from_secs(15);

/// What the first Ctrl-C does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InterruptAction {
    /// Ask the server to stop behind the present batch, and wait for that.
    Cancel,
    /// Only stop looking.
    Detach,
}

/// Somebody who follows an import.
pub(crate) struct ImportFollower<'a> {
    pub(crate) backend: &'a Backend,
    pub(crate) id: &'a str,
    /// The flags that a command about the same import needs too.
    pub(crate) repeat_flags: &'a str,
    pub(crate) progress: &'a mut ProgressDisplay,
    pub(crate) interrupt: &'a mut InterruptSignal,
    pub(crate) on_interrupt: InterruptAction,
}

/// An import at its end.
pub(crate) struct FollowOutcome {
    pub(crate) job: ImportOut,
    /// Whether Ctrl-C asked for the end.
    pub(crate) interrupted: bool,
}

impl ImportFollower<'_> {
    /// Looks until the import has ended; with `cancel` it asks for the end at once.
    pub(crate) async fn follow(mut self, cancel: bool) -> Result<FollowOutcome> {
        let mut pause = MIN_POLL_INTERVAL;
        let mut failures = 0;
        let mut interrupted = cancel;
        if cancel {
            self.cancel().await;
        }
        loop {
            let polled = Self::polled(self.backend, self.id, pause);
            let result = tokio::select! {
                result = polled => result,
                () = self.interrupt.wait() => {
                    self.progress.interrupted();
                    if interrupted || self.on_interrupt == InterruptAction::Detach {
                        return Err(self.detached_error(interrupted));
                    }
                    interrupted = true;
                    self.cancel().await;
                    continue;
                }
            };
            match result {
                Ok(job) if job.status.is_final() => return Ok(FollowOutcome { job, interrupted }),
                Ok(job) => {
                    failures = 0;
                    pause = (pause * 3 / 2).min(MAX_POLL_INTERVAL);
                    self.progress.processing(&job)?;
                }
                Err(error) if error.is_passing() => {
                    let backoff = (MAX_POLL_INTERVAL * 2u32.pow(failures)).min(MAX_BACKOFF);
                    failures = (failures + 1).min(10);
                    pause = error.retry_after().unwrap_or(backoff);
                    self.progress.say(&format!(
                        "{error}; looking again in {} (the import does not depend on it)",
                        duration(pause)
                    ));
                }
                Err(error) => {
                    let watch = format!(
                        "go on with: pm imports watch {}{}",
                        self.id, self.repeat_flags
                    );
                    return Err(Error::from(error).hint(watch));
                }
            }
        }
    }

    async fn polled(
        backend: &Backend,
        id: &str,
        pause: Duration,
    ) -> pm_common::client::Result<ImportOut> {
        tokio::time::sleep(pause).await;
        backend.import_get(id).await
    }

    /// Asks for the end; a refusal means that it has come already.
    async fn cancel(&mut self) {
        self.progress
            .say("stopping behind the present batch (Ctrl-C again to leave at once)");
        let cancelled = self.backend.import_cancel(self.id).await;
        if let Err(error) = cancelled
            && error.exit != ExitCode::Conflict
        {
            self.progress.say(&format!(
                "could not ask the server to stop: {}",
                error.message
            ));
        }
    }

    fn detached_error(&self, cancelled: bool) -> Error {
        let (id, repeat_flags) = (self.id, self.repeat_flags);
        let message = if cancelled {
            "left while the server stops the import"
        } else {
            "left; the import goes on"
        };
        Error::new(ExitCode::Interrupted, message).hint(format!(
            "look again with: pm imports watch {id}{repeat_flags}"
        ))
    }
}
