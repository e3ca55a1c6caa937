//! The limiter inside one process: the moments of the admitted requests of each window.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use async_trait::async_trait;

use super::{Bucket, Decision, Limiter, Limits};
use crate::{clock, error::Result, seller::SellerId};

/// Windows kept before the empty ones are looked for.
const SWEEP_FROM: usize = 1024;

#[derive(Debug)]
struct MemoryLimiter {
    limits: Limits,
    windows: Mutex<Windows>,
}

#[derive(Debug, Default)]
struct Windows {
    by_key: HashMap<(SellerId, Bucket), VecDeque<Instant>>,
    sweep_at: usize,
}

pub(super) fn connect(limits: Limits) -> Arc<dyn Limiter> {
    let windows = Windows {
        by_key: HashMap::new(),
        sweep_at: SWEEP_FROM,
    };
    Arc::new(MemoryLimiter {
        limits,
        windows: Mutex::new(windows),
    })
}

#[async_trait]
impl Limiter for MemoryLimiter {
    async fn check(&self, seller: &SellerId, bucket: Bucket) -> Result<Decision> {
        let limit = self.limits.of(bucket);
        // No holder of the lock can panic halfway through a change.
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, clock_now) = (Instant::now(), clock::now());
        windows.sweep(now);
        let admitted = windows.by_key.entry((seller.clone(), bucket)).or_default();
        forget_old(admitted, bucket, now);
        let counted = u32::try_from(admitted.len()).unwrap_or(u32::MAX);
        let admit = counted < limit;
        if admit {
            admitted.push_back(now);
        }
        let oldest = admitted.front().copied().unwrap_or(now);
        let age = now.duration_since(oldest);
        Ok(Decision {
            admitted: admit,
            limit,
            remaining: limit.saturating_sub(counted + u32::from(admit)),
            resets_at: clock_now.plus(bucket.window().saturating_sub(age)),
        })
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }
}

/// A request counts until its window has fully passed.
fn forget_old(admitted: &mut VecDeque<Instant>, bucket: Bucket, now: Instant) {
    while admitted
        .front()
        .is_some_and(|at| now.duration_since(*at) >= bucket.window())
    {
        admitted.pop_front();
    }
}

impl Windows {
    /// Drops the empty windows each time their number has doubled, so that memory follows the
    /// sellers that are active, at a constant cost per request.
    fn sweep(&mut self, now: Instant) {
        if self.by_key.len() < self.sweep_at {
            return;
        }
        self.by_key.retain(|(_, bucket), admitted| {
            forget_old(admitted, *bucket, now);
            !admitted.is_empty()
        });
        self.sweep_at = (self.by_key.len() * 2).max(SWEEP_FROM);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn admits_exactly_the_limit_from_many_tasks() {
        let limiter = connect(Limits {
            standard: 1000,
            bulk: 5,
        });
        let seller = SellerId::parse("seller-1").unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..64 {
            let (limiter, seller) = (Arc::clone(&limiter), seller.clone());
            tasks
                .spawn(async move { limiter.check(&seller, Bucket::Bulk).await.unwrap().admitted });
        }
        let admitted = tasks
            .join_all()
            .await
            .into_iter()
            .filter(|admitted| *admitted)
            .count();
        assert_eq!(admitted, 5);
        let decision = limiter.check(&seller, Bucket::Bulk).await.unwrap();
        assert_eq!(
            (decision.admitted, decision.remaining, decision.limit),
            (false, 0, 5)
        );
        assert!(decision.resets_at > clock::now());
        let other = SellerId::parse("seller-2").unwrap();
        assert_eq!(
            limiter.check(&other, Bucket::Bulk).await.unwrap().remaining,
            4
        );
    }
}
