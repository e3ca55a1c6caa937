//! A write on its way through the writer, with whom to answer.

use std::panic::AssertUnwindSafe;

use futures_util::{FutureExt, future::BoxFuture};
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use super::unavailable;
use crate::domain::{
    error::{Error, Result},
    port::Port,
};

/// A write that waits for its turn; `run` comes once, then `finish`.
pub(super) trait WriteJob: Send {
    /// Does the work and says whether its changes may stay.
    fn run<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> BoxFuture<'a, bool>;
    /// Whether the engine failed at it.
    fn was_not_stored(&self) -> bool;
    /// Answers the caller, with the error of the commit if it failed.
    fn finish(self: Box<Self>, commit_error: Option<&str>);
}

pub(super) struct PendingWrite<T, F> {
    pub port: Port,
    pub work: Option<F>,
    pub result: Option<Result<T>>,
    pub reply: oneshot::Sender<Result<T>>,
}

impl<T, F> WriteJob for PendingWrite<T, F>
where
    T: Send,
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T>> + Send,
{
    fn run<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            if let Some(work) = self.work.take() {
                // A defect in one job must not stop the writer of all.
                let run = async move { work(connection).await };
                self.result = AssertUnwindSafe(run).catch_unwind().await.ok();
            }
            matches!(self.result, Some(Ok(_)))
        })
    }

    fn was_not_stored(&self) -> bool {
        matches!(self.result, Some(Err(Error::Unavailable { .. })))
    }

    fn finish(self: Box<Self>, commit_error: Option<&str>) {
        let answer = match (self.result, commit_error) {
            (Some(Ok(_)) | None, Some(reason)) => Err(unavailable(self.port, reason)),
            (Some(result), _) => result,
            (None, None) => Err(unavailable(self.port, "the write did not finish")),
        };
        // A caller that went away does not need its answer.
        let _ = self.reply.send(answer);
    }
}
