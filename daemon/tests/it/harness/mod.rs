//! What every test stands on: daemons, the sellers who talk to them, streams, samples, patience.

mod corner;
mod daemon;
mod engines;
mod frames;
mod log;
mod samples;
mod seller;

use std::time::{Duration, Instant};

pub(crate) use self::{
    corner::Corner,
    daemon::Daemon,
    engines::Engines,
    frames::{Frame, Frames},
    log::{Log, Message},
    samples::{catalogue, cents, kinds, product, span},
    seller::{Reply, Seller, answer},
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
pub(crate) async fn together<T: Send + 'static, F>(
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
