//! Follows an import to its end: polls fast at first and slower later, survives lost connections,
//! and reacts to Ctrl-C.

use std::time::Duration;

use pm_common::{api::ImportOut, backoff::Backoff};

use super::progress::ProgressDisplay;
use crate::{
    backend::Backend,
    commands::interrupt::InterruptSignal,
    error::{Error, ExitCode, Result},
    output::duration,
};

const MIN_POLL_INTERVAL: Duration = Duration::from_millis(50);
const MAX_POLL_INTERVAL: Duration = Duration::from_millis(500);
/// While the server does not answer.
const FIRST_RETRY_PAUSE: Duration = Duration::from_millis(500);
const MAX_RETRY_PAUSE: Duration = Duration::from_secs(15);

/// What the first Ctrl-C does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InterruptAction {
    /// Cancel the import after its current batch, and wait for that.
    Cancel,
    /// Stop following; the import continues.
    Detach,
}

/// Follows one import.
pub(crate) struct ImportFollower<'a> {
    pub(crate) backend: &'a Backend,
    pub(crate) id: &'a str,
    /// Flags that a suggested command about the same import needs too.
    pub(crate) repeat_flags: &'a str,
    pub(crate) progress: &'a mut ProgressDisplay,
    pub(crate) interrupt: &'a mut InterruptSignal,
    pub(crate) on_interrupt: InterruptAction,
}

/// An import at its end.
pub(crate) struct FollowOutcome {
    pub(crate) job: ImportOut,
    /// Whether Ctrl-C cancelled it.
    pub(crate) interrupted: bool,
}

impl ImportFollower<'_> {
    /// Polls until the import has ended; with `cancel` it cancels the import first.
    pub(crate) async fn follow(mut self, cancel: bool) -> Result<FollowOutcome> {
        let mut pause = MIN_POLL_INTERVAL;
        let mut backoff = Backoff::new(FIRST_RETRY_PAUSE, MAX_RETRY_PAUSE);
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
                    backoff.reset();
                    pause = (pause * 3 / 2).min(MAX_POLL_INTERVAL);
                    self.progress.processing(&job)?;
                }
                Err(error) if error.is_passing() => {
                    pause = backoff.next_pause_or(error.retry_after());
                    self.progress.say(&format!(
                        "{error}; trying again in {} (the import continues)",
                        duration(pause)
                    ));
                }
                Err(error) => {
                    let watch = format!(
                        "continue with: pm imports watch {}{}",
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

    /// Cancels the import; a conflict means that it has ended already.
    async fn cancel(&mut self) {
        self.progress
            .say("cancelling after the current batch (press Ctrl-C again to exit at once)");
        let cancelled = self.backend.import_cancel(self.id).await;
        if let Err(error) = cancelled
            && error.exit != ExitCode::Conflict
        {
            self.progress
                .say(&format!("cannot cancel the import: {}", error.message));
        }
    }

    fn detached_error(&self, cancelled: bool) -> Error {
        let (id, repeat_flags) = (self.id, self.repeat_flags);
        let message = if cancelled {
            "stopped following; the server cancels the import"
        } else {
            "stopped following; the import continues"
        };
        Error::new(ExitCode::Interrupted, message).hint(format!(
            "follow it with: pm imports watch {id}{repeat_flags}"
        ))
    }
}
