//! Questions that come while others are being answered wait a moment and are answered together:
//! one trip to the server for all of them. No timer holds anything back: a request that comes when
//! nothing is under way leaves at once.

use std::{
    collections::BTreeMap,
    fmt,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::{FutureExt, future::join_all};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::{Instant, timeout, timeout_at},
};

use super::failure::{repeated, unavailable};
use crate::domain::{
    error::{Error, Result},
    seller::SellerId,
};

/// Questions answered together at most.
const MAX_BATCH_REQUESTS: usize = 256;
/// Requests that may wait; more callers wait to submit theirs.
const MAX_QUEUED_REQUESTS: usize = 4096;
/// How much longer than for its turn a request waits for the group that has taken it, whose
/// deadline began later. With less than this left it is not taken any more.
const GRACE_TIME: Duration = Duration::from_millis(500);
/// Groups of one seller that are under way at the same time, for each group of the batcher.
pub(super) const MAX_SELLERS_IN_FLIGHT: usize = 4;
/// How long the next group waits for the sellers of this one: a node that hangs holds up its own
/// sellers only.
const MAX_SELLER_WAIT: Duration = Duration::from_millis(200);

/// A request and whom to answer.
#[derive(Debug)]
pub(super) struct PendingRequest<Q, A> {
    pub request: Q,
    /// Until when it waits for its turn.
    until: Instant,
    /// The request is being worked on: it may be done although its caller stops waiting.
    taken: Arc<AtomicBool>,
    reply: oneshot::Sender<Result<A>>,
}

impl<Q, A> PendingRequest<Q, A> {
    /// Takes it to be run, unless it is too late for that or its caller has gone. In this order, so
    /// that one that goes just now knows that it may be run.
    fn take(&self) -> bool {
        if self.until < Instant::now() + GRACE_TIME {
            return false;
        }
        self.taken.store(true, SeqCst);
        !self.reply.is_closed()
    }

    /// Answers. Someone who went away does not need it.
    pub(super) fn respond(self, answer: Result<A>) {
        let _ = self.reply.send(answer);
    }
}

/// The place where requests wait. The work ends when it is dropped.
pub(super) struct Batcher<Q, A> {
    requests: mpsc::Sender<PendingRequest<Q, A>>,
    deadline: Duration,
    lost_answer: fn(String) -> Error,
}

impl<Q, A> fmt::Debug for Batcher<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").finish_non_exhaustive()
    }
}

impl<Q: Send + 'static, A: Send + 'static> Batcher<Q, A> {
    /// `max_in_flight`: how many groups are under way at most. `lost_answer`: what a caller gets whose
    /// request was taken and not answered. `run_batch` answers every request of a group.
    pub(super) fn new<F>(
        max_in_flight: usize,
        deadline: Duration,
        lost_answer: fn(String) -> Error,
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
                    let (group, late): (Vec<_>, Vec<_>) =
                        group.into_iter().partition(PendingRequest::take);
                    for pending in late {
                        pending.respond(Err(unavailable(lateness(deadline))));
                    }
                    // A panic is that of its group; it has been logged, and the group goes unanswered.
                    if !group.is_empty() {
                        let _ = AssertUnwindSafe(run_batch(group)).catch_unwind().await;
                    }
                }
            });
        }
        Self {
            requests,
            deadline,
            lost_answer,
        }
    }

    /// Waits for its turn until the deadline, and for the answer a moment longer.
    pub(super) async fn submit(&self, request: Q) -> Result<A> {
        let (reply, mut answer) = oneshot::channel();
        let taken = Arc::new(AtomicBool::new(false));
        let until = Instant::now() + self.deadline;
        let pending = PendingRequest {
            request,
            until,
            taken: Arc::clone(&taken),
            reply,
        };
        match timeout_at(until, self.requests.send(pending)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(unavailable("the work on it has stopped")),
            Err(_) => return Err(unavailable(lateness(self.deadline))),
        }
        let mut waited = timeout_at(until, &mut answer).await;
        if waited.is_err() && taken.load(SeqCst) {
            waited = timeout_at(until + GRACE_TIME, &mut answer).await;
        }
        // From here on it is not taken any more.
        answer.close();
        let reason = match waited {
            Ok(Ok(answer)) => return answer,
            Ok(Err(_)) => "the work on it has stopped".to_owned(),
            Err(_) => match answer.try_recv() {
                Ok(answer) => return answer,
                Err(_) => lateness(self.deadline),
            },
        };
        Err(if taken.load(SeqCst) {
            (self.lost_answer)(reason)
        } else {
            unavailable(reason)
        })
    }
}

/// Fails a whole group.
pub(super) fn refuse<Q, A>(group: Vec<PendingRequest<Q, A>>, error: &Error) {
    for pending in group {
        pending.respond(Err(repeated(error)));
    }
}

/// Runs a group of several sellers as one group for each of them.
pub(super) async fn run_by_seller<Q: Send + 'static, A: Send + 'static, F>(
    group: Vec<PendingRequest<(SellerId, Q), A>>,
    run_batch: impl Fn(Vec<PendingRequest<(SellerId, Q), A>>) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut sellers = BTreeMap::<SellerId, Vec<_>>::new();
    for pending in group {
        let seller = pending.request.0.clone();
        sellers.entry(seller).or_default().push(pending);
    }
    let running = sellers
        .into_values()
        .map(|group| tokio::spawn(run_batch(group)));
    // Those that take longer go on.
    let _ = timeout(MAX_SELLER_WAIT, join_all(running)).await;
}

fn lateness(deadline: Duration) -> String {
    format!("no answer within {} s", deadline.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red when: the task that runs groups ends with one that panics.
    #[tokio::test]
    async fn a_group_that_panics_is_the_last_of_none() {
        let deadline = Duration::from_secs(30);
        let doubled = Batcher::new(1, deadline, unavailable, |group| async move {
            for pending in group {
                let number: i32 = pending.request;
                assert!(number > 0, "a defect");
                pending.respond(Ok(number * 2));
            }
        });
        assert!(doubled.submit(0).await.is_err());
        assert_eq!(doubled.submit(4).await.unwrap(), 8);
    }
}
