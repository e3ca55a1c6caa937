//! The limiter that all processes on one Redis share: a sorted set per seller and bucket, one
//! script per check, Redis' own clock.
//!
//! Without Redis a process limits by its own windows, at once and as long as the outage lasts:
//!
//! | state | when | decides | local windows |
//! |---|---|---|---|
//! | shared | Redis answers in time | Redis | record what it admits |
//! | local | a check fails or is late, or the link is down | the local windows | count |
//! | both | for one window after the last local admission, and after Redis returned | both have to admit | count what Redis admits |
//!
//! In every state a refusal of Redis is repeated for a while without asking, and in *both* a request
//! that does not fit the local windows is refused before Redis could count it.
//!
//! No change of state lets this process admit more than the limit in any window. The local windows
//! record all it admits, so they know what Redis admitted before an outage; and a Redis that returns
//! may have forgotten everything, so both have to agree. Local windows use the time of the reply, a
//! little later than Redis' own, so they never count too few. During an outage processes do not
//! know what the others admit.

#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use redis::{Script, aio::MultiplexedConnection};

use super::{
    Limiter, RateBucket, RateDecision,
    sliding_window::{Expires, PerSeller, RESET_ROUNDING, SlidingWindow},
};
use crate::{
    config,
    config::RateLimits,
    domain::{
        clock::{self, Timestamp},
        error::Result,
        port::Port,
        seller::SellerId,
    },
    engines::redis_link::{Link, client},
    unpoisoned::unpoisoned,
};

/// How long a request may wait for Redis.
const CHECK_TIMEOUT: Duration = Duration::from_millis(50);
/// How long a refusal is repeated without asking Redis, at most: when an operator deletes a window,
/// that takes effect soon.
const MAX_REFUSAL_AGE: Duration = Duration::from_secs(1);
/// A set outlives its last window by this, so that it never expires too soon.
const EXPIRY_SLACK: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct RedisLimiter {
    limits: RateLimits,
    prefix: String,
    link: Link,
    timeout: Duration,
    script: Script,
    /// Makes the members of a set unique, together with the number of the request.
    process: String,
    requests: AtomicU64,
    local: Mutex<LocalWindows>,
}

/// What this process knows without Redis.
#[derive(Debug)]
struct LocalWindows {
    sellers: PerSeller<SellerState>,
    /// When it last admitted a request without Redis.
    last_local_decision: Option<Instant>,
}

#[derive(Debug, Default)]
struct SellerState {
    /// All requests that this process admitted, by Redis' decision or its own.
    admitted: SlidingWindow,
    refusal: Option<CachedRefusal>,
}

/// A refusal of Redis.
#[derive(Debug, Clone, Copy)]
struct CachedRefusal {
    /// No slot frees before.
    until: Instant,
    resets_at: Timestamp,
}

impl Expires for SellerState {
    fn is_expired(&mut self, bucket: RateBucket, now: Instant) -> bool {
        let is_refused = self.refusal.is_some_and(|refusal| now < refusal.until);
        !is_refused && self.admitted.is_expired(bucket, now)
    }
}

/// The script's reply.
#[derive(Debug, Clone, Copy)]
struct ScriptReply {
    sent_at: Instant,
    admitted: bool,
    /// Before this request.
    counted: u32,
    frees_in: Duration,
}

pub(super) async fn connect(redis: &config::Redis, limits: RateLimits) -> Result<Arc<dyn Limiter>> {
    open(redis, limits, CHECK_TIMEOUT).await
}

/// A limiter with another timeout than `CHECK_TIMEOUT`, for tests.
async fn open(
    redis: &config::Redis,
    limits: RateLimits,
    timeout: Duration,
) -> Result<Arc<dyn Limiter>> {
    Ok(Arc::new(RedisLimiter {
        limits,
        prefix: redis.prefix.clone(),
        link: Link::open(client(Port::Limiter, &redis.server)?, Port::Limiter).await,
        timeout,
        script: Script::new(include_str!("check.lua")),
        process: uuid::Uuid::new_v4().simple().to_string(),
        requests: AtomicU64::new(0),
        local: Mutex::new(LocalWindows {
            sellers: PerSeller::new(),
            last_local_decision: None,
        }),
    }))
}

#[async_trait]
impl Limiter for RedisLimiter {
    async fn check(&self, seller: &SellerId, bucket: RateBucket) -> Result<RateDecision> {
        if let Some(refusal) = self.cached_refusal(seller, bucket) {
            return Ok(refusal);
        }
        match self.ask_redis(seller, bucket).await {
            Ok(reply) => Ok(self.apply_reply(seller, bucket, reply)),
            Err(_) => Ok(self.decide_locally(seller, bucket)),
        }
    }

    async fn ping(&self) -> Result<()> {
        self.link.ping().await
    }
}

impl RedisLimiter {
    fn local(&self) -> MutexGuard<'_, LocalWindows> {
        unpoisoned(self.local.lock())
    }

    /// Whether a request has to fit the local windows too.
    fn needs_local_check(&self, local: &LocalWindows, bucket: RateBucket, now: Instant) -> bool {
        let recent = |at: Instant| now.duration_since(at) < bucket.window();
        local.last_local_decision.is_some_and(recent) || self.link.returned_at().is_some_and(recent)
    }

    /// A refusal that is certain without asking Redis.
    fn cached_refusal(&self, seller: &SellerId, bucket: RateBucket) -> Option<RateDecision> {
        let limit = bucket.limit(self.limits);
        let mut local = self.local();
        let (now, clock_now) = (Instant::now(), clock::now());
        let needs_local_check = self.needs_local_check(&local, bucket, now);
        let seller_state = local.sellers.of(seller, bucket, now);
        let resets_at =
            if let Some(refusal) = seller_state.refusal.filter(|refusal| now < refusal.until) {
                refusal.resets_at
            } else if needs_local_check && seller_state.admitted.live(bucket, now) >= limit {
                // Redis would count a request that is then refused locally.
                clock_now.plus(seller_state.admitted.frees_in(bucket, now) + RESET_ROUNDING)
            } else {
                return None;
            };
        Some(RateDecision {
            admitted: false,
            limit,
            remaining: 0,
            resets_at,
        })
    }

    async fn ask_redis(&self, seller: &SellerId, bucket: RateBucket) -> Result<ScriptReply> {
        let window = bucket.window();
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let mut call = self.script.prepare_invoke();
        call.key(key(&self.prefix, seller, bucket))
            .arg(as_micros(window))
            .arg(bucket.limit(self.limits))
            .arg(format!("{}-{number:x}", self.process))
            .arg(as_micros(window + EXPIRY_SLACK) / 1000);
        let call = |mut connection: MultiplexedConnection| async move {
            call.invoke_async(&mut connection).await
        };
        let sent_at = Instant::now();
        let (admitted, counted, frees_in): (bool, u32, u64) =
            self.link.call(self.timeout, call).await?;
        Ok(ScriptReply {
            sent_at,
            admitted,
            counted,
            frees_in: Duration::from_micros(frees_in),
        })
    }

    /// Follows Redis' decision, unless the local windows have to agree and do not.
    fn apply_reply(
        &self,
        seller: &SellerId,
        bucket: RateBucket,
        reply: ScriptReply,
    ) -> RateDecision {
        let limit = bucket.limit(self.limits);
        let mut local = self.local();
        let (now, clock_now) = (Instant::now(), clock::now());
        let needs_local_check = self.needs_local_check(&local, bucket, now);
        let seller_state = local.sellers.of(seller, bucket, now);
        let counted = reply.counted.saturating_add(u32::from(reply.admitted));
        let mut decision = RateDecision {
            admitted: reply.admitted,
            limit,
            remaining: limit.saturating_sub(counted),
            resets_at: clock_now.plus(reply.frees_in + RESET_ROUNDING),
        };
        if needs_local_check {
            if reply.admitted {
                decision.admitted = seller_state.admitted.count(bucket, limit, now).admitted;
            }
            let left = limit.saturating_sub(seller_state.admitted.live(bucket, now));
            decision.remaining = decision.remaining.min(left);
            if left == 0 {
                let frees_in = seller_state.admitted.frees_in(bucket, now);
                decision.resets_at = decision
                    .resets_at
                    .max(clock_now.plus(frees_in + RESET_ROUNDING));
            }
        } else if reply.admitted {
            seller_state.admitted.record(now);
        }
        if !reply.admitted {
            seller_state.refusal = Some(CachedRefusal {
                // Redis decided after it was asked, so no slot frees before.
                until: reply.sent_at + reply.frees_in.min(MAX_REFUSAL_AGE),
                resets_at: decision.resets_at,
            });
        }
        decision
    }

    /// Redis is unavailable: the local windows decide.
    fn decide_locally(&self, seller: &SellerId, bucket: RateBucket) -> RateDecision {
        let limit = bucket.limit(self.limits);
        let mut local = self.local();
        let (now, clock_now) = (Instant::now(), clock::now());
        let seller_state = local.sellers.of(seller, bucket, now);
        let count = seller_state.admitted.count(bucket, limit, now);
        if count.admitted {
            local.last_local_decision = Some(now);
        }
        count.decision(limit, clock_now)
    }
}

/// The set's name by the contract.
fn key(prefix: &str, seller: &SellerId, bucket: RateBucket) -> String {
    let name = match bucket {
        RateBucket::Standard => "standard",
        RateBucket::Bulk => "bulk",
    };
    format!("{prefix}rate_limit:{seller}:{name}")
}

fn as_micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
