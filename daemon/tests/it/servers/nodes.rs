//! Several daemons on one set of engines: each gives the same answer.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::ALL;
use crate::{
    harness::{SseReader, TestDaemon, TestEngines, TestNamespace, catalogue, concurrently, poll},
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

/// Red when: the script checks and adds in separate commands, or each node counts for itself (either
/// way one window has more than the limit).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn two_nodes_share_one_exact_limit() {
    const LIMIT: usize = 60;
    const ROUNDS: usize = 20;
    let limit = LIMIT.to_string();
    let settings = [("RATE_LIMIT_STANDARD", limit.as_str())];
    let one = TestDaemon::on(TestNamespace::of(&ALL).await, &settings).await;
    let two = one.beside(&settings).await;
    // Without Redis, or with one that is late, nodes count for themselves: such a round is no proof.
    for _ in 0..ROUNDS {
        let before = (outages(&one), outages(&two));
        let (admitted, seconds) = saturate(&one, &two).await;
        let over = |(began, ended): (usize, usize)| began == ended;
        if !over(before.0) || !over(before.1) || before != (outages(&one), outages(&two)) {
            continue;
        }
        assert!(fullest(&admitted, Duration::from_secs(1)) <= LIMIT);
        let (count, most) = (admitted.len(), LIMIT * (seconds + 1));
        assert!(count <= most, "{count} of {most}");
        // Saturated: nearly every slot was used. The last window may have been cut short.
        let least = LIMIT * (seconds - 1) * 98 / 100;
        assert!(count >= least, "{count} of {least}");
        return;
    }
    panic!("Redis was late in each of {ROUNDS} rounds: the machine is too busy for this test");
}

/// How often a daemon's limiter lost its Redis and found it again.
fn outages(daemon: &TestDaemon) -> (usize, usize) {
    let log = daemon.log();
    let of_limiter = log.lines().filter(|line| line.contains("\"limiter\""));
    of_limiter.fold((0, 0), |(began, ended), line| {
        let lost = line.contains("Redis is away") || line.contains("Redis is not there yet");
        let found = line.contains("Redis answers");
        (began + usize::from(lost), ended + usize::from(found))
    })
}

/// One seller's requests to both, far more than the limit; which were admitted, in how many seconds.
async fn saturate(one: &TestDaemon, two: &TestDaemon) -> (Admitted, usize) {
    const CLIENTS: usize = 16;
    // Of a client that was refused: enough to saturate, and the processor is left to Redis, too.
    const PAUSE: Duration = Duration::from_millis(10);
    let start = Instant::now();
    let until = start + Duration::from_secs(2);
    let answers = concurrently(CLIENTS, |client| {
        let daemon = if client % 2 == 0 { one } else { two };
        let seller = daemon.seller("shop-1");
        async move {
            let mut admitted = Admitted::new();
            while Instant::now() < until {
                let sent = Instant::now();
                let reply = seller.get("/api/products/1").await;
                match reply.status {
                    404 => admitted.push((sent, Instant::now())),
                    429 => tokio::time::sleep(PAUSE).await,
                    other => panic!("{other}: {}", reply.body),
                }
            }
            admitted
        }
    })
    .await;
    let seconds = usize::try_from(start.elapsed().as_secs()).unwrap();
    (answers.into_iter().flatten().collect(), seconds)
}

/// Red when: a stream sends whatever the feed says, before its cursor (a duplicate) or far
/// ahead (what lies between never comes). Green when a listener does not report that Redis was away:
/// streams look into the inbox every few seconds anyway.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn every_transcript_is_contiguous_on_any_node() {
    let own = TestEngines::start(&["redis"]);
    let namespace = TestNamespace::of(&ALL).await.with(&own, "REDIS_URL");
    let channel = format!(
        "{}notifications:shop-1",
        namespace.get("REDIS_KEY_PREFIX").unwrap()
    );
    let one = TestDaemon::on(namespace, &[]).await;
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
            streams.push(SseReader::open(seller, Some(cursor)).await);
        }
        match round {
            1 => own.kill("redis"),
            2 => own.up("redis"),
            _ => {}
        }
        for number in 0..10 {
            writer.create(&format!("Thing {round}-{number}")).await;
            last += 1;
            if number == 5 && matches!(round, 0 | 3) {
                let redis = own.setting("REDIS_URL");
                tell(&redis, &channel, &news(1));
                tell(&redis, &channel, &news(last + 20));
            }
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

/// What a feed says that repeats itself, or runs ahead of the inbox.
fn news(sequence: i64) -> Value {
    json!({
        "id": format!("shop-1-1-ProductUpdated-{sequence}"), "sellerId": "shop-1",
        "type": "ProductUpdated", "message": "Hearsay", "data": {}, "timestamp": 1, "read": false,
        "sequence": sequence,
    })
}

/// Says something on a channel of Redis, in Redis' own words.
fn tell(url: &str, channel: &str, said: &Value) {
    let mut redis = TcpStream::connect(url.trim_start_matches("redis://")).unwrap();
    let mut words = b"*3\r\n".to_vec();
    for word in ["PUBLISH", channel, &said.to_string()] {
        words.extend(format!("${}\r\n{word}\r\n", word.len()).bytes());
    }
    redis.write_all(&words).unwrap();
    let mut heard = String::new();
    BufReader::new(redis).read_line(&mut heard).unwrap();
    let heard: u32 = heard.trim().trim_start_matches(':').parse().unwrap();
    assert!(heard > 0, "a daemon listens");
}

/// Red when: the spool lies on the node that took the upload (no worker is ever in the middle of
/// it), or a dead worker's lease does not end in time (the import does not, either).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn an_import_goes_on_on_another_node() {
    const ROWS: u32 = 60_000;
    let front = TestDaemon::on(TestNamespace::of(&ALL).await, &[("PMD_ROLES", "api,relay")]).await;
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
    front.wait_counted().await;
    let events = seller.events().await;
    assert_eq!(events.last().unwrap()["sequence"], ROWS + 1);
    // A process without the API has health and nothing else.
    assert_eq!(other.get("/health").await.expect(200)["status"], "healthy");
    other.get("/api/products").await.refused(404, "NOT_FOUND");
}

/// Two processes on one database, of which one has engines of its own: the second one does not start and
/// says what is missing. The first one may be restarted at once, and roles that do not meet there run.
///
/// Red when: the second one starts (its imports look for uploads that lie elsewhere).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn processes_that_would_not_meet_do_not_start_side_by_side() {
    let first = TestDaemon::on(TestNamespace::of(&["postgres", "kafka"]).await, &[]).await;
    let own = tempfile::tempdir().unwrap();
    let own = own.path().to_str().unwrap();
    let second = [("PMD_DATA_DIR", own), ("PMD_NODE", "another")];
    let refused = first.command(&["serve"], &second);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains("another process uses this database"),
        "{said}"
    );
    assert!(said.contains("DYNAMODB_ENDPOINT"), "{said}");
    let first = first.restart().await;
    first.seller("shop-1").create("Mug").await;
    let relay = first.beside(&[("PMD_ROLES", "relay")]).await;
    assert_eq!(relay.get("/health/live").await.status, 200);
}
