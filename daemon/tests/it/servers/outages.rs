//! TestEngines that go away under load and come back.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    ALL,
    history::{WriterPool, check},
};
use crate::{
    analytics::totals_equal_a_recount,
    harness::{
        SseReader, TestDaemon, TestEngines, TestNamespace, answer, concurrently, poll, product,
    },
};

/// Waits until health says this of the whole.
async fn health_is(daemon: &TestDaemon, status: &str) -> Value {
    poll(&format!("health is {status}"), async || {
        let health = daemon.get("/health").await;
        let health: Value = serde_json::from_str(&health.body).unwrap();
        (health["status"] == status).then_some(health)
    })
    .await
}

/// How long an engine stays away: a minute in the long tier.
fn a_while() -> Duration {
    let long = std::env::var_os("PM_LONG").is_some();
    Duration::from_secs(if long { 60 } else { 8 })
}

/// Red when: a failed publish counts as done (the products' versions have holes).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn a_broker_outage_costs_no_request() {
    let own = TestEngines::start(&["kafka"]);
    let namespace = TestNamespace::of(&["postgres", "kafka"]).await;
    let daemon = TestDaemon::on(namespace.with(&own, "KAFKA_BROKERS"), &[]).await;
    let seller = daemon.seller("shop-1");
    let writers = WriterPool::start(4, &Arc::new(Mutex::new(vec![seller.clone()])));
    poll("the writers come along", async || {
        (writers.done() > 100).then_some(())
    })
    .await;
    own.kill("kafka");
    let (gone, before) = (Instant::now(), writers.done());
    let health = health_is(&daemon, "degraded").await;
    assert_eq!(health["services"]["kafka"]["status"], "unhealthy");
    assert_eq!(health["services"]["database"]["status"], "healthy");
    poll("they write on", async || {
        (gone.elapsed() > a_while() && writers.done() > before + 300).then_some(())
    })
    .await;
    let waiting = daemon.get("/health").await.json();
    assert!(waiting["services"]["kafka"]["outbox_backlog"].as_i64() > Some(200));
    own.up("kafka");
    health_is(&daemon, "healthy").await;
    assert!(
        writers.failures.lock().unwrap().is_empty(),
        "no request failed"
    );
    let known = writers.stop().await;
    assert!(known.len() > 10);
    daemon.wait_published().await;
    let log = daemon.kafka();
    check(&known, &log.events());
    assert!(log.read("notifications-dlq").is_empty() && log.read("analytics-dlq").is_empty());
    seller.events().await;
}

/// Red when: the limiter lets everything pass without Redis (81 of 40 in the first window), or
/// nothing (429 for a seller with few requests).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn a_redis_outage_lifts_no_limit_and_loses_no_event() {
    const LIMIT: usize = 40;
    let own = TestEngines::start(&["redis"]);
    let namespace = TestNamespace::of(&ALL).await.with(&own, "REDIS_URL");
    let limit = LIMIT.to_string();
    let daemon = TestDaemon::on(namespace, &[("RATE_LIMIT_STANDARD", &limit)]).await;
    let mut frames = SseReader::open(&daemon.seller("streamed"), Some(0)).await;
    let mut sequence = 0;
    // Requests as fast as they go for a while; answers how many were admitted.
    let hammer = async || {
        let seller = daemon.seller("hammer");
        let (start, mut admitted, mut refused) = (Instant::now(), 0, 0);
        while refused < 50 {
            let reply = seller.get("/api/products/1").await;
            match reply.status {
                404 => admitted += 1,
                429 => refused += 1,
                other => panic!("{other}: {}", reply.body),
            }
            let windows = 1 + usize::try_from(start.elapsed().as_secs()).unwrap();
            assert!(admitted <= LIMIT * (windows + 1), "{admitted} in {windows}");
        }
    };
    let mut tell = async || {
        for _ in 0..5 {
            daemon.seller("streamed").create("News").await;
        }
        sequence += 5;
        frames.until(sequence).await;
    };
    hammer().await;
    tell().await;
    own.kill("redis");
    hammer().await;
    tell().await;
    let health = health_is(&daemon, "degraded").await;
    assert_eq!(health["services"]["redis"]["status"], "unhealthy");
    own.up("redis");
    health_is(&daemon, "healthy").await;
    hammer().await;
    tell().await;
    own.freeze("redis");
    hammer().await;
    tell().await;
    own.thaw("redis");
    health_is(&daemon, "healthy").await;
    tell().await;
    daemon.seller("streamed").events().await;
}

/// Red when: a message goes to the dead letters at the first call that DynamoDB did not answer (it
/// is missing in the totals). Blind to one that goes there after all its attempts: they outlast
/// this outage.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn a_dynamodb_outage_sends_nothing_to_the_dead_letters() {
    // A call to DynamoDB may take 10 s: in a shorter outage none fails.
    const LATE: Duration = Duration::from_secs(13);
    let own = TestEngines::start(&["dynamodb"]);
    let namespace = TestNamespace::of(&ALL)
        .await
        .with(&own, "DYNAMODB_ENDPOINT");
    let daemon = TestDaemon::on(namespace, &[]).await;
    let seller = daemon.seller("shop-1");
    for number in 1..=10 {
        seller.create(&format!("Before {number}")).await;
    }
    daemon.wait_counted().await;
    own.freeze("dynamodb");
    let gone = Instant::now();
    let mut number = 0;
    while gone.elapsed() < a_while().max(LATE) {
        number += 1;
        seller.create(&format!("During the outage {number}")).await;
    }
    health_is(&daemon, "degraded").await;
    own.thaw("dynamodb");
    health_is(&daemon, "healthy").await;
    daemon.wait_counted().await;
    let events = seller.events().await;
    assert_eq!(events.len(), 10 + number);
    totals_equal_a_recount(&daemon, &seller).await;
    let log = daemon.kafka();
    assert!(log.read("notifications-dlq").is_empty() && log.read("analytics-dlq").is_empty());
}

/// Red when: statements have no deadline on this side (no answer within a minute).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn a_frozen_database_is_answered_for() {
    let own = TestEngines::start(&["postgres"]);
    let namespace = TestNamespace::embedded().with(&own, "DATABASE_URL");
    let daemon = TestDaemon::on(namespace, &[]).await;
    let seller = daemon.seller("shop-1");
    let made = seller.create("Before").await;
    own.freeze("postgres");
    let path = format!("/api/products/{}", made["id"]);
    let body = product("During the outage");
    for _ in 0..3 {
        let (read, write, list) = tokio::join!(
            seller.get(&path),
            seller.post("/api/products", &body),
            seller.get("/api/products"),
        );
        for reply in [read, write, list] {
            reply.refused(503, "DATABASE_UNAVAILABLE");
            assert!(reply.header("retry-after").is_some());
        }
    }
    let health = daemon.get("/health").await.expect(503);
    assert_eq!(health["status"], "unhealthy");
    own.thaw("postgres");
    health_is(&daemon, "healthy").await;
    assert_eq!(seller.get(&path).await.expect(200), made);
    seller.create("After").await;
    own.kill("postgres");
    seller.get(&path).await.refused(503, "DATABASE_UNAVAILABLE");
    own.up("postgres");
    health_is(&daemon, "healthy").await;
    assert_eq!(seller.get(&path).await.expect(200), made);
    daemon.wait_published().await;
    seller.events().await;
}

/// Floods of callers while Kafka hangs: all are answered, and ask Kafka once a second together.
///
/// Red when: each caller probes for itself (hundreds of failed probes), or liveness waits for one.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn callers_of_health_share_what_hangs() {
    const CALLERS: usize = 400;
    let own = TestEngines::start(&["kafka"]);
    let namespace = TestNamespace::of(&["kafka"]).await;
    let namespace = namespace.with(&own, "KAFKA_BROKERS");
    let daemon = TestDaemon::on(namespace, &[("RUST_LOG", "info,pmd=debug,pm_daemon=debug")]).await;
    health_is(&daemon, "healthy").await;
    own.freeze("kafka");
    health_is(&daemon, "degraded").await;
    let failed = || daemon.log().matches("a health probe failed").count();
    let before = failed();
    let (http, url) = (daemon.http.clone(), daemon.url.clone());
    let callers = concurrently(3 * CALLERS, move |number| {
        let path = ["/health", "/health/ready", "/health/live"][number % 3];
        let request = http.get(format!("{url}{path}"));
        async move { answer(request).await.status }
    });
    let (statuses, made) = tokio::join!(callers, async {
        daemon.seller("shop-1").create("Mug").await
    });
    assert_eq!(statuses, vec![200; 3 * CALLERS]);
    assert!(made["id"].is_i64());
    let probes = failed() - before;
    assert!(
        probes < CALLERS / 4,
        "{probes} probes for {CALLERS} callers"
    );
    own.thaw("kafka");
    health_is(&daemon, "healthy").await;
}
