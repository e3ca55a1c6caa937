//! Rate limits: exact, shown in headers, and charged to the right account.

use std::time::{Duration, Instant};

use crate::harness::{HttpReply, TestDaemon, catalogue, concurrently, poll};

fn number(reply: &HttpReply, header: &str) -> u64 {
    reply
        .header(header)
        .unwrap_or_else(|| panic!("no {header}"))
        .parse()
        .unwrap()
}

/// Red when: `<` is `<=` in the limiter.
#[tokio::test(flavor = "multi_thread")]
async fn not_one_more_than_the_limit_is_admitted() {
    let daemon = TestDaemon::with(&[("RATE_LIMIT_BULK", "7")]).await;
    let seller = daemon.seller("shop-1");
    let burst = async || {
        concurrently(60, |_| {
            let seller = seller.clone();
            async move {
                seller
                    .post_text("/api/products/import", "text/csv", catalogue(1, 100))
                    .await
            }
        })
        .await
    };
    let start = Instant::now();
    let mut replies = burst().await;
    replies.extend(burst().await);
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "the bursts lie within one window"
    );
    let (admitted, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|r| r.status == 202);
    assert_eq!(admitted.len(), 7);
    let mut remaining: Vec<_> = admitted
        .iter()
        .map(|r| number(r, "x-ratelimit-remaining"))
        .collect();
    remaining.sort_unstable();
    assert_eq!(remaining, [0, 1, 2, 3, 4, 5, 6]);
    let now = pm_common::domain::clock::now().millis().unsigned_abs() / 1000;
    for reply in &refused {
        let details = reply.refused(429, "RATE_LIMIT_EXCEEDED");
        assert_eq!(
            (&details["limit"], &details["window"]),
            (&7.into(), &"1m".into())
        );
        let wait = number(reply, "retry-after");
        assert!((1..=60).contains(&wait) && details["retry_after"] == wait);
        assert_eq!(number(reply, "x-ratelimit-limit"), 7);
        assert_eq!(number(reply, "x-ratelimit-remaining"), 0);
        assert!((now - 60..=now + 61).contains(&number(reply, "x-ratelimit-reset")));
    }
    // Others, and the other account, are not touched.
    let other = daemon.seller("shop-2");
    let elsewhere = other
        .post_text("/api/products/import", "text/csv", catalogue(1, 100))
        .await;
    assert_eq!(
        (elsewhere.status, number(&elsewhere, "x-ratelimit-limit")),
        (202, 7)
    );
    let standard = seller.get("/api/products").await;
    assert_eq!(
        (standard.status, number(&standard, "x-ratelimit-limit")),
        (200, 1_000_000)
    );
    assert_eq!(
        number(&standard, "x-ratelimit-remaining"),
        999_999,
        "imports count only as imports"
    );
}

/// Red when: rejected requests count, because then the asking itself keeps the window full.
#[tokio::test(flavor = "multi_thread")]
async fn a_slot_frees_when_the_window_has_passed() {
    let daemon = TestDaemon::with(&[("RATE_LIMIT_STANDARD", "10")]).await;
    let seller = daemon.seller("shop-1");
    let start = Instant::now();
    let replies = concurrently(80, |_| {
        let seller = seller.clone();
        async move { seller.get("/api/products/1").await }
    })
    .await;
    let windows = 1 + start.elapsed().as_secs();
    let admitted = replies.iter().filter(|reply| reply.status == 404).count();
    assert!(
        admitted >= 10 && admitted as u64 <= 10 * windows,
        "{admitted} in {windows} windows"
    );
    assert!(
        replies
            .iter()
            .all(|reply| [404, 429].contains(&reply.status))
    );
    let answered = poll("a slot frees", async || {
        let reply = seller.get("/api/products/1").await;
        (reply.status != 429).then_some(reply)
    })
    .await;
    assert_eq!(number(&answered, "x-ratelimit-limit"), 10);
}

#[tokio::test]
async fn streams_and_health_are_free() {
    let daemon = TestDaemon::with(&[("RATE_LIMIT_STANDARD", "1")]).await;
    for path in [
        "/health",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/openapi.json",
        "/docs",
    ] {
        for _ in 0..3 {
            let reply = daemon.get(path).await;
            assert_eq!(reply.status, 200, "{path}");
            assert!(reply.header("x-ratelimit-limit").is_none(), "{path}");
        }
    }
    let seller = daemon.seller("shop-1");
    for _ in 0..5 {
        let request = seller.request(reqwest::Method::GET, "/api/events/stream");
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert!(response.headers().get("x-ratelimit-limit").is_none());
    }
    // No seller to charge: no window, no headers.
    let anonymous = daemon.get("/api/products").await;
    anonymous.refused(401, "MISSING_SELLER_ID");
}
