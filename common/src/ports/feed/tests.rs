//! What every feed promises. One battery for every engine: each test takes a feed of its own and
//! does not know the engine.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{Feed, FeedEvent, FeedListener, WakeUp, WakeUpListener, connect};
use crate::{
    config::FeedConfig,
    domain::{
        notification::{Notification, NotificationKind},
        seller::SellerId,
    },
    support,
};

async fn memory() -> Arc<dyn Feed> {
    connect(&FeedConfig::Memory).await.unwrap()
}

async fn redis() -> Arc<dyn Feed> {
    let redis = support::redis_server::test_namespace(&support::engine_setting("REDIS_URL"));
    connect(&FeedConfig::Redis(redis)).await.unwrap()
}

macro_rules! battery {
    ($($test:ident)+) => {
        mod on_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(super::memory().await).await;
            })+
        }
        mod on_redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs dev/engines"]
            async fn $test() {
                super::$test(super::redis().await).await;
            })+
        }
    };
}

battery! {
    listeners_receive_what_is_published_after_subscribing
    a_listener_receives_only_its_seller
    what_is_published_together_arrives_in_order
    a_waiting_listener_wakes_and_a_dropped_wait_loses_nothing
    a_slow_listener_lags
    all_listeners_receive_wake_ups
}

pub(super) fn seller(name: &str) -> SellerId {
    SellerId::parse(name).unwrap()
}

pub(super) fn notification(seller: &SellerId, sequence: i64) -> Arc<Notification> {
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
        settled_from: None,
    })
}

/// The sequence received next, `None` for `Lagged`.
pub(super) async fn receive(listener: &mut dyn FeedListener) -> Option<i64> {
    let event = tokio::time::timeout(Duration::from_secs(10), listener.next());
    match event.await.expect("nothing was received") {
        FeedEvent::Notification(notification) => Some(notification.sequence),
        FeedEvent::Lagged => None,
    }
}

async fn listeners_receive_what_is_published_after_subscribing(feed: Arc<dyn Feed>) {
    let one = seller("one");
    feed.publish(&[notification(&one, 1)]).await.unwrap();
    let mut first = feed.subscribe(&one).await.unwrap();
    feed.publish(&[notification(&one, 2)]).await.unwrap();
    let mut second = feed.subscribe(&one).await.unwrap();
    feed.publish(&[notification(&one, 3)]).await.unwrap();
    assert_eq!(receive(&mut *first).await, Some(2));
    assert_eq!(receive(&mut *first).await, Some(3));
    // A notification that was still on its way may arrive as well.
    while receive(&mut *second).await != Some(3) {}
    feed.ping().await.unwrap();
}

async fn a_listener_receives_only_its_seller(feed: Arc<dyn Feed>) {
    let (one, two) = (seller("one"), seller("two"));
    let mut listener = feed.subscribe(&one).await.unwrap();
    feed.publish(&[notification(&two, 7)]).await.unwrap();
    feed.publish(&[notification(&one, 1)]).await.unwrap();
    assert_eq!(receive(&mut *listener).await, Some(1));
}

/// Red when: a pipeline goes to the channel of its first seller, or loses its order.
async fn what_is_published_together_arrives_in_order(feed: Arc<dyn Feed>) {
    let (one, two) = (seller("one"), seller("two"));
    let mut first = feed.subscribe(&one).await.unwrap();
    let mut second = feed.subscribe(&two).await.unwrap();
    let mixed: Vec<_> = (1..=60)
        .map(|sequence| notification(if sequence % 2 == 0 { &two } else { &one }, sequence))
        .collect();
    feed.publish(&mixed).await.unwrap();
    for sequence in (1..=60).step_by(2) {
        assert_eq!(receive(&mut *first).await, Some(sequence));
        assert_eq!(receive(&mut *second).await, Some(sequence + 1));
    }
}

async fn a_waiting_listener_wakes_and_a_dropped_wait_loses_nothing(feed: Arc<dyn Feed>) {
    let one = seller("one");
    let mut listener = feed.subscribe(&one).await.unwrap();
    for sequence in 1..=100 {
        // A wait that is cancelled before anything comes.
        let waited = tokio::time::timeout(Duration::ZERO, listener.next()).await;
        assert!(waited.is_err());
        feed.publish(&[notification(&one, sequence)]).await.unwrap();
        assert_eq!(receive(&mut *listener).await, Some(sequence));
    }
}

/// A listener that is too slow receives `Lagged` and then the newest notifications in order, with
/// another `Lagged` for every gap.
async fn a_slow_listener_lags(feed: Arc<dyn Feed>) {
    let one = seller("one");
    let mut slow = feed.subscribe(&one).await.unwrap();
    for sequence in 1..=5000 {
        feed.publish(&[notification(&one, sequence)]).await.unwrap();
    }
    assert_eq!(receive(&mut *slow).await, None);
    let (mut last, mut lagged) = (1, true);
    while last < 5000 {
        match receive(&mut *slow).await {
            Some(next) => {
                assert!(
                    next == last + 1 || (lagged && next > last),
                    "{last}, {next}"
                );
                (last, lagged) = (next, false);
            }
            None => lagged = true,
        }
    }
}

async fn all_listeners_receive_wake_ups(feed: Arc<dyn Feed>) {
    let (mut first, mut second) = (feed.wake_ups(), feed.wake_ups());
    for wake_up in [WakeUp::Outbox, WakeUp::Imports] {
        feed.send_wake_up(wake_up).await.unwrap();
        receive_wake_up(&mut *first, wake_up).await;
        receive_wake_up(&mut *second, wake_up).await;
    }
}

/// Waits for this wake-up; an earlier one may arrive again.
pub(super) async fn receive_wake_up(wake_ups: &mut dyn WakeUpListener, wanted: WakeUp) {
    let received = async { while wake_ups.next().await != wanted {} };
    tokio::time::timeout(Duration::from_secs(10), received)
        .await
        .expect("nothing was received");
}
