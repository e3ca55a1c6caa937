//! Benchmarks: they print and never fail for being slow. `dev/bench` runs them on a release build.

use std::time::{Duration, Instant};

use super::ALL;
use crate::harness::{SseReader, TestDaemon, TestNamespace, catalogue, poll, product};

fn wanted() -> bool {
    std::env::var_os("PM_BENCH").is_some()
}

#[expect(clippy::print_stdout, reason = "a benchmark's only result")]
fn print(line: &str) {
    println!("{line}");
}

/// Percentiles in milliseconds.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    format!("p50 {:5.1} ms, p99 {:5.1} ms", at(50), at(99))
}

/// 500 creates, one after the other, each until its frame is there.
async fn deliver(api: &TestDaemon, how: &str) {
    const EVENTS: i64 = 500;
    let seller = api.seller("shop-1");
    let mut frames = SseReader::open(&seller, Some(0)).await;
    let (mut from_sent, mut from_answered) = (Vec::new(), Vec::new());
    for sequence in 1..=EVENTS {
        let sent = Instant::now();
        let body = product("Lamp");
        let (answered, ()) = tokio::join!(
            async {
                seller.post("/api/products", &body).await.expect(201);
                Instant::now()
            },
            async {
                frames.until(sequence).await;
            }
        );
        from_sent.push(sent.elapsed());
        from_answered.push(answered.elapsed());
    }
    print(&format!(
        "POST sent to SSE frame, {how}: {}",
        spread(from_sent)
    ));
    print(&format!(
        "POST answered to frame, {how}: {}",
        spread(from_answered)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn bench_delivery() {
    if !wanted() {
        return;
    }
    deliver(&TestDaemon::embedded(&[]).await, "embedded engines").await;
    let one = TestDaemon::on(TestNamespace::of(&ALL).await, &[]).await;
    deliver(&one, "real engines, one process").await;
    let api = TestDaemon::on(TestNamespace::of(&ALL).await, &[("PMD_ROLES", "api")]).await;
    let _rest = api
        .beside(&[("PMD_ROLES", "relay,notifications,analytics,imports")])
        .await;
    deliver(&api, "real engines, two processes").await;
}

/// From a full outbox to the last acknowledgement.
#[tokio::test(flavor = "multi_thread")]
async fn bench_relay() {
    const ROWS: u32 = 300_000;
    if !wanted() {
        return;
    }
    let api = TestDaemon::on(
        TestNamespace::of(&ALL).await,
        &[("PMD_ROLES", "api,imports")],
    )
    .await;
    api.seller("shop-1").import(catalogue(ROWS, 100)).await;
    let bytes = api.get("/health").await.json();
    let backlog = bytes["services"]["kafka"]["outbox_backlog"]
        .as_u64()
        .unwrap();
    let started = Instant::now();
    let relay = api.beside(&[("PMD_ROLES", "relay")]).await;
    let count = async || {
        let metrics = relay.get("/metrics").await.body;
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix("pmd_relay_published_total "));
        line.map_or(0, |value| value.parse::<u64>().unwrap())
    };
    let first = poll("it relays", async || {
        let count = count().await;
        (count > 0).then_some((Instant::now(), count))
    })
    .await;
    poll("the outbox is empty", async || {
        (count().await >= backlog).then_some(())
    })
    .await;
    let rate = (backlog - first.1) as f64 / first.0.elapsed().as_secs_f64();
    print(&format!(
        "relay, outbox to acknowledged: {rate:.0} events/s ({backlog} events, {:.1} s with the start)",
        started.elapsed().as_secs_f64()
    ));
}
