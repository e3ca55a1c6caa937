//! What a seller learns of a request beyond its rate.

use pm_common::{
    domain::clock::Timestamp,
    ports::limiter::{RateBucket, RateDecision},
};

/// A request beyond its seller's rate. The wait is taken once, so that header and body agree.
#[derive(Debug, Clone, Copy)]
pub(super) struct RateRefusal {
    pub(super) bucket: RateBucket,
    pub(super) limit: u32,
    /// Whole seconds until a slot frees, between 1 and the window.
    pub(super) retry_after: u64,
}

impl RateRefusal {
    pub(super) fn new(bucket: RateBucket, decision: &RateDecision, now: Timestamp) -> Self {
        // `resets_at` is rounded up, so that a slot can seem to free later than a window from now.
        let wait = decision.resets_at.since(now).min(bucket.window());
        Self {
            bucket,
            limit: decision.limit,
            retry_after: (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1),
        }
    }

    pub(super) const fn window_name(self) -> &'static str {
        match self.bucket {
            RateBucket::Standard => "second",
            RateBucket::Bulk => "minute",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pm_common::domain::clock;

    use super::*;

    #[test]
    fn a_wait_is_rounded_up_within_the_window() {
        let wait_for = |millis| {
            let now = clock::now();
            let decision = RateDecision {
                admitted: false,
                limit: 5,
                remaining: 0,
                resets_at: now.plus(Duration::from_millis(millis)),
            };
            RateRefusal::new(RateBucket::Bulk, &decision, now).retry_after
        };
        assert_eq!([0, 1_400, 60_002].map(wait_for), [1, 2, 60]);
    }
}
