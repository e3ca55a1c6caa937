//! One client, however hostile or greedy, does not stop the others: connections, streams, framing.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::harness::{SseReader, TestDaemon, catalogue, poll, product};

/// Descriptors of a daemon that soon has no more.
const FEW_DESCRIPTORS: u32 = 256;

/// Opens connections that send this and nothing more.
async fn silent_connections(daemon: &TestDaemon, count: usize, sent: &str) -> Vec<TcpStream> {
    let place = daemon.url.trim_start_matches("http://");
    let mut connections = Vec::new();
    for _ in 0..count {
        let mut connection = TcpStream::connect(place).await.unwrap();
        // The daemon may have closed it already, to make room.
        let _ = connection.write_all(sent.as_bytes()).await;
        connections.push(connection);
    }
    connections
}

/// Liveness and another seller are answered beside more silent clients than there are descriptors:
/// without a word, with half a head, with a body that does not come.
///
/// Red when: a connection that waits for its client never makes room.
#[tokio::test]
async fn silent_clients_keep_no_descriptor_from_others() {
    let daemon = TestDaemon::with_descriptors(FEW_DESCRIPTORS, &[]).await;
    let head = "POST /api/products HTTP/1.1\r\nHost: localhost\r\nX-Seller-Id: slow\r\n\
        Content-Type: application/json\r\nContent-Length: 100\r\n";
    let begun_body = format!("{head}\r\n{{");
    for sent in ["", head, &begun_body] {
        let silent = silent_connections(&daemon, 300, sent).await;
        daemon.get("/health/live").await.expect(200);
        daemon.seller("shop-1").create("Mug").await;
        drop(silent);
    }
    assert!(!daemon.log().contains("cannot accept"), "{}", daemon.log());
}

/// Red when: a seller's streams are not counted, or not counted out.
#[tokio::test]
async fn a_seller_has_its_share_of_streams() {
    let daemon = TestDaemon::with(&[("PMD_STREAMS_PER_SELLER", "2")]).await;
    let (greedy, other) = (daemon.seller("shop-1"), daemon.seller("shop-2"));
    let first = SseReader::open(&greedy, None).await;
    let _second = SseReader::open(&greedy, None).await;
    let details = SseReader::refused(&greedy, "").await;
    let details = details.refused(429, "TOO_MANY_STREAMS");
    assert_eq!(details["limit"], 2);
    let _others = SseReader::open(&other, None).await;
    drop(first);
    poll("the stream's place is free", async || {
        let request = greedy.request(reqwest::Method::GET, "/api/events/stream");
        let status = request.send().await.unwrap().status();
        (status == 200).then_some(())
    })
    .await;
}

/// Streams of many sellers leave descriptors for requests.
///
/// Red when: streams have no share of their own.
#[tokio::test]
async fn all_streams_together_leave_room_for_requests() {
    let daemon = TestDaemon::with_descriptors(FEW_DESCRIPTORS, &[]).await;
    let mut streams = Vec::new();
    let refused = loop {
        assert!(streams.len() < 250, "there is no end of them");
        let seller = daemon.seller(&format!("shop-{}", streams.len() / 20));
        let request = seller.request(reqwest::Method::GET, "/api/events/stream");
        let response = request.send().await.unwrap();
        if response.status() != 200 {
            break response.status();
        }
        streams.push(response);
    };
    assert_eq!(refused, 503);
    daemon.seller("other").create("Mug").await;
    daemon.get("/health").await.expect(200);
}

/// A seller's searches wait for each other; the requests of others, and readiness, do not wait for
/// them.
///
/// Red when: searches share their connections with what an index answers, or a seller's are not
/// counted apart.
#[tokio::test(flavor = "multi_thread")]
async fn searches_of_one_seller_hold_up_no_other() {
    const SEARCHES: usize = 40;
    const REQUESTS: usize = 5;
    let daemon = TestDaemon::start().await;
    let (large, other) = (daemon.seller("large"), daemon.seller("other"));
    let id = other.create("Mug").await["id"].clone();
    large.import(catalogue(12_000, 100)).await;
    let (ended, enough) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let searches: Vec<_> = (0..SEARCHES)
        .map(|_| {
            let (large, ended, enough) = (large.clone(), Arc::clone(&ended), Arc::clone(&enough));
            tokio::spawn(async move {
                while !enough.load(SeqCst) {
                    let found = large.get("/api/products?q=nowhere&sort_by=name").await;
                    assert!([200, 503].contains(&found.status), "{}", found.status);
                    ended.fetch_add(1, SeqCst);
                }
            })
        })
        .collect();
    poll("the searches run", async || {
        (ended.load(SeqCst) > 0).then_some(())
    })
    .await;
    let before = ended.load(SeqCst);
    let product = format!("/api/products/{id}");
    other.get(&product).await.expect(200);
    other.get("/api/products").await.expect(200);
    other
        .put(&product, &json!({"quantity": 3}))
        .await
        .expect(200);
    other.get("/api/products?q=mug").await.expect(200);
    daemon.get("/health/ready").await.expect(200);
    let meanwhile = ended.load(SeqCst) - before;
    enough.store(true, SeqCst);
    // In one queue with them each request waits for all that are ahead.
    assert!(
        meanwhile < REQUESTS * SEARCHES / 2,
        "others waited for {meanwhile} searches"
    );
    for search in searches {
        search.await.unwrap();
    }
}

/// A page of long notifications is shorter than asked for, and its cursor goes on from there.
///
/// Red when: a page is as many as asked for, however long they are.
#[tokio::test]
async fn a_page_of_events_is_bounded_in_bytes() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let id = seller.create("Mug").await["id"].clone();
    let path = format!("/api/products/{id}");
    for number in 0..120 {
        let attributes = json!({"note": format!("{number:015000}")});
        let change = json!({"attributes": attributes});
        seller.put(&path, &change).await.expect(200);
    }
    daemon.wait_published().await;
    let page = seller.get("/api/events?limit=1000").await;
    assert!(page.body.len() < 4_000_000, "{} bytes", page.body.len());
    assert!(page.expect(200)["data"].as_array().unwrap().len() < 120);
    assert_eq!(seller.events().await.len(), 121);
}

/// Attributes of any number of names make no wider file, and nothing of them is lost.
///
/// Red when: every name has a column.
#[tokio::test]
async fn an_export_is_as_wide_as_a_spreadsheet() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    for number in 0..3 {
        let names = (0..500).map(|n| (format!("a{number}-{n}"), json!("x")));
        let mut product = product("Mug");
        product["attributes"] = Value::Object(names.collect());
        seller.post("/api/products", &product).await.expect(201);
    }
    let file = seller.get("/api/products/export").await.body;
    let lines: Vec<_> = file.lines().collect();
    assert!(lines[0].split(',').count() <= 256, "{}", lines[0]);
    assert!(
        lines[0].ends_with(",attributes") && lines.len() == 4,
        "{}",
        lines[0]
    );
    let third = lines[3];
    let others = third[third.find("\"{").unwrap()..].trim_matches('"');
    let others: Value = serde_json::from_str(&others.replace("\"\"", "\"")).unwrap();
    assert_eq!(others["a2-499"], "x");
}

/// Framing around an upload's file is bounded: a preamble, a part's headers and an epilogue that
/// never end are refused.
///
/// Red when: the bytes around the file are not counted.
#[tokio::test]
async fn endless_multipart_framing_is_refused() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let filler = "x".repeat(1 << 20);
    let part = "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"p.csv\"";
    let file = "\r\n\r\nname,price\nMug,1\n\r\n--X--\r\n";
    for body in [
        format!("{filler}\r\n{part}{file}"),
        format!("{part}\r\nX-Long: {filler}{file}"),
        format!("{part}{file}{filler}"),
    ] {
        let kind = "multipart/form-data; boundary=X";
        let reply = seller
            .post_text("/api/products/import", kind, body.into_bytes())
            .await;
        reply.refused(413, "BODY_TOO_LARGE");
    }
}
