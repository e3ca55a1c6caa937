//! Questions that come while others are being answered wait a moment and are answered together:
//! one trip to the server for all of them. No timer holds anything back: a request that comes when
//! nothing is under way leaves at once.

use std::{fmt, sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::timeout,
};

use super::failure::unavailable;
use crate::domain::error::Result;

/// Questions answered together at most.
const MAX_BATCH_REQUESTS: usize = 256;
/// Requests that may wait; more callers wait to submit theirs.
const MAX_QUEUED_REQUESTS: usize = 4096;

/// A request and whom to answer.
#[derive(Debug)]
pub(super) struct PendingRequest<Q, A> {
    pub request: Q,
    reply: oneshot::Sender<Result<A>>,
}

impl<Q, A> PendingRequest<Q, A> {
    /// Answers. Someone who went away does not need it.
    pub(super) fn respond(self, answer: Result<A>) {
        let _ = self.reply.send(answer);
    }
}

/// The place where requests wait. The work ends when it is dropped.
pub(super) struct Batcher<Q, A> {
    requests: mpsc::Sender<PendingRequest<Q, A>>,
    deadline: Duration,
}

impl<Q, A> fmt::Debug for Batcher<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").finish_non_exhaustive()
    }
}

impl<Q: Send + 'static, A: Send + 'static> Batcher<Q, A> {
    /// `max_in_flight`: how many groups are under way at most. `run_batch` answers every request of a group.
    pub(super) fn new<F>(
        max_in_flight: usize,
        deadline: Duration,
        run_batch: impl Fn(Vec<PendingRequest<Q, A>>) -> F + Clone + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send,
    {
        let (requests, waiting) = mpsc::channel::<PendingRequest<Q, A>>(MAX_QUEUED_REQUESTS);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..max_in_flight {
            let (waiting, run_batch) = (Arc::clone(&waiting), run_batch.clone());
            tokio::spawn(async move {
                loop {
                    let mut group = Vec::new();
                    if waiting
                        .lock()
                        .await
                        .recv_many(&mut group, MAX_BATCH_REQUESTS)
                        .await
                        == 0
                    {
                        return;
                    }
                    // A caller that timed out has gone: its request must not be run later.
                    group.retain(|waiting| !waiting.reply.is_closed());
                    if !group.is_empty() {
                        run_batch(group).await;
                    }
                }
            });
        }
        Self { requests, deadline }
    }

    /// Waits for the answer, until the deadline.
    pub(super) async fn submit(&self, request: Q) -> Result<A> {
        let (reply, answer) = oneshot::channel();
        let asking = async {
            let waiting = PendingRequest { request, reply };
            self.requests.send(waiting).await.ok()?;
            answer.await.ok()
        };
        match timeout(self.deadline, asking).await {
            Ok(answer) => answer.unwrap_or_else(|| Err(unavailable("the work on it has stopped"))),
            Err(_) => {
                let seconds = self.deadline.as_secs();
                Err(unavailable(format!("no answer within {seconds} s")))
            }
        }
    }
}
