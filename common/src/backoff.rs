//! Pauses between attempts: each one longer than the one before, and spread at random, so that many
//! that failed together do not return together.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// The shortest pause that a server can ask for: "at once" is no pause.
const MIN_REQUESTED_PAUSE: Duration = Duration::from_millis(100);

/// The pauses of one caller. Their limit doubles after each, from the first to the longest; a pause
/// takes half to all of it.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    limit: Duration,
}

impl Backoff {
    /// The first pause has the limit `first`.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            limit: first,
        }
    }

    /// Something worked: the next pause is the first again.
    pub const fn reset(&mut self) {
        self.limit = self.first;
    }

    /// The next pause is one of the longest.
    pub const fn skip_to_longest(&mut self) {
        self.limit = self.longest;
    }

    /// The pause before the next attempt.
    pub fn next_pause(&mut self) -> Duration {
        let limit = self.limit;
        self.limit = (limit * 2).min(self.longest);
        jittered(limit)
    }

    /// The pause before the next attempt when a server may have asked for one: that is respected.
    pub fn next_pause_or(&mut self, requested: Option<Duration>) -> Duration {
        let own = self.next_pause();
        requested.map_or(own, |pause| pause.max(MIN_REQUESTED_PAUSE))
    }

    /// Waits for the next pause.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.next_pause()).await;
    }

    /// Waits for the next pause, or returns early when `stop` comes.
    pub async fn wait_unless(&mut self, stop: &CancellationToken) {
        stop.run_until_cancelled(self.wait()).await;
    }
}

/// 50 to 100 % of a limit.
fn jittered(limit: Duration) -> Duration {
    let random = u32::from(uuid::Uuid::new_v4().as_bytes()[0]);
    limit / 2 + limit * random / 512
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(1);

    #[track_caller]
    fn check(pause: Duration, limit: Duration) {
        assert!(pause >= limit / 2 && pause <= limit, "{pause:?}");
    }

    /// Red when: pauses do not grow, grow beyond the longest, or stay long after a success.
    #[test]
    fn pauses_grow_to_a_limit_and_start_over() {
        let mut backoff = Backoff::new(FIRST, LONGEST);
        for limit in [1, 2, 4, 8, 10, 10].map(|tenths| FIRST * tenths) {
            check(backoff.next_pause(), limit);
        }
        backoff.reset();
        check(backoff.next_pause(), FIRST);
        backoff.skip_to_longest();
        check(backoff.next_pause(), LONGEST);
    }

    /// Red when: all pauses are alike, so that callers return at the same moment.
    #[test]
    fn pauses_differ() {
        let pause = || Backoff::new(LONGEST, LONGEST).next_pause();
        let first = pause();
        assert!((0..100).any(|_| pause() != first));
    }

    /// Red when: a server's wish is ignored, or makes attempts follow each other without a pause.
    #[test]
    fn a_requested_pause_is_respected() {
        let mut backoff = Backoff::new(FIRST, LONGEST);
        let minute = Duration::from_secs(60);
        assert_eq!(backoff.next_pause_or(Some(minute)), minute);
        let at_once = backoff.next_pause_or(Some(Duration::ZERO));
        assert_eq!(at_once, MIN_REQUESTED_PAUSE);
        check(backoff.next_pause_or(None), FIRST * 4);
    }
}
