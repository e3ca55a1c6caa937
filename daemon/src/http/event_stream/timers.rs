//! When a stream acts without an event from the feed.

use std::time::Duration;

use pm_common::domain::notification::NotificationKind;
use tokio::time::Instant;

/// Between two comments on a quiet stream.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);
/// Between two polls of the inbox: at first, and when nothing was found for a while.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(8);
/// Before the inbox is polled again after an error.
const ERROR_PAUSE: Duration = Duration::from_secs(1);
/// Between two progress reports of an import: two a second.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

/// A stream's deadlines.
#[derive(Debug)]
pub(super) struct StreamTimers {
    poll_at: Instant,
    poll_interval: Duration,
    heartbeat_at: Instant,
    /// When the next progress report may be sent.
    progress_at: Instant,
}

impl StreamTimers {
    /// Of a stream that begins with what is in the inbox, or with what comes.
    pub(super) fn start(polls_at_once: bool) -> Self {
        let now = Instant::now();
        Self {
            poll_at: if polls_at_once {
                now
            } else {
                now + POLL_INTERVAL
            },
            poll_interval: POLL_INTERVAL,
            heartbeat_at: now + HEARTBEAT_INTERVAL,
            progress_at: now,
        }
    }

    /// The first deadline.
    pub(super) fn next(&self) -> Instant {
        self.poll_at.min(self.heartbeat_at)
    }

    pub(super) fn is_poll_due(&self) -> bool {
        self.poll_at <= Instant::now()
    }

    pub(super) fn poll_now(&mut self) {
        self.poll_at = Instant::now();
    }

    pub(super) fn poll_after_error(&mut self) {
        self.poll_at = Instant::now() + ERROR_PAUSE;
    }

    /// By then later reports have joined the one that waits.
    pub(super) fn poll_at_progress(&mut self) {
        self.poll_at = self.progress_at;
    }

    /// Everything in the inbox was sent; less often while nothing is found.
    pub(super) fn poll_later(&mut self, found: bool) {
        self.poll_interval = if found {
            POLL_INTERVAL
        } else {
            (self.poll_interval * 2).min(MAX_POLL_INTERVAL)
        };
        self.poll_at = Instant::now() + self.poll_interval;
    }

    pub(super) fn sent(&mut self, kind: NotificationKind) {
        let now = Instant::now();
        self.poll_interval = POLL_INTERVAL;
        self.poll_at = self.poll_at.min(now + POLL_INTERVAL);
        if kind == NotificationKind::ImportProgress {
            self.progress_at = now + PROGRESS_INTERVAL;
        }
    }

    /// Bytes go out, so that no proxy takes the stream for dead.
    pub(super) fn written(&mut self) {
        self.heartbeat_at = Instant::now() + HEARTBEAT_INTERVAL;
    }

    pub(super) fn is_too_early(&self, kind: NotificationKind) -> bool {
        kind == NotificationKind::ImportProgress && Instant::now() < self.progress_at
    }
}
