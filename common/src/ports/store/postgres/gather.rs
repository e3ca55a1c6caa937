//! Questions that come while others are being answered wait a moment and are answered together:
//! one trip to the server for all of them. No timer holds anything back: a question that comes when
//! nothing is under way leaves at once.

use std::{fmt, sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::timeout,
};

use super::failure::unavailable;
use crate::domain::error::Result;

/// Questions answered together at most.
const MOST: usize = 256;
/// Questions that may wait; more callers wait to ask.
const QUEUE: usize = 4096;

/// A question and whom to answer.
#[derive(Debug)]
pub(super) struct Waiting<Q, A> {
    pub question: Q,
    reply: oneshot::Sender<Result<A>>,
}

impl<Q, A> Waiting<Q, A> {
    /// Answers. Someone who went away does not need it.
    pub(super) fn answer(self, answer: Result<A>) {
        let _ = self.reply.send(answer);
    }
}

/// The place where questions wait. The work ends when it is dropped.
pub(super) struct Gather<Q, A> {
    questions: mpsc::Sender<Waiting<Q, A>>,
    deadline: Duration,
}

impl<Q, A> fmt::Debug for Gather<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").finish_non_exhaustive()
    }
}

impl<Q: Send + 'static, A: Send + 'static> Gather<Q, A> {
    /// `flights`: how many groups are under way at most. `fly` answers every question of a group.
    pub(super) fn new<F>(
        flights: usize,
        deadline: Duration,
        fly: impl Fn(Vec<Waiting<Q, A>>) -> F + Clone + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send,
    {
        let (questions, waiting) = mpsc::channel::<Waiting<Q, A>>(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..flights {
            let (waiting, fly) = (Arc::clone(&waiting), fly.clone());
            tokio::spawn(async move {
                loop {
                    let mut group = Vec::new();
                    if waiting.lock().await.recv_many(&mut group, MOST).await == 0 {
                        return;
                    }
                    // Whoever was told that it took too long must not be surprised later.
                    group.retain(|waiting| !waiting.reply.is_closed());
                    if !group.is_empty() {
                        fly(group).await;
                    }
                }
            });
        }
        Self {
            questions,
            deadline,
        }
    }

    /// Waits for the answer, until the deadline.
    pub(super) async fn ask(&self, question: Q) -> Result<A> {
        let (reply, answer) = oneshot::channel();
        let asking = async {
            let waiting = Waiting { question, reply };
            self.questions.send(waiting).await.ok()?;
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
