//! Waiting longer after each failure in a row.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Doubles from `first` to `cap`.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    cap: Duration,
    next: Duration,
}

impl Backoff {
    /// The first wait takes `first`.
    pub(crate) const fn new(first: Duration, cap: Duration) -> Self {
        Self {
            first,
            cap,
            next: first,
        }
    }

    /// Something worked: start over.
    pub(crate) const fn reset(&mut self) {
        self.next = self.first;
    }

    /// Waits, or returns early when `stop` comes.
    pub(crate) async fn wait(&mut self, stop: &CancellationToken) {
        let pause = self.next;
        self.next = (pause * 2).min(self.cap);
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
