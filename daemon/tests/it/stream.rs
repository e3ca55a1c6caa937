//! Server-sent events: what a browser sees, live and after it was cut off.

use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};

use crate::harness::{SseFrame, SseReader, TestDaemon, catalogue, concurrently, kinds, product};

/// The frames that advance the cursor must follow each other without a hole or a duplicate.
#[track_caller]
pub(crate) fn contiguous(frames: &[SseFrame], from: i64) -> i64 {
    let mut at = from;
    for frame in frames
        .iter()
        .filter(|frame| frame.id.is_some() && frame.event.is_some())
    {
        let first = frame.data["firstSequence"].as_i64().or(frame.id).unwrap();
        assert_eq!(first, at + 1, "a hole or a duplicate before {frame:?}");
        assert_eq!(frame.data["sequence"].as_i64(), frame.id);
        at = frame.id.unwrap();
    }
    at
}

#[tokio::test]
async fn the_first_frame_says_connected_and_the_rest_have_names() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    seller.create("Before").await;
    daemon.wait_published().await;
    let mut frames = SseReader::open(&seller, None).await;
    assert!(
        frames.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/event-stream")
    );
    assert_eq!(frames.headers["cache-control"], "no-cache, no-transform");
    assert_eq!(frames.headers["x-accel-buffering"], "no");
    assert_eq!(frames.headers["access-control-allow-origin"], "*");
    let connected = frames.next().await.unwrap();
    assert_eq!((connected.event, connected.id), (None, Some(1)));
    assert_eq!(
        (&connected.data["type"], &connected.data["sellerId"]),
        (&json!("connected"), &json!("shop-1"))
    );
    assert!(connected.data["timestamp"].is_i64() && connected.data["message"].is_string());

    let body = json!({"name": "a\r\nid: 99\ndata: x", "price": 1, "quantity": 1, "category": "C"});
    let path = format!(
        "/api/products/{}",
        seller.post("/api/products", &body).await.expect(201)["id"]
    );
    seller.put(&path, &json!({"price": 2})).await.expect(200);
    seller.delete(&path).await.expect(200);
    let live = frames.until(5).await;
    let names: Vec<_> = live
        .iter()
        .map(|frame| frame.event.as_deref().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "ProductCreated",
            "LowStockWarning",
            "ProductUpdated",
            "ProductDeleted"
        ]
    );
    assert_eq!(contiguous(&live, 1), 5);
    daemon.wait_published().await;
    let kept = seller.events().await;
    let data: Vec<_> = live.iter().map(|frame| frame.data.clone()).collect();
    assert_eq!(data, kept[1..], "a frame's data is the notification");
}

/// Red when: the inbox answers from the cursor on instead of after it.
#[tokio::test]
async fn a_resumed_stream_gives_what_was_missed_once() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    for number in 0..10 {
        seller.create(&format!("Early {number}")).await;
    }
    daemon.wait_published().await;
    for from in [0, 4, 9, 10] {
        let mut frames = SseReader::open(&seller, Some(from)).await;
        let connected = frames.next().await.unwrap();
        assert_eq!(
            (connected.event, connected.id),
            (None, Some(from)),
            "its own Last-Event-ID"
        );
        let marker = seller.create("Marker").await;
        let last = seller_sequence(&daemon, &seller).await;
        let frames_read = frames.until(last).await;
        assert_eq!(contiguous(&frames_read, from), last);
        assert_eq!(
            frames_read.last().unwrap().data["data"]["productId"],
            marker["id"]
        );
    }
    for bad in [
        "?lastEventId=x",
        "?lastEventId=-1",
        "?lastEventId=1.5",
        "?lastEventId=99999999999999999999",
        "?since=1",
    ] {
        SseReader::refused(&seller, bad)
            .await
            .refused(400, "VALIDATION_ERROR");
    }
}

async fn seller_sequence(daemon: &TestDaemon, seller: &crate::harness::SellerClient) -> i64 {
    daemon.wait_published().await;
    seller.events().await.last().unwrap()["sequence"]
        .as_i64()
        .unwrap()
}

/// Red when: the first of a seller's events that arrives decides where its stream begins.
#[tokio::test(flavor = "multi_thread")]
async fn streams_opened_before_the_first_event_have_all() {
    const WRITERS: usize = 8;
    const ROUNDS: usize = 20;
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let mut streams = Vec::new();
    for last in [None, Some(0)] {
        let mut stream = SseReader::open(&seller, last).await;
        assert_eq!(stream.next().await.unwrap().id, Some(0));
        streams.push(stream);
    }
    concurrently(WRITERS, |_| {
        let seller = seller.clone();
        async move {
            for round in 0..ROUNDS {
                let made = seller.create(&format!("Thing {round}")).await;
                let path = format!("/api/products/{}", made["id"]);
                seller.put(&path, &json!({"price": 2})).await.expect(200);
                seller.delete(&path).await.expect(200);
            }
        }
    })
    .await;
    let last = i64::try_from(WRITERS * ROUNDS * 3).unwrap();
    for stream in &mut streams {
        let frames = stream.until(last).await;
        assert_eq!(contiguous(&frames, 0), last);
    }
}

/// Clients are cut at random places while the seller works; every transcript, put together from
/// its pieces, is whole.
#[tokio::test(flavor = "multi_thread")]
async fn cut_clients_miss_nothing() {
    const CHANGES: i64 = 300;
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let readers: Vec<_> = (1..=6_usize)
        .map(|reader| {
            let seller = seller.clone();
            tokio::spawn(async move {
                let mut transcript: Vec<SseFrame> = Vec::new();
                let mut cursor = 0;
                while cursor < CHANGES {
                    let mut frames = SseReader::open(&seller, Some(cursor)).await;
                    // Each reader is cut after another number of frames, in another pattern.
                    for _ in 0..=(reader * 7 + transcript.len()) % 23 {
                        let frame = frames.next().await.unwrap();
                        if let (Some(_), Some(id)) = (&frame.event, frame.id) {
                            cursor = id;
                            transcript.push(frame);
                        }
                        if cursor >= CHANGES {
                            break;
                        }
                    }
                }
                transcript
            })
        })
        .collect();
    let created = concurrently(CHANGES as usize, |number| {
        let seller = seller.clone();
        async move { seller.create(&format!("Thing {number}")).await }
    });
    assert_eq!(created.await.len(), CHANGES as usize);
    for reader in readers {
        let transcript = reader.await.unwrap();
        assert_eq!(contiguous(&transcript, 0), CHANGES);
        assert_eq!(transcript.len(), CHANGES as usize);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_reported_in_groups_without_a_gap() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let mut frames = SseReader::open(&seller, None).await;
    assert_eq!(frames.next().await.unwrap().id, Some(0));
    let mut csv = catalogue(30_000, 100);
    csv.push_str("LOW-1,Low one,1,2,C\nLOW-2,Low two,1,3,C\nBAD,,1,1,C\n");
    let id = seller.upload(csv).await;
    let edits = concurrently(40, |number| {
        let seller = seller.clone();
        async move {
            seller
                .post("/api/products", &product(&format!("Edit {number}")))
                .await
                .expect(201)
        }
    });
    edits.await;
    seller.import_ended(&id).await;
    let mut frames_read = frames.until_named("ImportCompleted").await;
    frames_read.push(frames.next().await.unwrap());
    frames_read.push(frames.next().await.unwrap());
    let (whole, courtesies) = frames_read.split_at(frames_read.len() - 2);

    let last = contiguous(whole, 0);
    assert_eq!(
        last,
        30_002 + 2 + 40 + 1,
        "products, warnings, edits, and the end"
    );
    let products = whole
        .iter()
        .filter(|frame| frame.event.as_deref() == Some("ProductCreated"))
        .count();
    assert_eq!(
        products, 40,
        "only the edits have notifications of their own"
    );

    let end = &whole.last().unwrap().data;
    assert_eq!(
        (&end["data"]["importId"], &end["data"]["status"]),
        (&json!(id), &json!("completed"))
    );
    assert_eq!(
        (&end["data"]["created"], &end["data"]["rejected"]),
        (&json!(30_002), &json!(1))
    );
    assert_eq!(end["data"]["lowStock"]["count"], 2);
    assert_eq!(end["data"]["lowStock"]["first"][0]["name"], "Low one");
    let names: Vec<_> = courtesies
        .iter()
        .map(|frame| (frame.event.as_deref(), frame.id))
        .collect();
    assert_eq!(
        names,
        [
            (Some("ProductCreated"), None),
            (Some("LowStockWarning"), None)
        ]
    );
    for courtesy in courtesies {
        assert_eq!(courtesy.data["data"]["importId"], json!(id));
        assert!(courtesy.data["data"].get("productId").is_none());
        assert!(
            courtesy.data["message"]
                .as_str()
                .unwrap()
                .contains("shop.csv")
        );
    }

    // Replayed, it is the same story.
    let mut replay = SseReader::open(&seller, Some(0)).await;
    replay.next().await.unwrap();
    let again = replay.until_named("ImportCompleted").await;
    assert_eq!(contiguous(&again, 0), last);
    let kept = seller.events().await;
    assert_eq!(kinds(&kept).last(), Some(&"ImportCompleted"));
}

/// The longer the import takes the more reports may come; only their number is checked.
///
/// Red when: every batch is reported live.
#[tokio::test(flavor = "multi_thread")]
async fn progress_is_reported_twice_a_second_at_most() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let mut frames = SseReader::open(&seller, None).await;
    let start = std::time::Instant::now();
    seller.upload(catalogue(150_000, 100)).await;
    let frames_read = frames.until_named("ImportCompleted").await;
    let allowed = 2 * start.elapsed().as_secs() + 2;
    let progress = |frame: &&SseFrame| frame.event.as_deref() == Some("ImportProgress");
    let count = frames_read.iter().filter(progress).count() as u64;
    assert!((1..=allowed).contains(&count), "{count} of {allowed}");
    assert_eq!(contiguous(&frames_read, 0), 150_001);
}

#[tokio::test]
async fn sellers_receive_only_their_own() {
    let daemon = TestDaemon::start().await;
    let (one, two) = (daemon.seller("shop-1"), daemon.seller("shop-2"));
    let mut frames = SseReader::open(&two, None).await;
    frames.next().await.unwrap();
    one.create("Foreign").await;
    two.create("Own").await;
    let received = frames.next().await.unwrap();
    assert_eq!(
        (received.id, &received.data["data"]["name"]),
        (Some(1), &json!("Own"))
    );
}

/// Proxies cut what is silent; a comment keeps the line open and no client shows it.
#[tokio::test]
async fn an_idle_stream_is_kept_alive() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let request = seller.request(reqwest::Method::GET, "/api/events/stream");
    let mut response = request.send().await.unwrap();
    let mut received = String::new();
    while !received.contains("\n\n:") {
        let chunk = response.chunk().await.unwrap().expect("the stream goes on");
        received.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(received.ends_with("\n\n: heartbeat\n\n"), "{received}");
}

/// History that was swept away while a client was gone is reported as a gap, and the stream goes on after it.
#[tokio::test]
async fn lost_history_is_a_gap() {
    let mut daemon = TestDaemon::embedded(&[]).await;
    let seller = daemon.seller("shop-1");
    for number in 0..6 {
        seller.create(&format!("Thing {number}")).await;
    }
    daemon.wait_published().await;
    daemon.ask_to_stop();
    assert!(daemon.ended().await.success());
    let file = daemon.data_dir().join("inbox.db");
    // What is left is older than the log keeps events, so that nothing before it can come.
    forget(&file, 4).await;
    let daemon = daemon.restart().await;
    let seller = daemon.seller("shop-1");
    let mut frames = SseReader::open(&seller, Some(1)).await;
    assert_eq!(frames.next().await.unwrap().id, Some(1));
    let gap = frames.next().await.unwrap();
    assert_eq!((gap.event.as_deref(), gap.id), (Some("gap"), Some(4)));
    assert_eq!(gap.data, json!({"from": 2, "to": 4}));
    assert_eq!(contiguous(&frames.until(6).await, 4), 6);
    seller.create("New").await;
    assert_eq!(contiguous(&frames.until(7).await, 6), 7);
}

/// Deletes the notifications up to a sequence from a stopped daemon's file and ages the others.
async fn forget(file: &std::path::Path, last: i64) {
    let mut inbox = SqliteConnection::connect(&format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    let forgotten = sqlx::query("DELETE FROM notifications WHERE sequence <= ?")
        .bind(last)
        .execute(&mut inbox)
        .await
        .unwrap();
    assert!(forgotten.rows_affected() > 0);
    let aged =
        "UPDATE notifications SET body = json_set(body, '$.timestamp', timestamp - 691200000)";
    sqlx::query(aged).execute(&mut inbox).await.unwrap();
    inbox.close().await.unwrap();
}

/// A client whose cursor is ahead of the server (its server's data was reset) does not wait
/// for ever, and learns it from the greeting.
#[tokio::test]
async fn an_id_from_the_future_starts_anew() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    seller.create("Before").await;
    daemon.wait_published().await;
    let mut frames = SseReader::open(&seller, Some(i64::MAX)).await;
    let connected = frames.next().await.unwrap();
    assert_eq!((connected.event, connected.id), (None, Some(1)));
    let message = connected.data["message"].as_str().unwrap();
    assert!(message.contains("anew"), "{message}");
    seller.create("After").await;
    assert_eq!(contiguous(&frames.until(2).await, 1), 2);
}

/// Clients that never read get nothing queued: the others get their events, and stopping does not wait.
#[tokio::test(flavor = "multi_thread")]
async fn clients_that_never_read_delay_no_other() {
    use std::fmt::Write as _;
    let mut daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let mut deaf = Vec::new();
    for _ in 0..20 {
        deaf.push(
            seller
                .request(reqwest::Method::GET, "/api/events/stream")
                .send()
                .await
                .unwrap(),
        );
    }
    let mut frames = SseReader::open(&seller, None).await;
    let text = "d".repeat(2_000);
    let mut csv = "name,price,quantity,category,description\n".to_owned();
    for row in 0..3_000 {
        writeln!(csv, "Thing {row},1,3,C,{text}").unwrap();
    }
    seller.import(csv).await;
    concurrently(300, |number| {
        let seller = seller.clone();
        async move { seller.create(&format!("Edit {number}")).await }
    })
    .await;
    let last = seller_sequence(&daemon, &seller).await;
    frames.next().await.unwrap();
    assert_eq!(contiguous(&frames.until(last).await, 0), last);
    daemon.ask_to_stop();
    assert!(daemon.ended().await.success());
}
