//! Background tasks that have to run as long as the daemon does. One that ends before it is asked to,
//! by a panic or by itself, is logged, counted and started again.

use std::{future::Future, time::Duration};

use pm_common::backoff::Backoff;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Between the end of a task and its next start, at first and at most.
const FIRST_RESTART_PAUSE: Duration = Duration::from_millis(200);
const MAX_RESTART_PAUSE: Duration = Duration::from_secs(30);

/// Starts `task` and keeps it running until `stop`.
pub(crate) fn keep_running<F>(
    tasks: &TaskTracker,
    name: &'static str,
    stop: &CancellationToken,
    task: impl Fn() -> F + Send + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let stop = stop.clone();
    tasks.spawn(async move {
        let mut backoff = Backoff::new(FIRST_RESTART_PAUSE, MAX_RESTART_PAUSE);
        loop {
            let ended = tokio::spawn(task()).await;
            if stop.is_cancelled() {
                return;
            }
            let reason = match ended {
                Ok(()) => "it returned".to_owned(),
                Err(error) => error.to_string(),
            };
            tracing::error!(
                task = name,
                reason,
                "a background task ended and is started again"
            );
            metrics::counter!("pmd_task_restarts_total", "task" => name).increment(1);
            backoff.wait_unless(&stop).await;
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    /// Red when: a task that panics stays dead, or one that was stopped is started again.
    #[tokio::test]
    async fn a_task_that_panics_is_started_again_until_the_stop() {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let starts = Arc::new(AtomicUsize::new(0));
        let (counted, stopped) = (Arc::clone(&starts), stop.clone());
        keep_running(&tasks, "test", &stop, move || {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            let stop = stopped.clone();
            async move {
                assert!(number > 1, "the first two panic");
                stop.cancelled().await;
            }
        });
        tasks.close();
        let third = async {
            while starts.load(Ordering::SeqCst) < 3 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let deadline = Duration::from_secs(30);
        tokio::time::timeout(deadline, third).await.unwrap();
        stop.cancel();
        tasks.wait().await;
        assert_eq!(starts.load(Ordering::SeqCst), 3);
    }
}
