//! What every feed promises.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{Feed, Heard, Listener, connect};
use crate::{
    config::FeedConfig,
    notification::{Notification, NotificationKind},
    seller::SellerId,
};

async fn feed() -> Arc<dyn Feed> {
    connect(&FeedConfig::Memory).await.unwrap()
}

fn seller(name: &str) -> SellerId {
    SellerId::parse(name).unwrap()
}

fn notification(seller: &SellerId, sequence: i64) -> Arc<Notification> {
    Arc::new(Notification {
        id: format!("{seller}-1-ProductUpdated-{sequence}"),
        seller_id: seller.clone(),
        kind: NotificationKind::ProductUpdated,
        message: "Product \"Lamp\" was updated (price)".to_owned(),
        data: json!({ "productId": 1 }),
        timestamp: 1,
        read: false,
        sequence,
        first_sequence: None,
    })
}

/// The sequence heard next, `None` when something was lost.
async fn hear(listener: &mut dyn Listener) -> Option<i64> {
    let heard = tokio::time::timeout(Duration::from_secs(10), listener.next());
    match heard.await.expect("nothing was heard") {
        Heard::Notification(notification) => Some(notification.sequence),
        Heard::Lost => None,
    }
}

#[tokio::test]
async fn everyone_hears_what_is_published_after_subscribing() {
    let (feed, one) = (feed().await, seller("one"));
    feed.publish(&one, notification(&one, 1)).await.unwrap();
    let mut first = feed.subscribe(&one).await.unwrap();
    feed.publish(&one, notification(&one, 2)).await.unwrap();
    let mut second = feed.subscribe(&one).await.unwrap();
    feed.publish(&one, notification(&one, 3)).await.unwrap();
    assert_eq!(hear(&mut *first).await, Some(2));
    assert_eq!(hear(&mut *first).await, Some(3));
    assert_eq!(hear(&mut *second).await, Some(3));
    feed.ping().await.unwrap();
}

#[tokio::test]
async fn nobody_hears_another_seller() {
    let (feed, one, two) = (feed().await, seller("one"), seller("two"));
    let mut listener = feed.subscribe(&one).await.unwrap();
    feed.publish(&two, notification(&two, 7)).await.unwrap();
    feed.publish(&one, notification(&one, 1)).await.unwrap();
    assert_eq!(hear(&mut *listener).await, Some(1));
}

#[tokio::test]
async fn a_waiting_listener_wakes_and_a_dropped_wait_loses_nothing() {
    let (feed, one) = (feed().await, seller("one"));
    let mut listener = feed.subscribe(&one).await.unwrap();
    for sequence in 1..=100 {
        // A wait that is given up before anything comes.
        let waited = tokio::time::timeout(Duration::ZERO, listener.next()).await;
        assert!(waited.is_err());
        feed.publish(&one, notification(&one, sequence))
            .await
            .unwrap();
        assert_eq!(hear(&mut *listener).await, Some(sequence));
    }
}

/// Who is too slow is told once and then hears the newest, still in order.
#[tokio::test]
async fn a_slow_listener_is_told_that_it_lost_some() {
    let (feed, one) = (feed().await, seller("one"));
    let mut slow = feed.subscribe(&one).await.unwrap();
    for sequence in 1..=5000 {
        feed.publish(&one, notification(&one, sequence))
            .await
            .unwrap();
    }
    assert_eq!(hear(&mut *slow).await, None);
    let mut last = hear(&mut *slow).await.unwrap();
    assert!(last > 1);
    while last < 5000 {
        let next = hear(&mut *slow).await.unwrap();
        assert_eq!(next, last + 1);
        last = next;
    }
}
