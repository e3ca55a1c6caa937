//! Sliding windows inside one process: the moments of the admitted requests. Pure.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use super::{Bucket, Decision};
use crate::domain::{clock::Timestamp, seller::SellerId};

/// Windows kept before the empty ones are looked for.
const SWEEP_FROM: usize = 1024;
/// The clock's time and the wait are both cut to milliseconds; with this, whoever comes back at
/// `resets_at` is not a moment early.
pub(super) const ROUNDING: Duration = Duration::from_millis(2);

/// What is known of each seller and bucket, as long as it matters.
#[derive(Debug)]
pub(super) struct PerSeller<V> {
    by_key: HashMap<(SellerId, Bucket), V>,
    sweep_at: usize,
}

/// What stops to matter with time.
pub(super) trait Fades {
    /// Whether it is as good as new at `now`.
    fn has_faded(&mut self, bucket: Bucket, now: Instant) -> bool;
}

impl<V: Default + Fades> PerSeller<V> {
    pub(super) fn new() -> Self {
        Self {
            by_key: HashMap::new(),
            sweep_at: SWEEP_FROM,
        }
    }

    /// What is known at `now`, which never goes back between calls.
    pub(super) fn of(&mut self, seller: &SellerId, bucket: Bucket, now: Instant) -> &mut V {
        self.sweep(now);
        self.by_key.entry((seller.clone(), bucket)).or_default()
    }

    /// Drops what has faded each time the number has doubled, so that memory follows the sellers
    /// that are active, at a constant cost per request.
    fn sweep(&mut self, now: Instant) {
        if self.by_key.len() < self.sweep_at {
            return;
        }
        self.by_key
            .retain(|(_, bucket), value| !value.has_faded(*bucket, now));
        self.sweep_at = (self.by_key.len() * 2).max(SWEEP_FROM);
    }
}

/// The moments of the requests that count, oldest first. Times never go back between calls.
#[derive(Debug, Default)]
pub(super) struct Window(VecDeque<Instant>);

/// What became of one request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) admitted: bool,
    pub(super) remaining: u32,
    /// Until the oldest counted request leaves its window.
    pub(super) frees_in: Duration,
}

impl Count {
    pub(super) fn decision(self, limit: u32, clock_now: Timestamp) -> Decision {
        Decision {
            admitted: self.admitted,
            limit,
            remaining: self.remaining,
            resets_at: clock_now.plus(self.frees_in + ROUNDING),
        }
    }
}

impl Window {
    /// Counts a request if it fits.
    pub(super) fn count(&mut self, bucket: Bucket, limit: u32, now: Instant) -> Count {
        let counted = self.live(bucket, now);
        let admitted = counted < limit;
        if admitted {
            self.record(now);
        }
        Count {
            admitted,
            remaining: limit.saturating_sub(counted + u32::from(admitted)),
            frees_in: self.frees_in(bucket, now),
        }
    }

    /// Counts a request that is admitted anyway.
    pub(super) fn record(&mut self, now: Instant) {
        self.0.push_back(now);
    }

    /// How many requests count. Each does until its window has fully passed.
    pub(super) fn live(&mut self, bucket: Bucket, now: Instant) -> u32 {
        let passed = |at: &Instant| now.duration_since(*at) >= bucket.window();
        while self.0.front().is_some_and(passed) {
            self.0.pop_front();
        }
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// Until the oldest request leaves; a whole window when there is none.
    pub(super) fn frees_in(&self, bucket: Bucket, now: Instant) -> Duration {
        let oldest = self.0.front().copied().unwrap_or(now);
        bucket.window().saturating_sub(now.duration_since(oldest))
    }
}

impl Fades for Window {
    fn has_faded(&mut self, bucket: Bucket, now: Instant) -> bool {
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
            let mut counted_here = Window::default();
            let window = Bucket::Standard.window();
            let mut now = Instant::now();
            let mut admitted: Vec<Instant> = Vec::new();
            for step in steps {
                now += Duration::from_millis(step);
                let live = |at: &&Instant| now.duration_since(**at) < window;
                let counted = u32::try_from(admitted.iter().filter(live).count()).unwrap();
                let count = counted_here.count(Bucket::Standard, limit, now);
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
    fn a_slot_frees_exactly_when_it_says() {
        let mut window = Window::default();
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut count = |now| window.count(Bucket::Standard, 2, now);
        assert!(count(at(0)).admitted && count(at(400)).admitted);
        let refused = count(at(600));
        assert_eq!((refused.admitted, refused.remaining), (false, 0));
        let frees = at(600) + refused.frees_in;
        assert!(!count(frees.checked_sub(Duration::from_nanos(1)).unwrap()).admitted);
        assert!(count(frees).admitted);
        assert!(!count(at(1399)).admitted);
    }

    #[test]
    fn forgets_sellers_that_went_away() {
        let mut windows = PerSeller::<Window>::new();
        let start = Instant::now();
        for number in 0..20_000 {
            // A thousand sellers are active within any one second.
            let now = start + Duration::from_millis(u64::try_from(number).unwrap());
            let window = windows.of(&seller(number), Bucket::Standard, now);
            assert!(window.count(Bucket::Standard, 5, now).admitted);
            assert!(windows.by_key.len() <= 2 * SWEEP_FROM);
        }
    }
}
