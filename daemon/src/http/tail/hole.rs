//! Something that is missing right behind a client's cursor, and how long it is waited for.

use std::time::Duration;

use pm_common::domain::{
    clock::{self, Timestamp},
    notification::Notification,
};
use tokio::time::Instant;

/// Between two looks, at first and at most.
const LOOK: Duration = Duration::from_millis(5);
const LOOK_MAX: Duration = Duration::from_secs(2);
/// What lies in front of something this old does not come any more.
pub(super) const AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// A hole that was seen.
#[derive(Debug)]
pub(super) struct Hole {
    since: Instant,
    wait: Duration,
}

impl Hole {
    /// Seen just now.
    pub(super) fn new() -> Self {
        Self {
            since: Instant::now(),
            wait: LOOK,
        }
    }

    /// When to look again; `None` when what is missing in front of this one will not come.
    pub(super) fn look_at(&mut self, behind: &Notification, patience: Duration) -> Option<Instant> {
        let now = Instant::now();
        let age = clock::now().since(Timestamp::from_millis(behind.timestamp));
        if now.duration_since(self.since) >= patience || age >= AGE {
            return None;
        }
        let at = now + self.wait;
        self.wait = (self.wait * 2).min(LOOK_MAX).min(patience);
        Some(at)
    }
}
