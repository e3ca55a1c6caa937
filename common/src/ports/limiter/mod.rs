//! Port: sliding-window rate limits per seller. Exact: no interleaving admits more requests than the
//! limit in any window; rejected requests do not count.

mod memory;
mod redis;
mod sliding_window;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    config::{LimiterConfig, RateLimits},
    domain::{clock::Timestamp, error::Result, seller::SellerId},
};

/// Opens the configured engine.
pub async fn connect(config: &LimiterConfig) -> Result<Arc<dyn Limiter>> {
    match config {
        LimiterConfig::Memory { limits } => Ok(memory::connect(*limits)),
        LimiterConfig::Redis { redis, limits } => self::redis::connect(redis, *limits).await,
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RateBucket {
    /// Every request but imports, per second.
    Standard,
    /// Imports, per minute.
    Bulk,
}

impl RateBucket {
    /// The length of the window.
    pub const fn window(self) -> Duration {
        match self {
            Self::Standard => Duration::from_secs(1),
            Self::Bulk => Duration::from_secs(60),
        }
    }

    /// The window as clients see it.
    pub const fn window_text(self) -> &'static str {
        match self {
            Self::Standard => "1s",
            Self::Bulk => "1m",
        }
    }

    /// Requests admitted per window.
    pub const fn limit(self, limits: RateLimits) -> u32 {
        match self {
            Self::Standard => limits.standard,
            Self::Bulk => limits.bulk,
        }
    }
}

/// The decision on one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateDecision {
    pub admitted: bool,
    pub limit: u32,
    /// Requests that would be admitted right now after this one.
    pub remaining: u32,
    /// When a slot frees: the oldest counted request plus the window, rounded up by at most 2 ms.
    pub resets_at: Timestamp,
}

#[async_trait]
pub trait Limiter: Send + Sync + std::fmt::Debug {
    /// Counts a request if it is admitted.
    async fn check(&self, seller: &SellerId, bucket: RateBucket) -> Result<RateDecision>;

    /// One cheap round trip.
    async fn ping(&self) -> Result<()>;
}
