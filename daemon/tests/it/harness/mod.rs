//! What every test uses: daemons, their clients, streams, samples, polling with a deadline.

mod backup;
mod daemon;
mod engines;
mod namespace;
mod samples;
mod seller;
mod sse;
mod topics;

use std::time::{Duration, Instant};

pub(crate) use self::{
    backup::StoreBackup,
    daemon::TestDaemon,
    engines::TestEngines,
    namespace::{TestNamespace, dynamodb},
    samples::{catalogue, cents, kinds, product, repeated, span},
    seller::{HttpReply, SellerClient, answer, counts, import_as},
    sse::{SseFrame, SseReader},
    topics::{TopicMessage, TopicReader},
};

/// How long anything is waited for. Generous: it is reached only when something is broken.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer; fails with `what` after the deadline.
pub(crate) async fn poll<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(start.elapsed() < DEADLINE, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}

/// Runs `count` tasks at the same time; answers in their order.
pub(crate) async fn concurrently<T: Send + 'static, F>(
    count: usize,
    task: impl Fn(usize) -> F,
) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..count)
        .map(|number| tokio::spawn(task(number)))
        .collect();
    let mut answers = Vec::with_capacity(count);
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}
