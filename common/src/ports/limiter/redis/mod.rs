//! The limiter that all processes on one Redis share: a sorted set per seller and bucket, one
//! script per check, Redis' own clock.
//!
//! Without Redis a process limits by itself, at once and for as long as it takes. No switch lets
//! this process admit more than the limit in any window: its own windows record whatever it
//! admits, so they know what Redis admitted before; and for one window after the last decision
//! without Redis, and after the return of a Redis that may have forgotten everything, a request
//! has to fit both. Their moments are those of the answers, a little later than Redis' own, so
//! they never count too little. What processes admit beside each other during an outage, they do
//! not know of each other.

#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use redis::{Script, aio::MultiplexedConnection};

use super::{
    Bucket, Decision, Limiter, Limits,
    windows::{Fades, PerSeller, ROUNDING, Window},
};
use crate::{
    config,
    domain::{
        clock::{self, Timestamp},
        error::Result,
        seller::SellerId,
    },
    engines::redis_link::{Link, client},
};

/// What a request may wait for Redis.
const DEADLINE: Duration = Duration::from_millis(50);
/// How long a refusal is repeated without asking Redis, at most: a window that an operator deletes
/// has its effect soon.
const REPEATED: Duration = Duration::from_secs(1);
/// A set outlives its last window by this: it must not go a moment too soon.
const EXPIRY_SLACK: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct RedisLimiter {
    limits: Limits,
    prefix: String,
    link: Link,
    deadline: Duration,
    script: Script,
    /// No two requests are the same member of a set: the process and a number in it.
    process: String,
    requests: AtomicU64,
    local: Mutex<Local>,
}

/// What this process knows by itself.
#[derive(Debug)]
struct Local {
    sellers: PerSeller<Known>,
    /// When it last admitted someone without Redis.
    alone_at: Option<Instant>,
}

#[derive(Debug, Default)]
struct Known {
    /// Every request that this process admitted, whoever decided.
    admitted: Window,
    full: Option<Full>,
}

/// A refusal of Redis.
#[derive(Debug, Clone, Copy)]
struct Full {
    /// No slot frees before.
    until: Instant,
    resets_at: Timestamp,
}

impl Fades for Known {
    fn has_faded(&mut self, bucket: Bucket, now: Instant) -> bool {
        let full = self.full.is_some_and(|full| now < full.until);
        !full && self.admitted.has_faded(bucket, now)
    }
}

/// The script's answer.
#[derive(Debug, Clone, Copy)]
struct Answer {
    asked_at: Instant,
    admitted: bool,
    /// Before this request.
    counted: u32,
    frees_in: Duration,
}

pub(super) async fn connect(redis: &config::Redis, limits: Limits) -> Result<Arc<dyn Limiter>> {
    open(redis, limits, DEADLINE).await
}

/// A limiter whose requests wait for Redis as long as the deadline says.
async fn open(
    redis: &config::Redis,
    limits: Limits,
    deadline: Duration,
) -> Result<Arc<dyn Limiter>> {
    Ok(Arc::new(RedisLimiter {
        limits,
        prefix: redis.prefix.clone(),
        link: Link::open(client(&redis.server)?, "limiter").await,
        deadline,
        script: Script::new(include_str!("check.lua")),
        process: uuid::Uuid::new_v4().simple().to_string(),
        requests: AtomicU64::new(0),
        local: Mutex::new(Local {
            sellers: PerSeller::new(),
            alone_at: None,
        }),
    }))
}

#[async_trait]
impl Limiter for RedisLimiter {
    async fn check(&self, seller: &SellerId, bucket: Bucket) -> Result<Decision> {
        if let Some(refusal) = self.known_refusal(seller, bucket) {
            return Ok(refusal);
        }
        match self.ask(seller, bucket).await {
            Ok(answer) => Ok(self.follow(seller, bucket, answer)),
            Err(_) => Ok(self.decide_alone(seller, bucket)),
        }
    }

    async fn ping(&self) -> Result<()> {
        self.link.ping().await
    }
}

impl RedisLimiter {
    /// No holder of the lock can panic halfway through a change.
    fn local(&self) -> MutexGuard<'_, Local> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a request has to fit this process' own windows too.
    fn doubts_redis(&self, local: &Local, bucket: Bucket, now: Instant) -> bool {
        let recent = |at: Instant| now.duration_since(at) < bucket.window();
        local.alone_at.is_some_and(recent) || self.link.returned_at().is_some_and(recent)
    }

    /// A refusal that is certain without asking.
    fn known_refusal(&self, seller: &SellerId, bucket: Bucket) -> Option<Decision> {
        let limit = self.limits.of(bucket);
        let mut local = self.local();
        let (now, clock_now) = (Instant::now(), clock::now());
        let doubt = self.doubts_redis(&local, bucket, now);
        let known = local.sellers.of(seller, bucket, now);
        let resets_at = if let Some(full) = known.full.filter(|full| now < full.until) {
            full.resets_at
        } else if doubt && known.admitted.live(bucket, now) >= limit {
            // Redis would count a request that is then refused here.
            clock_now.plus(known.admitted.frees_in(bucket, now) + ROUNDING)
        } else {
            return None;
        };
        Some(Decision {
            admitted: false,
            limit,
            remaining: 0,
            resets_at,
        })
    }

    async fn ask(&self, seller: &SellerId, bucket: Bucket) -> Result<Answer> {
        let window = bucket.window();
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let mut call = self.script.prepare_invoke();
        call.key(key(&self.prefix, seller, bucket))
            .arg(micros(window))
            .arg(self.limits.of(bucket))
            .arg(format!("{}-{number:x}", self.process))
            .arg(micros(window + EXPIRY_SLACK) / 1000);
        let call = |mut connection: MultiplexedConnection| async move {
            call.invoke_async(&mut connection).await
        };
        let asked_at = Instant::now();
        let (admitted, counted, frees_in): (bool, u32, u64) =
            self.link.call(self.deadline, call).await?;
        Ok(Answer {
            asked_at,
            admitted,
            counted,
            frees_in: Duration::from_micros(frees_in),
        })
    }

    /// Does as Redis says, as far as this process' own windows allow it when they have a say.
    fn follow(&self, seller: &SellerId, bucket: Bucket, answer: Answer) -> Decision {
        let limit = self.limits.of(bucket);
        let mut local = self.local();
        let (now, clock_now) = (Instant::now(), clock::now());
        let doubt = self.doubts_redis(&local, bucket, now);
        let known = local.sellers.of(seller, bucket, now);
        let counted = answer.counted.saturating_add(u32::from(answer.admitted));
        let mut decision = Decision {
            admitted: answer.admitted,
            limit,
            remaining: limit.saturating_sub(counted),
            resets_at: clock_now.plus(answer.frees_in + ROUNDING),
        };
        if doubt {
            if answer.admitted {
                decision.admitted = known.admitted.count(bucket, limit, now).admitted;
            }
            let left = limit.saturating_sub(known.admitted.live(bucket, now));
            decision.remaining = decision.remaining.min(left);
            if left == 0 {
                let frees_in = known.admitted.frees_in(bucket, now);
                decision.resets_at = decision.resets_at.max(clock_now.plus(frees_in + ROUNDING));
            }
        } else if answer.admitted {
            known.admitted.record(now);
        }
        if !answer.admitted {
            known.full = Some(Full {
                // Redis looked after it was asked, so no slot frees before.
                until: answer.asked_at + answer.frees_in.min(REPEATED),
                resets_at: decision.resets_at,
            });
        }
        decision
    }

    /// Redis is away: this process' own windows decide.
    fn decide_alone(&self, seller: &SellerId, bucket: Bucket) -> Decision {
        let limit = self.limits.of(bucket);
        let mut local = self.local();
        let (now, clock_now) = (Instant::now(), clock::now());
        let known = local.sellers.of(seller, bucket, now);
        let count = known.admitted.count(bucket, limit, now);
        if count.admitted {
            local.alone_at = Some(now);
        }
        count.decision(limit, clock_now)
    }
}

/// The set's name, as operators and other programs know it.
fn key(prefix: &str, seller: &SellerId, bucket: Bucket) -> String {
    let name = match bucket {
        Bucket::Standard => "standard",
        Bucket::Bulk => "bulk",
    };
    format!("{prefix}rate_limit:{seller}:{name}")
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
