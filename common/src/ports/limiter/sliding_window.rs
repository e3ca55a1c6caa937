//! Sliding windows inside one process: the times of the admitted requests. Pure.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use super::{RateBucket, RateDecision};
use crate::domain::{clock::Timestamp, seller::SellerId};

/// Below this number of entries expired ones are not swept.
const MIN_SWEEP_ENTRIES: usize = 1024;
/// The clock's time and the wait are both cut to milliseconds; with this, a client that returns at
/// `resets_at` is never too early.
pub(super) const RESET_ROUNDING: Duration = Duration::from_millis(2);

/// A value for each seller and bucket, until it expires.
#[derive(Debug)]
pub(super) struct PerSeller<V> {
    by_key: HashMap<(SellerId, RateBucket), V>,
    sweep_at: usize,
}

/// A value that expires.
pub(super) trait Expires {
    /// Whether it is no different from a new one at `now`.
    fn is_expired(&mut self, bucket: RateBucket, now: Instant) -> bool;
}

impl<V: Default + Expires> PerSeller<V> {
    pub(super) fn new() -> Self {
        Self {
            by_key: HashMap::new(),
            sweep_at: MIN_SWEEP_ENTRIES,
        }
    }

    /// The value at `now`, which never goes back between calls.
    pub(super) fn of(&mut self, seller: &SellerId, bucket: RateBucket, now: Instant) -> &mut V {
        self.sweep(now);
        self.by_key.entry((seller.clone(), bucket)).or_default()
    }

    /// Drops expired values each time their number has doubled, so that memory follows the active
    /// sellers, at a constant cost per request.
    fn sweep(&mut self, now: Instant) {
        if self.by_key.len() < self.sweep_at {
            return;
        }
        self.by_key
            .retain(|(_, bucket), value| !value.is_expired(*bucket, now));
        self.sweep_at = (self.by_key.len() * 2).max(MIN_SWEEP_ENTRIES);
    }
}

/// The times of the requests that count, oldest first. Times never go back between calls.
#[derive(Debug, Default)]
pub(super) struct SlidingWindow(VecDeque<Instant>);

/// The decision on one request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WindowDecision {
    pub(super) admitted: bool,
    pub(super) remaining: u32,
    /// Until the oldest counted request leaves its window.
    pub(super) frees_in: Duration,
}

impl WindowDecision {
    pub(super) fn decision(self, limit: u32, clock_now: Timestamp) -> RateDecision {
        RateDecision {
            admitted: self.admitted,
            limit,
            remaining: self.remaining,
            resets_at: clock_now.plus(self.frees_in + RESET_ROUNDING),
        }
    }
}

impl SlidingWindow {
    /// Counts a request if it fits.
    pub(super) fn count(&mut self, bucket: RateBucket, limit: u32, now: Instant) -> WindowDecision {
        let counted = self.live(bucket, now);
        let admitted = counted < limit;
        if admitted {
            self.record(now);
        }
        WindowDecision {
            admitted,
            remaining: limit.saturating_sub(counted + u32::from(admitted)),
            frees_in: self.frees_in(bucket, now),
        }
    }

    /// Counts a request that Redis has admitted.
    pub(super) fn record(&mut self, now: Instant) {
        self.0.push_back(now);
    }

    /// The number of requests that count: each does until its window has fully passed.
    pub(super) fn live(&mut self, bucket: RateBucket, now: Instant) -> u32 {
        let passed = |at: &Instant| now.duration_since(*at) >= bucket.window();
        while self.0.front().is_some_and(passed) {
            self.0.pop_front();
        }
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// Until the oldest request leaves; a whole window when there is none.
    pub(super) fn frees_in(&self, bucket: RateBucket, now: Instant) -> Duration {
        let oldest = self.0.front().copied().unwrap_or(now);
        bucket.window().saturating_sub(now.duration_since(oldest))
    }
}

impl Expires for SlidingWindow {
    fn is_expired(&mut self, bucket: RateBucket, now: Instant) -> bool {
        self.live(bucket, now) == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seller(number: usize) -> SellerId {
        SellerId::parse(&format!("seller-{number}")).unwrap()
    }

    proptest! {
        /// Against a list of all admitted requests: never one more than the limit in a window,
        /// and never one refused that would have fitted.
        #[test]
        fn is_exact(limit in 0..6_u32, steps in prop::collection::vec(0..700_u64, 1..80)) {
            let mut sliding_window = SlidingWindow::default();
            let window = RateBucket::Standard.window();
            let mut now = Instant::now();
            let mut admitted: Vec<Instant> = Vec::new();
            for step in steps {
                now += Duration::from_millis(step);
                let live = |at: &&Instant| now.duration_since(**at) < window;
                let counted = u32::try_from(admitted.iter().filter(live).count()).unwrap();
                let count = sliding_window.count(RateBucket::Standard, limit, now);
                prop_assert_eq!(count.admitted, counted < limit);
                prop_assert_eq!(
                    count.remaining,
                    limit.saturating_sub(counted + u32::from(count.admitted))
                );
                if count.admitted {
                    admitted.push(now);
                }
                let oldest = admitted.iter().find(live).copied().unwrap_or(now);
                prop_assert_eq!(now + count.frees_in, oldest + window);
            }
        }
    }

    #[test]
    fn a_slot_frees_exactly_at_the_reported_time() {
        let mut window = SlidingWindow::default();
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut count = |now| window.count(RateBucket::Standard, 2, now);
        assert!(count(at(0)).admitted && count(at(400)).admitted);
        let refused = count(at(600));
        assert_eq!((refused.admitted, refused.remaining), (false, 0));
        let frees = at(600) + refused.frees_in;
        assert!(!count(frees.checked_sub(Duration::from_nanos(1)).unwrap()).admitted);
        assert!(count(frees).admitted);
        assert!(!count(at(1399)).admitted);
    }

    #[test]
    fn drops_sellers_that_are_inactive() {
        let mut windows = PerSeller::<SlidingWindow>::new();
        let start = Instant::now();
        for number in 0..20_000 {
            // A thousand sellers are active within any second.
            let now = start + Duration::from_millis(u64::try_from(number).unwrap());
            let window = windows.of(&seller(number), RateBucket::Standard, now);
            assert!(window.count(RateBucket::Standard, 5, now).admitted);
            assert!(windows.by_key.len() <= 2 * MIN_SWEEP_ENTRIES);
        }
    }
}
