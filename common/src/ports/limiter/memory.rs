//! The limiter inside one process.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use async_trait::async_trait;

use super::{
    Limiter, RateBucket, RateDecision,
    sliding_window::{PerSeller, SlidingWindow},
};
use crate::config::RateLimits;
use crate::domain::{clock, error::Result, seller::SellerId};
use crate::unpoisoned::unpoisoned;

#[derive(Debug)]
struct MemoryLimiter {
    limits: RateLimits,
    windows: Mutex<PerSeller<SlidingWindow>>,
}

pub(super) fn connect(limits: RateLimits) -> Arc<dyn Limiter> {
    Arc::new(MemoryLimiter {
        limits,
        windows: Mutex::new(PerSeller::new()),
    })
}

#[async_trait]
impl Limiter for MemoryLimiter {
    async fn check(&self, seller: &SellerId, bucket: RateBucket) -> Result<RateDecision> {
        let limit = bucket.limit(self.limits);
        let mut windows = unpoisoned(self.windows.lock());
        let (now, clock_now) = (Instant::now(), clock::now());
        let window = windows.of(seller, bucket, now);
        let count = window.count(bucket, limit, now);
        Ok(count.decision(limit, clock_now))
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }
}
