//! What every limiter promises. One battery for every engine: each test gets a limiter with the
//! limits it needs and does not know the engine.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::{Limiter, RateBucket, connect};
use crate::{
    config::LimiterConfig,
    config::RateLimits,
    domain::{clock, seller::SellerId},
    support,
};

async fn memory(limits: RateLimits) -> Arc<dyn Limiter> {
    connect(&LimiterConfig::Memory { limits }).await.unwrap()
}

async fn redis(limits: RateLimits) -> Arc<dyn Limiter> {
    let redis = support::redis_server::test_namespace(&support::engine_setting("REDIS_URL"));
    connect(&LimiterConfig::Redis { redis, limits })
        .await
        .unwrap()
}

macro_rules! battery {
    ($($test:ident: $standard:literal, $bulk:literal;)+) => {
        mod on_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let limits = crate::config::RateLimits { standard: $standard, bulk: $bulk };
                super::$test(super::memory(limits).await).await;
            })+
        }
        mod on_redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs dev/engines"]
            async fn $test() {
                let limits = crate::config::RateLimits { standard: $standard, bulk: $bulk };
                super::$test(super::redis(limits).await).await;
            })+
        }
    };
}

// Each with its limits: standard and bulk.
battery! {
    admits_exactly_the_limit_from_many_tasks: 1000, 30;
    counts_each_seller_and_bucket_separately: 3, 1;
    a_limit_of_zero_admits_nothing: 0, 0;
    admits_again_at_the_reported_time: 2, 1;
}

fn seller(name: &str) -> SellerId {
    SellerId::parse(name).unwrap()
}

async fn admits_exactly_the_limit_from_many_tasks(limiter: Arc<dyn Limiter>) {
    let mut tasks = JoinSet::new();
    for _ in 0..256 {
        let limiter = Arc::clone(&limiter);
        tasks.spawn(async move {
            let decision = limiter
                .check(&seller("one"), RateBucket::Bulk)
                .await
                .unwrap();
            (decision.admitted, decision.remaining)
        });
    }
    let answers = tasks.join_all().await;
    let mut left: Vec<u32> = answers
        .iter()
        .filter_map(|(admitted, remaining)| admitted.then_some(*remaining))
        .collect();
    left.sort_unstable();
    assert_eq!(left, (0..30).collect::<Vec<_>>());
}

async fn counts_each_seller_and_bucket_separately(limiter: Arc<dyn Limiter>) {
    let one = seller("one");
    let decision = limiter.check(&one, RateBucket::Bulk).await.unwrap();
    assert!(decision.admitted && decision.limit == 1 && decision.remaining == 0);
    let decision = limiter.check(&one, RateBucket::Bulk).await.unwrap();
    assert!(!decision.admitted && decision.remaining == 0);
    let frees_in = decision.resets_at.since(clock::now());
    assert!(frees_in > Duration::ZERO && frees_in <= Duration::from_millis(60_002));
    assert_eq!(
        limiter
            .check(&one, RateBucket::Standard)
            .await
            .unwrap()
            .remaining,
        2
    );
    let other = limiter
        .check(&seller("two"), RateBucket::Bulk)
        .await
        .unwrap();
    assert!(other.admitted);
    limiter.ping().await.unwrap();
}

async fn a_limit_of_zero_admits_nothing(limiter: Arc<dyn Limiter>) {
    for bucket in [RateBucket::Standard, RateBucket::Bulk] {
        let decision = limiter.check(&seller("one"), bucket).await.unwrap();
        assert_eq!(
            (decision.admitted, decision.limit, decision.remaining),
            (false, 0, 0)
        );
        assert!(decision.resets_at > clock::now());
    }
}

/// A client that returns at `resets_at` is admitted; refused requests do not postpone that.
async fn admits_again_at_the_reported_time(limiter: Arc<dyn Limiter>) {
    let one = seller("one");
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut rounds = 0;
    while rounds < 2 {
        assert!(Instant::now() < deadline, "no slot came free");
        while limiter
            .check(&one, RateBucket::Standard)
            .await
            .unwrap()
            .admitted
        {}
        let refused = limiter.check(&one, RateBucket::Standard).await.unwrap();
        if refused.admitted {
            continue;
        }
        while clock::now() < refused.resets_at {
            tokio::task::yield_now().await;
        }
        assert!(
            limiter
                .check(&one, RateBucket::Standard)
                .await
                .unwrap()
                .admitted
        );
        rounds += 1;
    }
}
