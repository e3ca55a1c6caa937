//! A store that is restored to an earlier state, while the broker, the inbox and the totals go on.

use serde_json::{Value, json};

use crate::{
    analytics::totals_equal_products,
    harness::{SellerClient, SseReader, StoreBackup, TestDaemon, catalogue, poll, span},
};

/// Every notification after a sequence.
async fn events_after(seller: &SellerClient, after: i64) -> Vec<Value> {
    let path = format!("/api/events?after={after}&limit=1000");
    let page = seller.get(&path).await.expect(200);
    page["data"].as_array().unwrap().clone()
}

async fn stopped(daemon: &mut TestDaemon) {
    daemon.ask_to_stop();
    assert!(daemon.ended().await.success());
}

/// A daemon whose store went back to where its seller had one product and an import, and what was
/// lost by that: sequences up to the second number.
async fn went_back() -> (TestDaemon, i64, i64) {
    let mut daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    seller.create("Kept").await;
    seller.import(catalogue(20, 100)).await;
    daemon.wait_counted().await;
    let kept = span(seller.events().await.last().unwrap()).1;
    stopped(&mut daemon).await;
    let backup = StoreBackup::take(&daemon).await;
    let mut daemon = daemon.restart().await;
    let seller = daemon.seller("shop-1");
    let made = seller.create("Lost").await;
    let path = format!("/api/products/{}", made["id"]);
    let change = json!({"quantity": 2, "price": 9.5, "category": "Lost things"});
    seller.put(&path, &change).await.expect(200);
    seller.import(catalogue(30, 100)).await;
    daemon.seller("late").create("Lost as well").await;
    daemon.wait_counted().await;
    let lost = span(seller.events().await.last().unwrap()).1;
    assert!(lost > kept + 10);
    stopped(&mut daemon).await;
    backup.restore().await;
    (daemon.restart().await, kept, lost)
}

/// What happens after the restore arrives once, in the history and on every stream, which names what is
/// gone; totals are those of the products that are there; the log says what happened.
///
/// Red when: the store gives the lost sequences again (the inbox and the totals take new events for old
/// ones), totals keep what is gone, or a seller without a row in the restored store begins at 1.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_store_is_noticed() {
    let (daemon, kept, lost) = went_back().await;
    let seller = daemon.seller("shop-1");
    assert_eq!(seller.products().await.len(), 21);
    let mut live = SseReader::open(&seller, None).await;
    let mut resumed = SseReader::open(&seller, Some(kept - 1)).await;
    let made = seller.create("New").await;
    let path = format!("/api/products/{}", made["id"]);
    seller.put(&path, &json!({"quantity": 3})).await.expect(200);
    seller.import(catalogue(25, 100)).await;
    let late = daemon.seller("late");
    late.create("New as well").await;
    daemon.wait_counted().await;

    let new = events_after(&seller, lost).await;
    let is_new = |event: &Value| event["message"].as_str().unwrap().contains("New");
    assert!(is_new(&new[0]), "{new:?}");
    let mut last = span(&new[0]).0 - 1;
    assert!(last > lost + 1_000_000, "{last}");
    for event in &new {
        let (first, sequence) = span(event);
        assert_eq!(first, last + 1, "a hole or a duplicate before {event}");
        last = sequence;
    }
    assert_eq!(events_after(&late, 1).await.len(), 1);

    let gap = json!({"from": lost + 1, "to": span(&new[0]).0 - 1});
    for stream in [&mut live, &mut resumed] {
        let frames = stream.until(last).await;
        let gaps: Vec<_> = frames
            .iter()
            .filter(|frame| frame.event.as_deref() == Some("gap"))
            .map(|frame| json!({"from": frame.data["from"], "to": frame.data["to"]}))
            .collect();
        assert_eq!(gaps, std::slice::from_ref(&gap));
        let ids: Vec<_> = frames.iter().filter_map(|frame| frame.id).collect();
        assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
        assert!(ids.contains(&(span(&new[0]).1)), "{ids:?}");
    }
    assert!(
        daemon
            .log()
            .contains("the store was restored from a backup")
    );
    poll("the totals are corrected", async || {
        let log = daemon.log();
        log.contains("totals were counted anew").then_some(())
    })
    .await;
    totals_equal_products(&daemon, &seller).await;
    totals_equal_products(&daemon, &late).await;
    let daemon = daemon.restart().await;
    let noticed = daemon.log().contains("the store was restored");
    assert!(!noticed, "it is noticed once");
    daemon.seller("shop-1").create("Newer").await;
    daemon.wait_published().await;
    assert_eq!(events_after(&daemon.seller("shop-1"), last).await.len(), 1);
}

/// Where the broker shows nothing (its log is gone, too), the operator says it.
///
/// Red when: `pmd restored` raises nothing, or totals of a seller without events stay as they were.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_says_that_the_store_was_restored() {
    let mut daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let first = seller.create("Before").await;
    daemon.wait_counted().await;
    stopped(&mut daemon).await;
    let said = daemon.run(&["restored"]);
    assert!(said.contains("go on after sequence"), "{said}");
    let daemon = daemon.restart().await;
    let seller = daemon.seller("shop-1");
    let second = seller.create("After").await;
    assert!(second["id"].as_i64() > first["id"].as_i64().map(|id| id + 1000));
    poll("the totals are corrected", async || {
        let log = daemon.log();
        log.contains("totals were counted anew").then_some(())
    })
    .await;
    totals_equal_products(&daemon, &seller).await;
    let events = events_after(&seller, 1).await;
    assert_eq!(events.len(), 1);
    assert!(span(&events[0]).0 > 1_000_000);
}
