//! The upload of a file. Every attempt carries the same idempotency key, so the server accepts the
//! file once however often it is sent.

use std::time::Duration;

use pm_common::api::ImportAcceptedOut;
use pm_common::backoff::Backoff;
use pm_common::client::{self, ClientError, QueryPairs, UploadRequest};

use super::{
    progress::ProgressDisplay,
    source::{ImportSource, OpenedSource},
};
use crate::{
    backend::Backend,
    commands::interrupt::InterruptSignal,
    error::{Error, ExitCode, Result},
    output::duration,
};

/// Attempts after the first attempt.
const MAX_RETRIES: u32 = 5;
const FIRST_RETRY_PAUSE: Duration = Duration::from_millis(500);
const MAX_RETRY_PAUSE: Duration = Duration::from_secs(8);
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// The upload of one file.
pub(super) struct FileUpload<'a> {
    pub(super) backend: &'a Backend,
    pub(super) source: &'a ImportSource,
    pub(super) options: &'a QueryPairs,
    pub(super) key: &'a str,
    pub(super) progress: &'a mut ProgressDisplay,
    pub(super) interrupt: &'a mut InterruptSignal,
}

/// An accepted upload.
pub(super) struct UploadOutcome {
    pub(super) import_id: String,
    /// Ctrl-C came too late to stop the upload: the import has to be cancelled instead.
    pub(super) cancel: bool,
}

impl FileUpload<'_> {
    /// Sends the file until the server accepts it; retries where that is safe and useful.
    pub(super) async fn send(mut self) -> Result<UploadOutcome> {
        let mut retries = 0;
        let mut backoff = Backoff::new(FIRST_RETRY_PAUSE, MAX_RETRY_PAUSE);
        loop {
            let mut opened = self.source.open()?;
            let (answer, cancel) = self.attempt(&mut opened).await?;
            let error = match answer {
                Ok(accepted) => {
                    let import_id = accepted.import_id;
                    return Ok(UploadOutcome { import_id, cancel });
                }
                Err(error) => error,
            };
            if let Some(reason) = opened.failure() {
                let name = self.source.name();
                let message = format!("cannot read {name} to its end: {reason}");
                return Err(Error::failure(message).hint("nothing was imported"));
            }
            let is_retry_useful = is_retry_useful(&error, retries) && self.source.can_start_again();
            if cancel || retries == MAX_RETRIES || !is_retry_useful {
                let is_repeated = is_repeated(&error);
                let error = Error::from(error).about(self.source.name());
                return Err(match is_repeated {
                    true => error.hint("--again imports it all the same"),
                    false => error,
                });
            }
            self.wait_after(&error, &mut backoff).await?;
            retries += 1;
        }
    }

    /// One attempt; the flag says whether it was interrupted too late.
    async fn attempt(
        &mut self,
        opened: &mut OpenedSource,
    ) -> Result<(client::Result<ImportAcceptedOut>, bool)> {
        let upload = UploadRequest {
            file_name: self.source.name(),
            options: self.options,
            key: self.key,
            body: opened.take_body(),
        };
        let sending = self.backend.import_start(upload);
        tokio::pin!(sending);
        let mut ticks = tokio::time::interval(PROGRESS_INTERVAL);
        let mut cancel = false;
        loop {
            tokio::select! {
                answer = &mut sending => return Ok((answer, cancel)),
                _ = ticks.tick() => self.progress.uploading(opened.bytes(), self.source.size)?,
                () = self.interrupt.wait() => {
                    self.progress.interrupted();
                    if cancel || !opened.is_read() {
                        return Err(interrupted(cancel));
                    }
                    cancel = true;
                    self.progress.say("the file is sent; waiting for the server's response to cancel the import");
                }
            }
        }
    }

    async fn wait_after(&mut self, error: &ClientError, backoff: &mut Backoff) -> Result<()> {
        let wait = backoff.next_pause_or(error.retry_after());
        self.progress
            .say(&format!("{error}; sending again in {}", duration(wait)));
        tokio::select! {
            () = tokio::time::sleep(wait) => Ok(()),
            () = self.interrupt.wait() => Err(interrupted(false)),
        }
    }
}

/// A server that never answered is not retried; a connection lost during the upload is.
fn is_retry_useful(error: &ClientError, retries: u32) -> bool {
    match error {
        ClientError::Unreachable { connecting, .. } => !connecting || retries > 0,
        ClientError::Refused(refusal) if refusal.body.error_code == "IDEMPOTENCY_IN_PROGRESS" => {
            true
        }
        error => error.is_passing(),
    }
}

fn is_repeated(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused(refusal) if refusal.body.error_code == "ALREADY_IMPORTED")
}

fn interrupted(sent: bool) -> Error {
    if sent {
        Error::new(ExitCode::Interrupted, "stopped before the server answered")
            .hint("the import may continue: check with `pm imports list`")
    } else {
        Error::new(
            ExitCode::Interrupted,
            "stopped while sending: nothing was imported",
        )
    }
}
