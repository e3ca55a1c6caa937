//! Several daemons on one set of engines: whoever is asked, the answer is the same.

use std::time::{Duration, Instant};

use serde_json::json;

use super::ALL;
use crate::{
    harness::{Corner, Daemon, Engines, Frames, catalogue, poll, together},
    stream::contiguous,
};

/// Admitted requests by when they were sent and answered: each was counted in between.
type Admitted = Vec<(Instant, Instant)>;

/// The most requests that certainly fell into one window.
fn fullest(admitted: &Admitted, window: Duration) -> usize {
    let starts = admitted.iter().map(|(sent, _)| *sent);
    let inside = |from: Instant| {
        let certain = admitted
            .iter()
            .filter(|(sent, answered)| *sent >= from && answered.duration_since(from) < window);
        certain.count()
    };
    starts.map(inside).max().unwrap_or(0)
}

/// Red when: the script checks and adds in two commands, or each node counts for itself.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn two_nodes_share_one_exact_limit() {
    const LIMIT: usize = 60;
    const CLIENTS: usize = 16;
    // Far more than the limit, and not so much that the processor is what answers late: a node that
    // waits for Redis in vain limits by itself.
    const PACE: Duration = Duration::from_millis(10);
    let limit = LIMIT.to_string();
    let settings = [("RATE_LIMIT_STANDARD", limit.as_str())];
    let one = Daemon::on(Corner::of(&["postgres", "redis", "kafka"]).await, &settings).await;
    let two = one.beside(&settings).await;
    let start = Instant::now();
    let until = start + Duration::from_secs(5);
    let answers = together(CLIENTS, |client| {
        let daemon = if client % 2 == 0 { &one } else { &two };
        let seller = daemon.seller("shop-1");
        async move {
            let mut admitted = Admitted::new();
            while Instant::now() < until {
                let sent = Instant::now();
                let reply = seller.get("/api/products/1").await;
                match reply.status {
                    404 => admitted.push((sent, Instant::now())),
                    429 => {}
                    other => panic!("{other}: {}", reply.body),
                }
                tokio::time::sleep(PACE).await;
            }
            admitted
        }
    })
    .await;
    let admitted: Admitted = answers.into_iter().flatten().collect();
    let seconds = usize::try_from(start.elapsed().as_secs()).unwrap();
    assert!(fullest(&admitted, Duration::from_secs(1)) <= LIMIT);
    assert!(
        admitted.len() <= LIMIT * (seconds + 1),
        "{}",
        admitted.len()
    );
    // Saturated: nearly every slot was used. The last window may have been cut short.
    let least = LIMIT * (seconds - 1) * 98 / 100;
    assert!(admitted.len() >= least, "{} of {least}", admitted.len());
}

/// Red when: a stream trusts the feed, or a listener is not told that Redis was away.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn every_transcript_is_contiguous_on_any_node() {
    let own = Engines::start(&["redis"]);
    let corner = Corner::of(&ALL).await.with(&own, "REDIS_URL");
    let one = Daemon::on(corner, &[]).await;
    let mut two = one.beside(&[]).await;
    let writer = one.seller("shop-1");
    let mut cursors = [0_i64; 4];
    let mut last = 0;
    for round in 0..4 {
        let sellers: Vec<_> = (0..cursors.len())
            .map(|client| [&one, &two][(client + round) % 2].seller("shop-1"))
            .collect();
        let mut streams = Vec::new();
        for (seller, cursor) in sellers.iter().zip(cursors) {
            streams.push(Frames::open(seller, Some(cursor)).await);
        }
        match round {
            1 => own.kill("redis"),
            2 => own.up("redis"),
            _ => {}
        }
        for number in 0..10 {
            writer.create(&format!("Thing {round}-{number}")).await;
            last += 1;
        }
        if round == 2 {
            let id = two.seller("shop-1").upload(catalogue(2_000, 100)).await;
            writer.import_ended(&id).await;
            last += 2_001;
        }
        for (stream, cursor) in streams.iter_mut().zip(&mut cursors) {
            // Cut at different places; what was not read comes again.
            let frames = stream.until(last).await;
            *cursor = contiguous(&frames, *cursor);
            assert_eq!(*cursor, last);
        }
        if round == 1 {
            two = two.restart().await;
        }
    }
    assert_eq!(writer.events().await.last().unwrap()["sequence"], last);
}

/// Red when: the spool lies on the node that took the upload.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn an_import_goes_on_on_another_node() {
    const ROWS: u32 = 60_000;
    let front = Daemon::on(Corner::of(&ALL).await, &[("PMD_ROLES", "api,relay")]).await;
    let roles = [("PMD_ROLES", "imports,notifications,analytics")];
    let mut worker = front.beside(&roles).await;
    let seller = front.seller("shop-1");
    let id = seller.upload(catalogue(ROWS, 100)).await;
    let path = format!("/api/imports/{id}");
    poll("the worker is in the middle", async || {
        let rows = seller.get(&path).await.json()["rows"].as_u64()?;
        (rows > 0 && rows < u64::from(ROWS)).then_some(())
    })
    .await;
    worker.kill();
    let other = front.beside(&roles).await;
    let job = seller.import_ended(&id).await;
    assert_eq!(
        (&job["status"], &job["created"]),
        (&json!("completed"), &json!(ROWS))
    );
    front.counted().await;
    let told = seller.events().await;
    assert_eq!(told.last().unwrap()["sequence"], ROWS + 1);
    // A process without the API has health and nothing else.
    assert_eq!(other.get("/health").await.expect(200)["status"], "healthy");
    other.get("/api/products").await.refused(404, "NOT_FOUND");
}
