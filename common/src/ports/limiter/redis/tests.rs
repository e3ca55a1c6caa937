use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use redis::{AsyncCommands, aio::Monitor};
use tokio::task::JoinSet;

use super::{super::Limiter, CHECK_TIMEOUT, RateBucket, connect, key, open};
use crate::{
    config,
    config::RateLimits,
    domain::seller::SellerId,
    support::redis_server::{RedisServer, test_namespace},
};

const LIMITS: RateLimits = RateLimits {
    standard: 40,
    bulk: 3,
};
/// For tests that are not about the timeout: the machine may be busy.
const LONG_TIMEOUT: Duration = Duration::from_secs(20);

fn seller(name: &str) -> SellerId {
    SellerId::parse(name).unwrap()
}

async fn admits(limiter: &Arc<dyn Limiter>, seller: &SellerId, bucket: RateBucket) -> bool {
    limiter.check(seller, bucket).await.unwrap().admitted
}

/// Checks for a new seller each time, until Redis has counted one.
async fn wait_until_redis_counts(limiter: &Arc<dyn Limiter>, server: &RedisServer, prefix: &str) {
    let mut raw = server.connection().await;
    let deadline = Instant::now() + Duration::from_secs(10);
    for number in 0.. {
        let probe = seller(&format!("probe-{number}"));
        admits(limiter, &probe, RateBucket::Bulk).await;
        let counted: bool = raw
            .exists(key(prefix, &probe, RateBucket::Bulk))
            .await
            .unwrap();
        if counted {
            return;
        }
        assert!(Instant::now() < deadline, "Redis is not used again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Checks from 128 tasks for this time; returns how many requests were admitted.
async fn saturate(limiter: Arc<dyn Limiter>, time: Duration) -> usize {
    let end = Instant::now() + time;
    let mut tasks = JoinSet::new();
    for _ in 0..128 {
        let limiter = Arc::clone(&limiter);
        tasks.spawn(async move {
            let mut admitted = 0;
            while Instant::now() < end {
                let admits = admits(&limiter, &seller("one"), RateBucket::Standard).await;
                admitted += usize::from(admits);
                tokio::task::yield_now().await;
            }
            admitted
        });
    }
    tasks.join_all().await.into_iter().sum()
}

/// The next requests that Redis counts, in microseconds of its clock: the scores that the script
/// adds.
async fn history(monitor: Monitor, requests: usize) -> Vec<u64> {
    let score = |line: String| async move {
        let words: Vec<_> = line.split('"').collect();
        let is_add = words.get(1) == Some(&"ZADD");
        is_add.then(|| words[5].parse::<u64>().unwrap())
    };
    let scores = monitor.into_on_message::<String>().filter_map(score);
    let scores = scores.take(requests).collect();
    tokio::time::timeout(LONG_TIMEOUT, scores)
        .await
        .expect("Redis counted fewer")
}

/// Red when: the script reads and adds in two calls, two requests can be the same member, or a
/// refused request is counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn two_processes_admit_exactly_the_limit() {
    let server = RedisServer::start().await;
    let config = server.config();
    let monitor = server.client().get_async_monitor().await.unwrap();
    let first = open(&config, LIMITS, LONG_TIMEOUT).await.unwrap();
    let second = open(&config, LIMITS, LONG_TIMEOUT).await.unwrap();
    let time = Duration::from_secs(4);
    let (first, second) = tokio::join!(saturate(first, time), saturate(second, time));
    let admitted = first + second;
    let mut history = history(monitor, admitted).await;
    history.sort_unstable();
    let window = 1_000_000;
    for requests in history.windows(LIMITS.standard as usize + 1) {
        let took = requests[requests.len() - 1] - requests[0];
        assert!(took >= window, "one more than the limit in {took} µs");
    }
    // Nearly all slots are used: the limit in each whole window.
    let windows = (history[admitted - 1] - history[0]) / window;
    let slots = LIMITS.standard as usize * usize::try_from(windows).unwrap();
    assert!(
        admitted * 10 >= slots * 9,
        "{admitted} of {slots} slots were used"
    );
}

/// Red when: the limiter is off or fails without Redis, or forgets then what Redis admitted, or
/// forgets after a restart what Redis has forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_killed_redis_changes_no_window() {
    let mut server = RedisServer::start().await;
    let config = server.config();
    let limiter = connect(&config, LIMITS).await.unwrap();
    let one = seller("one");
    wait_until_redis_counts(&limiter, &server, &config.prefix).await;
    let start = Instant::now();
    assert!(admits(&limiter, &one, RateBucket::Bulk).await);
    assert!(admits(&limiter, &one, RateBucket::Bulk).await);
    server.kill().await;
    assert!(admits(&limiter, &one, RateBucket::Bulk).await);
    let refused = limiter.check(&one, RateBucket::Bulk).await.unwrap();
    assert!(!refused.admitted && refused.remaining == 0);
    limiter.ping().await.unwrap_err();
    server.restart().await;
    wait_until_redis_counts(&limiter, &server, &config.prefix).await;
    for _ in 0..10 {
        let refused = limiter.check(&one, RateBucket::Bulk).await.unwrap();
        assert!(!refused.admitted && refused.remaining == 0);
    }
    limiter.ping().await.unwrap();
    assert!(
        start.elapsed() < RateBucket::Bulk.window(),
        "too slow to show anything"
    );
    // The local windows refused those ten before Redis could count them.
    let mut raw = server.connection().await;
    let counted: u32 = raw
        .zcard(key(&config.prefix, &one, RateBucket::Bulk))
        .await
        .unwrap();
    assert_eq!(counted, 0);
}

/// Red when: there is no timeout, or each request waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_frozen_redis_delays_one_request_only() {
    let server = RedisServer::start().await;
    let config = server.config();
    let limiter = connect(&config, LIMITS).await.unwrap();
    wait_until_redis_counts(&limiter, &server, &config.prefix).await;
    server.freeze().await;
    let (start, mut waited, mut asked) = (Instant::now(), 0, 0_u32);
    while start.elapsed() < Duration::from_secs(3) {
        let at = Instant::now();
        admits(&limiter, &seller("one"), RateBucket::Standard).await;
        assert!(
            at.elapsed() < 10 * CHECK_TIMEOUT,
            "waited for {:?}",
            at.elapsed()
        );
        waited += u32::from(at.elapsed() >= CHECK_TIMEOUT);
        asked += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // The first request; on a busy machine a few may be slow for another reason.
    assert!(waited * 20 < asked, "{waited} of {asked} waited");
    server.thaw().await;
    wait_until_redis_counts(&limiter, &server, &config.prefix).await;
}

/// Red when: a name, the type or the expiry breaks the contract, or a refused request is stored.
#[tokio::test]
#[ignore = "needs dev/engines"]
async fn windows_are_sorted_sets_that_expire() {
    let server = RedisServer::start().await;
    let config = config::Redis {
        prefix: String::new(),
        ..server.config()
    };
    let limiter = open(&config, LIMITS, LONG_TIMEOUT).await.unwrap();
    for _ in 0..10 {
        admits(&limiter, &seller("shop-7"), RateBucket::Bulk).await;
    }
    assert!(admits(&limiter, &seller("shop-7"), RateBucket::Standard).await);
    let mut raw = server.connection().await;
    let mut keys: Vec<String> = raw.keys("*").await.unwrap();
    keys.sort();
    // The standard set may have expired on a slow machine.
    assert_eq!(keys[0], "rate_limit:shop-7:bulk");
    assert!(keys.len() == 1 || keys[1] == "rate_limit:shop-7:standard");
    assert_eq!(raw.zcard::<_, u32>(&keys[0]).await.unwrap(), LIMITS.bulk);
    let left: i64 = raw.pttl(&keys[0]).await.unwrap();
    assert!((1..=61_000).contains(&left), "{left}");
}

#[tokio::test]
#[ignore = "needs dev/engines"]
async fn a_clock_that_was_set_back_locks_no_seller_out() {
    let server = RedisServer::start().await;
    let config = server.config();
    let limiter = open(&config, LIMITS, LONG_TIMEOUT).await.unwrap();
    let mut raw = server.connection().await;
    let set = key(&config.prefix, &seller("one"), RateBucket::Bulk);
    let (seconds, _): (u64, u64) = redis::cmd("TIME").query_async(&mut raw).await.unwrap();
    for member in 0..LIMITS.bulk {
        let later = (seconds + 3600) * 1_000_000;
        let added: u32 = raw.zadd(&set, member, later).await.unwrap();
        assert_eq!(added, 1);
    }
    let decision = limiter
        .check(&seller("one"), RateBucket::Bulk)
        .await
        .unwrap();
    assert!(decision.admitted && decision.remaining == LIMITS.bulk - 1);
}

#[tokio::test]
async fn limits_when_redis_never_answered() {
    // Port 9 discards, if anything is there at all.
    let config = test_namespace("redis://127.0.0.1:9");
    let limiter = connect(&config, LIMITS).await.unwrap();
    let mut left = Vec::new();
    for _ in 0..5 {
        let decision = limiter
            .check(&seller("one"), RateBucket::Bulk)
            .await
            .unwrap();
        left.push((decision.admitted, decision.remaining));
    }
    assert_eq!(
        left,
        [(true, 2), (true, 1), (true, 0), (false, 0), (false, 0)]
    );
    limiter.ping().await.unwrap_err();
}
