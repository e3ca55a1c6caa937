use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use redis::AsyncCommands;

use super::{
    super::{
        Feed, Heard, Listener, Nudge,
        tests::{hear, hear_nudge, notification, seller},
    },
    PUBLISH, RedisFeed, SUBSCRIBE, connect,
};
use crate::{config, engines::redis_link::server::RedisServer};

/// Publishes new sequences from `first` on until Redis takes one; answers which.
async fn publish_until_taken(feed: &dyn Feed, first: i64) -> i64 {
    let one = seller("one");
    let deadline = Instant::now() + Duration::from_secs(10);
    for sequence in first.. {
        if feed
            .publish(&one, notification(&one, sequence))
            .await
            .is_ok()
        {
            return sequence;
        }
        assert!(Instant::now() < deadline, "Redis is not used again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    unreachable!()
}

async fn hear_until(listener: &mut dyn Listener, wanted: Option<i64>) {
    while hear(listener).await != wanted {}
}

/// Red when: nothing is subscribed again, or nobody is told that something may be lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_restarted_redis_is_heard_again_and_the_loss_is_told() {
    let mut server = RedisServer::start().await;
    let config = server.config();
    let (here, there) = (
        connect(&config).await.unwrap(),
        connect(&config).await.unwrap(),
    );
    let one = seller("one");
    let mut listener = here.subscribe(&one).await.unwrap();
    there.publish(&one, notification(&one, 1)).await.unwrap();
    assert_eq!(hear(&mut *listener).await, Some(1));
    server.kill().await;
    let failed = Instant::now();
    there
        .publish(&one, notification(&one, 2))
        .await
        .unwrap_err();
    assert!(failed.elapsed() < 2 * PUBLISH);
    let mut nudges = here.nudges();
    server.restart().await;
    assert_eq!(hear(&mut *listener).await, None);
    let taken = publish_until_taken(&*there, 3).await;
    assert_eq!(hear(&mut *listener).await, Some(taken));
    // Nudges may have been lost too, and are heard from elsewhere again.
    hear_nudge(&mut *nudges, Nudge::Outbox).await;
    hear_nudge(&mut *nudges, Nudge::Imports).await;
    there.nudge(Nudge::Outbox).await.unwrap();
    hear_nudge(&mut *nudges, Nudge::Outbox).await;
    publish_until_taken(&*here, 100).await;
    here.ping().await.unwrap();
}

/// Red when: subscribing needs Redis, or the listener is not told when it begins to hear.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn what_is_subscribed_without_redis_heals() {
    let mut server = RedisServer::start().await;
    server.kill().await;
    let feed = connect(&server.config()).await.unwrap();
    let one = seller("one");
    let start = Instant::now();
    let mut listener = feed.subscribe(&one).await.unwrap();
    assert!(start.elapsed() < SUBSCRIBE);
    feed.ping().await.unwrap_err();
    // This process hears itself.
    feed.publish(&one, notification(&one, 1)).await.unwrap_err();
    assert_eq!(hear(&mut *listener).await, Some(1));
    let mut nudges = feed.nudges();
    feed.nudge(Nudge::Imports).await.unwrap_err();
    assert_eq!(nudges.next().await, Nudge::Imports);
    server.restart().await;
    assert_eq!(hear(&mut *listener).await, None);
    let taken = publish_until_taken(&*feed, 2).await;
    hear_until(&mut *listener, Some(taken)).await;
}

/// Red when: a deadline is missing, or each notification waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_frozen_redis_holds_nobody_up() {
    let server = RedisServer::start().await;
    let feed = RedisFeed::open(&server.config()).await.unwrap();
    let one = seller("one");
    let mut before = feed.subscribe(&one).await.unwrap();
    server.freeze().await;
    let start = Instant::now();
    for sequence in 1..=100 {
        let told = feed.publish(&one, notification(&one, sequence)).await;
        told.unwrap_err();
        assert_eq!(hear(&mut *before).await, Some(sequence));
    }
    assert!(start.elapsed() < 4 * PUBLISH, "{:?}", start.elapsed());
    let start = Instant::now();
    let mut meanwhile = feed.subscribe(&seller("two")).await.unwrap();
    assert!(start.elapsed() < 2 * SUBSCRIBE, "{:?}", start.elapsed());
    // Thawed any sooner, Redis would go on where it was, and nothing would be lost.
    let deadline = Instant::now() + Duration::from_secs(10);
    while feed.subscriptions.is_up() {
        assert!(Instant::now() < deadline, "it is not noticed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.thaw().await;
    hear_until(&mut *before, None).await;
    assert_eq!(hear(&mut *meanwhile).await, None);
}

/// Red when: a name or the payload is another one, or listeners are not counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn other_programs_hear_and_are_heard_by_the_contract() {
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
    let mut heard = raw.on_message();
    let told = notification(&one, 7);
    feed.publish(&one, Arc::clone(&told)).await.unwrap();
    let payload: String = heard.next().await.unwrap().get_payload().unwrap();
    assert_eq!(payload, serde_json::to_string(&*told).unwrap());
    assert!(payload.contains(r#""type":"ProductUpdated""#), "{payload}");
    for (nudge, word) in [(Nudge::Outbox, "outbox"), (Nudge::Imports, "imports")] {
        feed.nudge(nudge).await.unwrap();
        let said: String = heard.next().await.unwrap().get_payload().unwrap();
        assert_eq!(said, word);
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
        assert_eq!(receivers, 2, "one connection for all listeners here");
    }
    assert_eq!(first.next().await, Heard::Notification(told));
    assert_eq!(hear(&mut *first).await, None);
    assert_eq!(hear(&mut *first).await, None);
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

/// Listeners that come and go all the time: whoever is subscribed hears.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_listener_that_follows_another_hears() {
    let server = RedisServer::start().await;
    let feed = connect(&server.config()).await.unwrap();
    let one = seller("one");
    for sequence in 1..=300 {
        let mut listener = feed.subscribe(&one).await.unwrap();
        feed.publish(&one, notification(&one, sequence))
            .await
            .unwrap();
        hear_until(&mut *listener, Some(sequence)).await;
    }
}
