//! Streams while the notification consumer is late, killed and replaced: every event, in order, and
//! no gap that is none.

use serde_json::json;

use super::ALL;
use crate::{
    harness::{SellerClient, SseReader, TestDaemon, TestNamespace, concurrently, poll},
    stream::contiguous,
};

/// Creates, updates and deletes products: an event each, through three topics.
async fn change(seller: SellerClient, rounds: usize) {
    for round in 0..rounds {
        let made = seller.create(&format!("Thing {round}")).await;
        let path = format!("/api/products/{}", made["id"]);
        seller.put(&path, &json!({"price": 2})).await.expect(200);
        if round % 2 == 0 {
            seller.delete(&path).await.expect(200);
        }
    }
}

/// Streams are open before their seller's first event, and the consumer starts when all events are
/// in their topics, so that it reads a topic's events long before another's. It is killed on the way.
/// Red when: a notification is stored before an earlier one (the stream waits or sends a gap), or
/// what is held is committed (it is missing after the kill).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn a_late_and_killed_consumer_makes_no_gap() {
    const SELLERS: usize = 3;
    const WRITERS: usize = 8;
    const ROUNDS: usize = 40;
    let front = TestDaemon::on(
        TestNamespace::of(&ALL).await,
        &[("PMD_ROLES", "api,relay"), ("KAFKA_PARTITIONS", "1")],
    )
    .await;
    let sellers: Vec<_> = (0..SELLERS)
        .map(|number| front.seller(&format!("shop-{number}")))
        .collect();
    let mut streams = Vec::new();
    for seller in &sellers {
        for last in [None, Some(0)] {
            let mut stream = SseReader::open(seller, last).await;
            assert_eq!(stream.next().await.unwrap().id, Some(0));
            streams.push(stream);
        }
    }
    let writers = sellers.clone();
    concurrently(WRITERS, move |writer| {
        change(writers[writer % SELLERS].clone(), ROUNDS)
    })
    .await;
    let role = [("PMD_ROLES", "notifications")];
    let mut consumer = front.beside(&role).await;
    poll("something is stored", async || {
        let stored = sellers[0].events().await.len();
        (stored > 20).then_some(())
    })
    .await;
    consumer.kill();
    let _consumer = front.beside(&role).await;
    front.wait_published().await;
    for (number, stream) in streams.iter_mut().enumerate() {
        let writers = (0..WRITERS).filter(|writer| writer % SELLERS == number / 2);
        let changes = writers.count() * (ROUNDS * 2 + ROUNDS / 2);
        let last = i64::try_from(changes).unwrap();
        let frames = stream.until(last).await;
        assert!(
            frames
                .iter()
                .all(|frame| frame.event.as_deref() != Some("gap"))
        );
        assert_eq!(contiguous(&frames, 0), last);
    }
}

/// Red when: a message in the dead letters blocks its seller, or its loss is passed over.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn a_poison_message_is_a_gap_of_its_own() {
    let daemon = TestDaemon::on(TestNamespace::of(&ALL).await, &[("KAFKA_PARTITIONS", "1")]).await;
    let seller = daemon.seller("shop-1");
    seller.create("Lamp").await;
    daemon.wait_published().await;
    let log = daemon.kafka();
    let mut event = log.read("product.created")[0].json();
    let mut stream = SseReader::open(&seller, Some(1)).await;
    assert_eq!(stream.next().await.unwrap().id, Some(1));
    let headers = [("sequence", "2")];
    log.send_with(
        "product.created",
        "shop-1",
        &headers,
        b"{\"eventId\": \"cut off",
    );
    event["sequence"] = json!(3);
    log.send("product.created", "shop-1", event.to_string().as_bytes());
    let frames = stream.until(3).await;
    let names: Vec<_> = frames
        .iter()
        .map(|frame| frame.event.as_deref().unwrap())
        .collect();
    assert_eq!(names, ["gap", "ProductCreated"]);
    assert_eq!(frames[0].data, json!({"from": 2, "to": 2}));
}
