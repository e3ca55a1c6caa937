//! Following an import to its end: quick looks at first, slower ones later, through lost
//! connections, and with a way out.

use std::time::Duration;

use pm_common::api::ImportOut;

use super::progress::Progress;
use crate::{
    backend::Backend,
    commands::interrupt::Interrupt,
    error::{Error, Exit, Result},
    output::duration,
};

const FIRST_LOOK: Duration = Duration::from_millis(50);
const SLOWEST_LOOK: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// What the first Ctrl-C does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnInterrupt {
    /// Ask the server to stop behind the present batch, and wait for that.
    Cancel,
    /// Only stop looking.
    Detach,
}

/// Somebody who follows an import.
pub(crate) struct Follower<'a> {
    pub(crate) backend: &'a Backend,
    pub(crate) id: &'a str,
    /// The flags that a command about the same import needs too.
    pub(crate) scope: &'a str,
    pub(crate) progress: &'a mut Progress,
    pub(crate) interrupt: &'a mut Interrupt,
    pub(crate) on_interrupt: OnInterrupt,
}

/// An import at its end.
pub(crate) struct Followed {
    pub(crate) job: ImportOut,
    /// Whether Ctrl-C asked for the end.
    pub(crate) interrupted: bool,
}

impl Follower<'_> {
    /// Looks until the import has ended; with `cancel` it asks for the end at once.
    pub(crate) async fn follow(mut self, cancel: bool) -> Result<Followed> {
        let mut pause = FIRST_LOOK;
        let mut failures = 0;
        let mut interrupted = cancel;
        if cancel {
            self.cancel().await;
        }
        loop {
            let look = Self::look(self.backend, self.id, pause);
            let looked = tokio::select! {
                looked = look => looked,
                () = self.interrupt.wait() => {
                    self.progress.interrupted();
                    if interrupted || self.on_interrupt == OnInterrupt::Detach {
                        return Err(self.left(interrupted));
                    }
                    interrupted = true;
                    self.cancel().await;
                    continue;
                }
            };
            match looked {
                Ok(job) if job.status.is_final() => return Ok(Followed { job, interrupted }),
                Ok(job) => {
                    failures = 0;
                    pause = (pause * 3 / 2).min(SLOWEST_LOOK);
                    self.progress.processing(&job)?;
                }
                Err(error) if error.is_passing() => {
                    let backoff = (SLOWEST_LOOK * 2u32.pow(failures)).min(LONGEST_PAUSE);
                    failures = (failures + 1).min(10);
                    pause = error.retry_after().unwrap_or(backoff);
                    self.progress.say(&format!(
                        "{error}; looking again in {} (the import does not depend on it)",
                        duration(pause)
                    ));
                }
                Err(error) => {
                    let watch = format!("go on with: pm imports watch {}{}", self.id, self.scope);
                    return Err(Error::from(error).hint(watch));
                }
            }
        }
    }

    async fn look(
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
        let asked = self.backend.import_cancel(self.id).await;
        if let Err(error) = asked
            && error.exit != Exit::Conflict
        {
            self.progress.say(&format!(
                "could not ask the server to stop: {}",
                error.message
            ));
        }
    }

    fn left(&self, asked: bool) -> Error {
        let (id, scope) = (self.id, self.scope);
        let message = if asked {
            "left while the server stops the import"
        } else {
            "left; the import goes on"
        };
        Error::new(Exit::Interrupted, message)
            .hint(format!("look again with: pm imports watch {id}{scope}"))
    }
}
