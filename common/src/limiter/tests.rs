//! What every limiter promises.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::{Bucket, Limiter, Limits, connect};
use crate::{clock, config::LimiterConfig, seller::SellerId};

async fn limiter(standard: u32, bulk: u32) -> Arc<dyn Limiter> {
    let limits = Limits { standard, bulk };
    connect(&LimiterConfig::Memory { limits }).await.unwrap()
}

fn seller(name: &str) -> SellerId {
    SellerId::parse(name).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn admits_exactly_the_limit_from_many_tasks() {
    let limiter = limiter(1000, 30).await;
    let mut tasks = JoinSet::new();
    for _ in 0..256 {
        let limiter = Arc::clone(&limiter);
        tasks.spawn(async move {
            let decision = limiter.check(&seller("one"), Bucket::Bulk).await.unwrap();
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

#[tokio::test]
async fn counts_sellers_and_buckets_apart() {
    let limiter = limiter(3, 1).await;
    let one = seller("one");
    let decision = limiter.check(&one, Bucket::Bulk).await.unwrap();
    assert!(decision.admitted && decision.limit == 1 && decision.remaining == 0);
    let decision = limiter.check(&one, Bucket::Bulk).await.unwrap();
    assert!(!decision.admitted && decision.remaining == 0);
    let frees_in = decision.resets_at.since(clock::now());
    assert!(frees_in > Duration::ZERO && frees_in <= Duration::from_millis(60_002));
    assert_eq!(
        limiter
            .check(&one, Bucket::Standard)
            .await
            .unwrap()
            .remaining,
        2
    );
    let other = limiter.check(&seller("two"), Bucket::Bulk).await.unwrap();
    assert!(other.admitted);
    limiter.ping().await.unwrap();
}

#[tokio::test]
async fn a_limit_of_zero_admits_nothing() {
    let limiter = limiter(0, 0).await;
    for bucket in [Bucket::Standard, Bucket::Bulk] {
        let decision = limiter.check(&seller("one"), bucket).await.unwrap();
        assert_eq!(
            (decision.admitted, decision.limit, decision.remaining),
            (false, 0, 0)
        );
        assert!(decision.resets_at > clock::now());
    }
}

/// Whoever comes back when told to is admitted; refused requests do not put it off.
#[tokio::test]
async fn admits_again_at_the_moment_it_names() {
    let limiter = limiter(2, 1).await;
    let one = seller("one");
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut rounds = 0;
    while rounds < 2 {
        assert!(Instant::now() < deadline, "no slot came free");
        while limiter
            .check(&one, Bucket::Standard)
            .await
            .unwrap()
            .admitted
        {}
        let refused = limiter.check(&one, Bucket::Standard).await.unwrap();
        if refused.admitted {
            continue;
        }
        while clock::now() < refused.resets_at {
            tokio::task::yield_now().await;
        }
        assert!(
            limiter
                .check(&one, Bucket::Standard)
                .await
                .unwrap()
                .admitted
        );
        rounds += 1;
    }
}
