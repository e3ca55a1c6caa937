//! What every feed promises. One battery for every engine: each test takes a feed of its own and
//! knows nothing of what is behind it.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{Feed, Heard, Listener, Nudge, Nudges, connect};
use crate::{
    config::FeedConfig,
    domain::{
        notification::{Notification, NotificationKind},
        seller::SellerId,
    },
    engines::redis_link::server,
    testing,
};

async fn memory() -> Arc<dyn Feed> {
    connect(&FeedConfig::Memory).await.unwrap()
}

async fn redis() -> Arc<dyn Feed> {
    let redis = server::corner(&testing::setting("REDIS_URL"));
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
    everyone_hears_what_is_published_after_subscribing
    nobody_hears_another_seller
    a_waiting_listener_wakes_and_a_dropped_wait_loses_nothing
    a_slow_listener_is_told_that_it_lost_some
    everyone_hears_nudges
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
    })
}

/// The sequence heard next, `None` when something was lost.
pub(super) async fn hear(listener: &mut dyn Listener) -> Option<i64> {
    let heard = tokio::time::timeout(Duration::from_secs(10), listener.next());
    match heard.await.expect("nothing was heard") {
        Heard::Notification(notification) => Some(notification.sequence),
        Heard::Lost => None,
    }
}

async fn everyone_hears_what_is_published_after_subscribing(feed: Arc<dyn Feed>) {
    let one = seller("one");
    feed.publish(&one, notification(&one, 1)).await.unwrap();
    let mut first = feed.subscribe(&one).await.unwrap();
    feed.publish(&one, notification(&one, 2)).await.unwrap();
    let mut second = feed.subscribe(&one).await.unwrap();
    feed.publish(&one, notification(&one, 3)).await.unwrap();
    assert_eq!(hear(&mut *first).await, Some(2));
    assert_eq!(hear(&mut *first).await, Some(3));
    // One that was still under way may be heard as well.
    while hear(&mut *second).await != Some(3) {}
    feed.ping().await.unwrap();
}

async fn nobody_hears_another_seller(feed: Arc<dyn Feed>) {
    let (one, two) = (seller("one"), seller("two"));
    let mut listener = feed.subscribe(&one).await.unwrap();
    feed.publish(&two, notification(&two, 7)).await.unwrap();
    feed.publish(&one, notification(&one, 1)).await.unwrap();
    assert_eq!(hear(&mut *listener).await, Some(1));
}

async fn a_waiting_listener_wakes_and_a_dropped_wait_loses_nothing(feed: Arc<dyn Feed>) {
    let one = seller("one");
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

/// Who is too slow is told so and then hears the newest, in order, and without a hole that it is
/// not told of.
async fn a_slow_listener_is_told_that_it_lost_some(feed: Arc<dyn Feed>) {
    let one = seller("one");
    let mut slow = feed.subscribe(&one).await.unwrap();
    for sequence in 1..=5000 {
        feed.publish(&one, notification(&one, sequence))
            .await
            .unwrap();
    }
    assert_eq!(hear(&mut *slow).await, None);
    let (mut last, mut lost) = (1, true);
    while last < 5000 {
        match hear(&mut *slow).await {
            Some(next) => {
                assert!(next == last + 1 || (lost && next > last), "{last}, {next}");
                (last, lost) = (next, false);
            }
            None => lost = true,
        }
    }
}

async fn everyone_hears_nudges(feed: Arc<dyn Feed>) {
    let (mut first, mut second) = (feed.nudges(), feed.nudges());
    for nudge in [Nudge::Outbox, Nudge::Imports] {
        feed.nudge(nudge).await.unwrap();
        hear_nudge(&mut *first, nudge).await;
        hear_nudge(&mut *second, nudge).await;
    }
}

/// Waits for the nudge; an earlier one may be heard again.
pub(super) async fn hear_nudge(nudges: &mut dyn Nudges, wanted: Nudge) {
    let heard = async { while nudges.next().await != wanted {} };
    tokio::time::timeout(Duration::from_secs(10), heard)
        .await
        .expect("nothing was heard");
}
