use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use redis::AsyncCommands;

use super::{
    super::{
        Feed, FeedEvent, FeedListener, WakeUp,
        tests::{notification, receive, receive_wake_up, seller},
    },
    PUBLISH_TIMEOUT, RedisFeed, SUBSCRIBE_TIMEOUT, connect,
};
use crate::{config, support::redis_server::RedisServer};

/// Publishes new sequences, beginning with `first`, until Redis accepts one, and returns that.
async fn publish_until_accepted(feed: &dyn Feed, first: i64) -> i64 {
    let one = seller("one");
    let deadline = Instant::now() + Duration::from_secs(10);
    for sequence in first.. {
        if feed.publish(&[notification(&one, sequence)]).await.is_ok() {
            return sequence;
        }
        assert!(Instant::now() < deadline, "Redis is not used again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    unreachable!()
}

async fn receive_until(listener: &mut dyn FeedListener, wanted: Option<i64>) {
    while receive(listener).await != wanted {}
}

/// Red when: nothing is subscribed again, or listeners do not receive `Lagged`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn after_a_restart_of_redis_listeners_lag_and_receive_again() {
    let mut server = RedisServer::start().await;
    let config = server.config();
    let (here, there) = (
        connect(&config).await.unwrap(),
        connect(&config).await.unwrap(),
    );
    let one = seller("one");
    let mut listener = here.subscribe(&one).await.unwrap();
    there.publish(&[notification(&one, 1)]).await.unwrap();
    assert_eq!(receive(&mut *listener).await, Some(1));
    server.kill().await;
    let failed = Instant::now();
    there.publish(&[notification(&one, 2)]).await.unwrap_err();
    assert!(failed.elapsed() < 2 * PUBLISH_TIMEOUT);
    let mut wake_ups = here.wake_ups();
    server.restart().await;
    assert_eq!(receive(&mut *listener).await, None);
    let accepted = publish_until_accepted(&*there, 3).await;
    assert_eq!(receive(&mut *listener).await, Some(accepted));
    // Wake-ups may have been lost too, and arrive from other processes again.
    receive_wake_up(&mut *wake_ups, WakeUp::Outbox).await;
    receive_wake_up(&mut *wake_ups, WakeUp::Imports).await;
    there.send_wake_up(WakeUp::Outbox).await.unwrap();
    receive_wake_up(&mut *wake_ups, WakeUp::Outbox).await;
    publish_until_accepted(&*here, 100).await;
    here.ping().await.unwrap();
}

/// Red when: subscribing needs Redis, or the listener does not lag once it is subscribed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_subscription_without_redis_recovers() {
    let mut server = RedisServer::start().await;
    server.kill().await;
    let feed = connect(&server.config()).await.unwrap();
    let one = seller("one");
    let start = Instant::now();
    let mut listener = feed.subscribe(&one).await.unwrap();
    assert!(start.elapsed() < SUBSCRIBE_TIMEOUT);
    feed.ping().await.unwrap_err();
    // Listeners of the same process still receive.
    feed.publish(&[notification(&one, 1)]).await.unwrap_err();
    assert_eq!(receive(&mut *listener).await, Some(1));
    let mut wake_ups = feed.wake_ups();
    feed.send_wake_up(WakeUp::Imports).await.unwrap_err();
    assert_eq!(wake_ups.next().await, WakeUp::Imports);
    server.restart().await;
    assert_eq!(receive(&mut *listener).await, None);
    let accepted = publish_until_accepted(&*feed, 2).await;
    receive_until(&mut *listener, Some(accepted)).await;
}

/// Red when: a timeout is missing, or each notification waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_frozen_redis_delays_no_call() {
    let server = RedisServer::start().await;
    let feed = RedisFeed::open(&server.config()).await.unwrap();
    let one = seller("one");
    let mut first = feed.subscribe(&one).await.unwrap();
    server.freeze().await;
    let start = Instant::now();
    for sequence in 1..=100 {
        let published = feed.publish(&[notification(&one, sequence)]).await;
        published.unwrap_err();
        assert_eq!(receive(&mut *first).await, Some(sequence));
    }
    assert!(
        start.elapsed() < 4 * PUBLISH_TIMEOUT,
        "{:?}",
        start.elapsed()
    );
    let start = Instant::now();
    let mut second = feed.subscribe(&seller("two")).await.unwrap();
    assert!(
        start.elapsed() < 2 * SUBSCRIBE_TIMEOUT,
        "{:?}",
        start.elapsed()
    );
    // If it were thawed sooner, Redis would continue, and nothing would be lost.
    let deadline = Instant::now() + Duration::from_secs(10);
    while feed.registry.is_connected() {
        assert!(
            Instant::now() < deadline,
            "the lost connection is not noticed"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.thaw().await;
    receive_until(&mut *first, None).await;
    assert_eq!(receive(&mut *second).await, None);
}

/// Red when: a name or the payload differs from the contract, or listeners are not counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn other_programs_publish_and_subscribe_by_the_contract() {
    let server = RedisServer::start().await;
    let config = config::Redis {
        prefix: String::new(),
        ..server.config()
    };
    let feed = connect(&config).await.unwrap();
    let one = seller("one");
    let mut raw = server.client().get_async_pubsub().await.unwrap();
    raw.subscribe(&["notifications:one", "pmd:nudges"])
        .await
        .unwrap();
    let mut messages = raw.on_message();
    let published = notification(&one, 7);
    feed.publish(&[Arc::clone(&published)]).await.unwrap();
    let payload: String = messages.next().await.unwrap().get_payload().unwrap();
    assert_eq!(payload, serde_json::to_string(&*published).unwrap());
    assert!(payload.contains(r#""type":"ProductUpdated""#), "{payload}");
    for (wake_up, word) in [(WakeUp::Outbox, "outbox"), (WakeUp::Imports, "imports")] {
        feed.send_wake_up(wake_up).await.unwrap();
        let payload: String = messages.next().await.unwrap().get_payload().unwrap();
        assert_eq!(payload, word);
    }
    let (mut first, second) = (
        feed.subscribe(&one).await.unwrap(),
        feed.subscribe(&one).await.unwrap(),
    );
    let mut connection = server.connection().await;
    let foreign = serde_json::to_string(&*notification(&seller("two"), 8)).unwrap();
    for payload in [payload, foreign, "nonsense".to_owned()] {
        let receivers: u32 = connection
            .publish("notifications:one", payload)
            .await
            .unwrap();
        assert_eq!(
            receivers, 2,
            "one connection for all listeners of a process"
        );
    }
    assert_eq!(first.next().await, FeedEvent::Notification(published));
    assert_eq!(receive(&mut *first).await, None);
    assert_eq!(receive(&mut *first).await, None);
    drop((first, second));
    let deadline = Instant::now() + Duration::from_secs(10);
    while connection
        .publish::<_, _, u32>("notifications:one", "nonsense")
        .await
        .unwrap()
        > 1
    {
        assert!(Instant::now() < deadline, "still subscribed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Listeners come and go all the time; each one that is subscribed receives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_listener_that_follows_another_receives() {
    let server = RedisServer::start().await;
    let feed = connect(&server.config()).await.unwrap();
    let one = seller("one");
    for sequence in 1..=300 {
        let mut listener = feed.subscribe(&one).await.unwrap();
        feed.publish(&[notification(&one, sequence)]).await.unwrap();
        receive_until(&mut *listener, Some(sequence)).await;
    }
}
