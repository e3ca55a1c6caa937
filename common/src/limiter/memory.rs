//! The limiter inside one process: the moments of the admitted requests of each window.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;

use super::{Bucket, Decision, Limiter, Limits};
use crate::{clock, error::Result, seller::SellerId};

/// Windows kept before the empty ones are looked for.
const SWEEP_FROM: usize = 1024;
/// The clock's time and the wait are both cut to milliseconds; with this, whoever comes back at
/// `resets_at` is not a moment early.
const ROUNDING: Duration = Duration::from_millis(2);

#[derive(Debug)]
struct MemoryLimiter {
    limits: Limits,
    windows: Mutex<Windows>,
}

#[derive(Debug)]
struct Windows {
    by_key: HashMap<(SellerId, Bucket), VecDeque<Instant>>,
    sweep_at: usize,
}

pub(super) fn connect(limits: Limits) -> Arc<dyn Limiter> {
    Arc::new(MemoryLimiter {
        limits,
        windows: Mutex::new(Windows::new()),
    })
}

#[async_trait]
impl Limiter for MemoryLimiter {
    async fn check(&self, seller: &SellerId, bucket: Bucket) -> Result<Decision> {
        // No holder of the lock can panic halfway through a change.
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, clock_now) = (Instant::now(), clock::now());
        let count = windows.count(seller, bucket, self.limits.of(bucket), now);
        Ok(Decision {
            admitted: count.admitted,
            limit: self.limits.of(bucket),
            remaining: count.remaining,
            resets_at: clock_now.plus(count.frees_in + ROUNDING),
        })
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }
}

/// What became of one request.
#[derive(Debug, PartialEq, Eq)]
struct Count {
    admitted: bool,
    remaining: u32,
    /// Until the oldest counted request leaves its window.
    frees_in: Duration,
}

impl Windows {
    fn new() -> Self {
        Self {
            by_key: HashMap::new(),
            sweep_at: SWEEP_FROM,
        }
    }

    /// Counts a request at `now`, which never goes back between calls.
    fn count(&mut self, seller: &SellerId, bucket: Bucket, limit: u32, now: Instant) -> Count {
        self.sweep(now);
        let window = self.by_key.entry((seller.clone(), bucket)).or_default();
        forget_old(window, bucket, now);
        let counted = u32::try_from(window.len()).unwrap_or(u32::MAX);
        let admitted = counted < limit;
        if admitted {
            window.push_back(now);
        }
        let oldest = window.front().copied().unwrap_or(now);
        Count {
            admitted,
            remaining: limit.saturating_sub(counted + u32::from(admitted)),
            frees_in: bucket.window().saturating_sub(now.duration_since(oldest)),
        }
    }

    /// Drops the empty windows each time their number has doubled, so that memory follows the
    /// sellers that are active, at a constant cost per request.
    fn sweep(&mut self, now: Instant) {
        if self.by_key.len() < self.sweep_at {
            return;
        }
        self.by_key.retain(|(_, bucket), window| {
            forget_old(window, *bucket, now);
            !window.is_empty()
        });
        self.sweep_at = (self.by_key.len() * 2).max(SWEEP_FROM);
    }
}

/// A request counts until its window has fully passed.
fn forget_old(window: &mut VecDeque<Instant>, bucket: Bucket, now: Instant) {
    while window
        .front()
        .is_some_and(|at| now.duration_since(*at) >= bucket.window())
    {
        window.pop_front();
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
            let (mut windows, seller) = (Windows::new(), seller(1));
            let window = Bucket::Standard.window();
            let mut now = Instant::now();
            let mut admitted: Vec<Instant> = Vec::new();
            for step in steps {
                now += Duration::from_millis(step);
                let live = |at: &&Instant| now.duration_since(**at) < window;
                let counted = u32::try_from(admitted.iter().filter(live).count()).unwrap();
                let count = windows.count(&seller, Bucket::Standard, limit, now);
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
        let (mut windows, seller) = (Windows::new(), seller(1));
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut count = |now| windows.count(&seller, Bucket::Standard, 2, now);
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
        let mut windows = Windows::new();
        let start = Instant::now();
        for number in 0..20_000 {
            // A thousand sellers are active within any one second.
            let now = start + Duration::from_millis(u64::try_from(number).unwrap());
            windows.count(&seller(number), Bucket::Standard, 5, now);
            assert!(windows.by_key.len() <= 2 * SWEEP_FROM);
        }
    }
}
