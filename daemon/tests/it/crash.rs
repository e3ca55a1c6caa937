//! Crashes and shutdowns: what was answered is there, what was begun goes on.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    harness::{DEADLINE, SellerClient, SseReader, TestDaemon, catalogue, poll, product, span},
    refused_heads::refused,
};

/// The rows of an export, in an order of their own: ids may differ between two runs.
async fn exported(seller: &SellerClient) -> BTreeSet<String> {
    let export = seller.get("/api/products/export").await;
    assert_eq!(export.status, 200);
    let without_id = |line: &str| line.split_once(',').unwrap().1.to_owned();
    let rows: Vec<_> = export.body.lines().map(without_id).collect();
    let unique: BTreeSet<_> = rows.iter().cloned().collect();
    assert_eq!(unique.len(), rows.len(), "no product twice");
    unique
}

/// Imports `rows` rows while the daemon is killed `kills` times, at even distances.
async fn survives(rows: u32, kills: u32) {
    let mut daemon = TestDaemon::start().await;
    let csv = catalogue(rows, 100) + "BAD-1,,1,1,C\n";
    let id = daemon.seller("shop-1").upload(csv.clone()).await;
    let path = format!("/api/imports/{id}");
    for kill in 1..=kills {
        let seller = daemon.seller("shop-1");
        let enough = u64::from(rows) * u64::from(kill) / u64::from(kills + 1);
        poll("the import comes along", async || {
            (seller.get(&path).await.json()["rows"].as_u64()? >= enough).then_some(())
        })
        .await;
        daemon = daemon.restart().await;
    }
    let seller = daemon.seller("shop-1");
    let job = seller.import_ended(&id).await;
    let outcome =
        ["status", "rows", "created", "updated", "rejected"].map(|name| job[name].clone());
    let wanted = [
        json!("completed"),
        json!(rows + 1),
        json!(rows),
        json!(0),
        json!(1),
    ];
    assert_eq!(outcome, wanted);
    assert_eq!(
        job["errors"].as_array().unwrap().len(),
        1,
        "every rejected row exactly once"
    );

    daemon.wait_counted().await;
    let last = seller.events().await.last().map(span).unwrap();
    assert_eq!(
        last.1,
        i64::from(rows) + 1,
        "one event per product and the end, without a hole"
    );
    let calm = TestDaemon::start().await;
    calm.seller("shop-1").import(csv).await;
    assert_eq!(
        exported(&seller).await,
        exported(&calm.seller("shop-1")).await
    );
    let summary = seller.get("/api/analytics/summary").await.expect(200);
    calm.wait_counted().await;
    let undisturbed = calm
        .seller("shop-1")
        .get("/api/analytics/summary")
        .await
        .expect(200);
    for name in [
        "totalProducts",
        "activeProducts",
        "totalValue",
        "lowStockCount",
    ] {
        assert_eq!(summary[name], undisturbed[name], "{name}");
    }
}

/// Red when: the relay deletes outbox rows before the broker has their messages (a hole).
#[tokio::test]
async fn an_import_survives_kills() {
    survives(20_000, 3).await;
}

#[tokio::test]
async fn long_an_import_survives_many_kills() {
    if std::env::var_os("PM_LONG").is_some() {
        survives(200_000, 10).await;
    }
}

/// Red when: the writer answers before it commits.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_a_kill() {
    let mut daemon = TestDaemon::start().await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (seller, stop) = (daemon.seller("shop-1"), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut answered: Vec<Value> = Vec::new();
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    number += 1;
                    let body = product(&format!("Thing {writer}-{number}"));
                    let request = seller
                        .request(reqwest::Method::POST, "/api/products")
                        .json(&body);
                    // From here on the outcome is unknown unless the answer arrives.
                    let Ok(response) = request.send().await else {
                        break;
                    };
                    let Ok(made) = response.json::<Value>().await else {
                        break;
                    };
                    answered.push(made);
                }
                answered
            })
        })
        .collect();
    poll("there is something to lose", async || {
        (daemon.seller("shop-1").products().await.len() > 100).then_some(())
    })
    .await;
    daemon.kill();
    stop.store(true, Ordering::Relaxed);
    let daemon = daemon.restart().await;
    let seller = daemon.seller("shop-1");
    let mut answered = Vec::new();
    for writer in writers {
        answered.extend(writer.await.unwrap());
    }
    let kept = seller.products().await;
    let by_id = |id: &Value| kept.iter().find(|product| product["id"] == *id);
    for made in &answered {
        assert_eq!(by_id(&made["id"]), Some(made));
    }
    assert!(
        kept.len() <= answered.len() + 8,
        "at most one unknown outcome per writer"
    );
    daemon.wait_published().await;
    let events = seller.events().await;
    assert_eq!(
        events.len(),
        kept.len(),
        "one event per product, also of unanswered ones"
    );
}

/// Red when: streams do not end on the shutdown (the connection is reset).
#[tokio::test]
async fn a_stop_finishes_what_it_must_and_goes_on_later() {
    let mut daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let mut frames = SseReader::open(&seller, None).await;
    let id = seller.upload(catalogue(60_000, 100)).await;
    let path = format!("/api/imports/{id}");
    poll("the import runs", async || {
        (seller.get(&path).await.json()["rows"].as_u64()? > 0).then_some(())
    })
    .await;
    daemon.ask_to_stop();
    // A reset would fail inside; `None` is a body that ended as it should.
    while frames.next().await.is_some() {}
    let status = daemon.ended().await;
    assert_eq!(status.code(), Some(0));
    assert!(daemon.log().contains("stopped"));

    let daemon = daemon.restart().await;
    let seller = daemon.seller("shop-1");
    let job = seller.import_ended(&id).await;
    assert_eq!(
        (&job["status"], &job["created"]),
        (&json!("completed"), &json!(60_000))
    );
    daemon.wait_published().await;
    assert_eq!(seller.events().await.last().map(span).unwrap().1, 60_001);
}

/// A client that has sent something and waits.
struct RawClient(TcpStream);

impl RawClient {
    async fn send(daemon: &TestDaemon, text: &str) -> Self {
        let place = daemon.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(place).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        Self(stream)
    }

    /// Reads until this has come.
    async fn until(&mut self, end: &str) {
        let mut read = Vec::new();
        while !String::from_utf8_lossy(&read).contains(end) {
            let got = tokio::time::timeout(DEADLINE, self.0.read_buf(&mut read)).await;
            assert_ne!(got.expect("an answer").unwrap(), 0, "closed before {end}");
        }
    }

    /// What comes until the daemon closes the connection.
    async fn rest(mut self) -> String {
        let mut read = String::new();
        let ended = tokio::time::timeout(DEADLINE, self.0.read_to_string(&mut read)).await;
        ended.expect("the connection is closed").unwrap();
        read
    }
}

/// A stop waits a few seconds for clients that are slow with their requests, then answers them; an
/// answer that is not read holds nothing up.
///
/// Red when: a head or a body is waited for until the connection is cut (no answer), or an answer
/// that is not read until it is.
#[tokio::test]
async fn a_stop_waits_for_no_slow_client() {
    let mut daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let text = "d".repeat(1_500);
    let rows: String = (0..6_000)
        .map(|n| format!("S{n},Mug {n},1,100,C,{text}\n"))
        .collect();
    seller
        .import(format!(
            "sku,name,price,quantity,category,description\n{rows}"
        ))
        .await;
    daemon.wait_published().await;
    let unread = async |path: &str| {
        let request = seller.request(reqwest::Method::GET, path);
        request.send().await.unwrap()
    };
    let (export, stream) = tokio::join!(
        unread("/api/products/export"),
        unread("/api/events/stream?lastEventId=0")
    );
    let fields = "Host: localhost\r\nX-Seller-Id: shop-1\r\nX-Request-Id: slow\r\n";
    let live = format!("GET /health/live HTTP/1.1\r\n{fields}");
    let post = |path: &str, kind: &str, body: &str| {
        let length = format!("Content-Length: 9999\r\nContent-Type: {kind}\r\n");
        format!("POST {path} HTTP/1.1\r\n{fields}{length}Expect: 100-continue\r\n\r\n{body}")
    };
    let mut idle = RawClient::send(&daemon, &format!("{live}\r\n")).await;
    let mut body = RawClient::send(&daemon, &post("/api/products", "application/json", "{")).await;
    let file = post("/api/products/import", "text/csv", "name,price\n");
    let mut upload = RawClient::send(&daemon, &file).await;
    let mut heads = Vec::new();
    for _ in 0..20 {
        heads.push(RawClient::send(&daemon, &live).await);
    }
    idle.until("uptime").await;
    body.until("100 Continue\r\n\r\n").await;
    upload.until("100 Continue\r\n\r\n").await;
    daemon.ask_to_stop();
    assert_eq!(daemon.ended().await.code(), Some(0));
    let log = daemon.log();
    let in_time = log.contains("stopped") && !log.contains("did not end in time");
    assert!(in_time, "{log}");
    assert!(!idle.rest().await.contains("HTTP/1.1"));
    assert_eq!(refused(&body.rest().await, 503, "OVERLOADED"), "slow");
    assert_eq!(refused(&upload.rest().await, 503, "OVERLOADED"), "slow");
    let mut late = Vec::new();
    for head in heads {
        late.push(head.rest().await);
    }
    // One whose bytes the daemon had not looked at when it was asked to stop is closed.
    late.retain(|answer| !answer.is_empty());
    assert!(!late.is_empty());
    for answer in late {
        assert_eq!(refused(&answer, 408, "REQUEST_TIMEOUT"), "slow");
    }
    stream.bytes().await.expect("the stream ends properly");
    drop(export);
}

/// An upload that is cut, or altered, while no daemon runs.
///
/// Red when: what is left of the file is imported and called completed.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_upload_fails_its_import() {
    let alterations: [fn(&mut Vec<u8>); 2] = [
        |file| file.truncate(file.len() / 4 * 3),
        |file| {
            let last = file.len() - 3;
            file[last] ^= 1;
        },
    ];
    for alter in alterations {
        let mut daemon = TestDaemon::embedded(&[]).await;
        let id = daemon.seller("shop-1").upload(catalogue(40_000, 100)).await;
        daemon.kill();
        let path = daemon.data_dir().join("archive/spool").join(&id);
        let mut file = std::fs::read(&path).unwrap();
        alter(&mut file);
        std::fs::write(&path, file).unwrap();
        let daemon = daemon.restart().await;
        let job = daemon.seller("shop-1").import_ended(&id).await;
        assert_eq!(job["status"], "failed", "{job}");
        assert!(job["error"].as_str().unwrap().contains("damaged"), "{job}");
    }
}
