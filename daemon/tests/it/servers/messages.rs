//! Kafka as other programs use it: what they read, what they send, and everything read again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::ALL;
use crate::harness::{TestDaemon, TestNamespace, catalogue, poll};

/// Red when: a record lacks one of its headers, or the low stock warning is not published.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn other_programs_read_what_the_contract_says() {
    let daemon = TestDaemon::on(TestNamespace::of(&["postgres", "kafka"]).await, &[]).await;
    let seller = daemon.seller("shop-1");
    let made = seller.create("Lamp").await;
    let path = format!("/api/products/{}", made["id"]);
    seller
        .put(&path, &json!({"quantity": 3, "price": 0.1}))
        .await
        .expect(200);
    seller.delete(&path).await.expect(200);
    seller.import(catalogue(3, 100)).await;
    daemon.wait_published().await;
    let log = daemon.kafka();
    let kinds = |topic: &str| -> Vec<String> {
        let all = log.read(topic);
        all.iter().map(|m| m.headers["eventType"].clone()).collect()
    };
    assert_eq!(kinds("product.created"), ["ProductCreated"; 4]);
    assert_eq!(kinds("product.updated"), ["ProductUpdated"]);
    assert_eq!(kinds("product.deleted"), ["ProductDeleted"]);
    assert_eq!(kinds("product.lowstock"), ["LowStockWarning"]);
    assert_eq!(kinds("import.completed"), ["ImportCompleted"]);
    for message in log.events() {
        let event = message.json();
        assert_eq!(message.key, "shop-1");
        assert_eq!(message.headers["sellerId"], "shop-1");
        assert_eq!(
            message.headers["eventId"],
            event["eventId"].as_str().unwrap()
        );
        assert_eq!(message.headers["sequence"], event["sequence"].to_string());
        assert!(event["timestamp"].is_i64() && event["data"].is_object());
    }
    let updated = log.read("product.updated")[0].json();
    assert_eq!(
        updated["eventId"],
        format!("shop-1-{}-ProductUpdated-2", made["id"])
    );
    assert_eq!(updated["data"]["price"].to_string(), "0.1");
    assert_eq!(
        updated["data"]["changes"]["quantity"],
        json!({"old": 50, "new": 3})
    );
}

/// Red when: a message that cannot be read is passed over in silence, or makes its consumer start
/// over (either way no dead letter comes).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn a_poison_message_harms_no_other() {
    let daemon = TestDaemon::on(TestNamespace::of(&ALL).await, &[("KAFKA_PARTITIONS", "1")]).await;
    let seller = daemon.seller("shop-1");
    seller.create("Before").await;
    daemon.wait_published().await;
    let log = daemon.kafka();
    let poison: [&[u8]; 4] = [
        b"{\"eventId\": \"cut off",
        b"{\"eventId\":\"x\",\"eventType\":\"ProductTeleported\",\"timestamp\":1,\"sequence\":1,\"version\":1,\"data\":{}}",
        b"\xff\xfe not even text",
        &[b'['; 300_000],
    ];
    for value in poison {
        log.send("product.created", "shop-1", value);
    }
    seller.create("After").await;
    for group in ["notifications-dlq", "analytics-dlq"] {
        let dead = poll("the poison is put aside", async || {
            let dead = log.read(group);
            (dead.len() >= poison.len()).then_some(dead)
        })
        .await;
        for (letter, value) in dead.iter().zip(poison) {
            assert_eq!(
                (letter.value.as_slice(), letter.key.as_str()),
                (value, "shop-1")
            );
            assert_eq!(
                letter.headers["dlqTopic"]
                    .rsplit_once("product.")
                    .unwrap()
                    .1,
                "created"
            );
            assert_eq!(letter.headers["dlqPartition"], "0");
            assert!(letter.headers["dlqOffset"].parse::<i64>().unwrap() > 0);
            assert!(!letter.headers["dlqReason"].is_empty());
        }
        assert_eq!(dead.len(), poison.len());
    }
    daemon.wait_counted().await;
    assert_eq!(seller.events().await.len(), 2);
    let summary = seller.get("/api/analytics/summary").await.expect(200);
    assert_eq!(summary["totalProducts"], 2);
}

/// What consumers have made of the events.
async fn effects(daemon: &TestDaemon) -> (Vec<Value>, Value, BTreeSet<String>) {
    daemon.wait_counted().await;
    let seller = daemon.seller("shop-1");
    let mut totals = BTreeMap::new();
    for part in ["categories", "daily"] {
        let path = format!("/api/analytics/{part}");
        totals.insert(part, seller.get(&path).await.expect(200));
    }
    let mut summary = seller.get("/api/analytics/summary").await.expect(200);
    summary.as_object_mut().unwrap().remove("lastUpdated");
    totals.insert("summary", summary);
    let folder = daemon.archive("events").await;
    let archived = crate::archive::archived(&folder).into_keys().collect();
    (seller.events().await, json!(totals), archived)
}

/// Red when: totals are added to without a look at the watermark (everything counts twice).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn everything_read_again_changes_nothing() {
    let mut daemon = TestDaemon::on(TestNamespace::of(&ALL).await, &[]).await;
    let seller = daemon.seller("shop-1");
    seller.import(catalogue(500, 100)).await;
    for number in 0..30 {
        let made = seller.create(&format!("Thing {number}")).await;
        let path = format!("/api/products/{}", made["id"]);
        seller
            .put(&path, &json!({"quantity": number, "category": "Other"}))
            .await
            .expect(200);
        if number % 3 == 0 {
            seller.delete(&path).await.expect(200);
        }
    }
    let before = effects(&daemon).await;
    daemon.ask_to_stop();
    assert!(daemon.ended().await.success());
    let log = daemon.kafka();
    log.rewind("notification-service-group");
    log.rewind("analytics-service-group");
    let daemon = daemon.restart().await;
    let after = effects(&daemon).await;
    assert_eq!(before.0, after.0);
    assert_eq!(before.1, after.1);
    assert_eq!(before.2, after.2);
    assert_eq!(before.2.len(), log.events().len());
}
