//! What every broker promises. One battery for every engine.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use tempfile::TempDir;
use tokio::{task::JoinSet, time::timeout};

use super::{Broker, ConsumerGroup, Delivery, PartitionOffset, Subscription, connect};
use crate::{
    config::BrokerConfig,
    domain::record::{Record, Topic, partition_of},
};

const PARTITIONS: u32 = 4;
/// Far longer than any test here takes; it only keeps a broken test from hanging.
const DEADLINE: Duration = Duration::from_secs(60);

/// A log of the test's own, which can be opened several times.
struct BrokerFixture {
    config: BrokerConfig,
    _directory: Option<TempDir>,
}

impl BrokerFixture {
    fn embedded() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            config: BrokerConfig::Embedded {
                path: directory.path().join("log.db"),
                partitions: PARTITIONS,
            },
            _directory: Some(directory),
        }
    }

    #[cfg(feature = "kafka")]
    fn kafka() -> Self {
        let config =
            super::kafka::tests::test_namespace(&crate::support::engine_setting("KAFKA_BROKERS"));
        assert_eq!(config.partitions, PARTITIONS);
        Self {
            config: BrokerConfig::Kafka(config),
            _directory: None,
        }
    }

    async fn open(&self) -> Arc<dyn Broker> {
        connect(&self.config).await.unwrap()
    }

    /// Removes what the test created on a server.
    async fn clean_up(&self) {
        #[cfg(feature = "kafka")]
        if let BrokerConfig::Kafka(config) = &self.config {
            super::kafka::tests::remove_topics(config).await;
        }
    }
}

macro_rules! battery {
    ($($name:ident)*) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(&super::BrokerFixture::embedded()).await;
            })*
        }

        #[cfg(feature = "kafka")]
        mod kafka {
            $(#[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs dev/engines"]
            async fn $name() {
                let fixture = super::BrokerFixture::kafka();
                super::$name(&fixture).await;
                fixture.clean_up().await;
            })*
        }
    };
}

battery! {
    keeps_the_order_of_each_key_with_dense_offsets
    delivers_every_byte
    a_new_member_resumes_where_the_group_committed
    a_late_commit_moves_no_offset_back
    survives_a_restart
    many_publishers_and_a_reader_at_once
    a_publish_wakes_a_waiting_member
    a_dropped_poll_loses_and_repeats_nothing
    lag_counts_what_a_group_has_not_committed
    dead_letters_are_not_delivered
    the_newest_are_of_every_partition
}

fn record(topic: Topic, key: &str, value: impl std::fmt::Display) -> Record {
    Record {
        topic,
        key: key.to_owned(),
        headers: vec![("sellerId".to_owned(), key.to_owned())],
        value: Bytes::from(value.to_string()),
    }
}

/// `count` messages of one key, with the numbers from 0 as their values.
fn numbered(topic: Topic, key: &str, count: usize) -> Vec<Record> {
    (0..count)
        .map(|number| record(topic, key, number))
        .collect()
}

/// Exactly the next `count` messages, read in steps of at most `step`.
async fn read(member: &mut dyn Subscription, count: usize, step: usize) -> Vec<Delivery> {
    let mut all = Vec::new();
    while all.len() < count {
        let max = step.min(count - all.len());
        let some = timeout(DEADLINE, member.poll(max)).await;
        let some = some.expect("messages are missing").unwrap();
        assert!(!some.deliveries.is_empty() || !some.revoked.is_empty());
        assert!(some.deliveries.len() <= max);
        all.extend(some.deliveries);
    }
    all
}

fn numbers(deliveries: &[Delivery], topic: Topic, key: &str) -> Vec<usize> {
    let of_key =
        |delivery: &&Delivery| delivery.record.topic == topic && delivery.record.key == key;
    let value = |delivery: &Delivery| {
        let text = String::from_utf8(delivery.record.value.to_vec()).unwrap();
        text.parse().unwrap()
    };
    deliveries.iter().filter(of_key).map(value).collect()
}

/// Commits are durable soon, not at once.
async fn wait_for_lag(broker: &dyn Broker, expected: u64) {
    let reaching = async {
        while broker.lag(ConsumerGroup::Analytics).await.unwrap() != expected {
            tokio::task::yield_now().await;
        }
    };
    let reached = timeout(DEADLINE, reaching).await;
    reached.unwrap_or_else(|_| panic!("the lag is not {expected}"));
}

fn offset_after(delivery: &Delivery) -> PartitionOffset {
    PartitionOffset {
        topic: delivery.record.topic,
        partition: delivery.partition,
        next: delivery.offset + 1,
    }
}

async fn keeps_the_order_of_each_key_with_dense_offsets(fixture: &BrokerFixture) {
    let broker = fixture.open().await;
    let keys = ["a", "b", "c", "d", "e", "f", "g"];
    let mut records = Vec::new();
    for number in 0..500 {
        for (turn, key) in keys.iter().enumerate() {
            records.push(record(Topic::EVENTS[(turn + number) % 5], key, number));
        }
    }
    for part in records.chunks(333) {
        broker.publish_all(part.to_vec()).await.unwrap();
    }
    let mut member = broker.subscribe(ConsumerGroup::Analytics).await.unwrap();
    let all = read(&mut *member, records.len(), 97).await;
    let mut next: HashMap<(Topic, u32), i64> = HashMap::new();
    for delivery in &all {
        let key = delivery.record.key.as_bytes();
        assert_eq!(delivery.partition, partition_of(key, PARTITIONS));
        let next = next
            .entry((delivery.record.topic, delivery.partition))
            .or_default();
        assert_eq!(delivery.offset, *next);
        *next += 1;
    }
    for (turn, key) in keys.iter().enumerate() {
        for (code, topic) in Topic::EVENTS.into_iter().enumerate() {
            let expected: Vec<_> = (0..500).filter(|n| (turn + n) % 5 == code).collect();
            assert_eq!(numbers(&all, topic, key), expected);
        }
    }
}

async fn delivers_every_byte(fixture: &BrokerFixture) {
    let broker = fixture.open().await;
    let records = vec![
        Record {
            topic: Topic::ProductUpdated,
            key: "Zoë\0\n🪔".to_owned(),
            headers: vec![
                (String::new(), String::new()),
                ("twice".to_owned(), "1".to_owned()),
                ("twice".to_owned(), "\r\n".to_owned()),
            ],
            value: (0..=255).collect::<Vec<u8>>().into(),
        },
        Record {
            topic: Topic::ProductUpdated,
            key: String::new(),
            headers: vec![],
            value: Bytes::new(),
        },
        Record {
            topic: Topic::ProductUpdated,
            key: "large".to_owned(),
            headers: vec![],
            // Far larger than an event may be.
            value: vec![7; 900_000].into(),
        },
    ];
    for record in &records {
        broker.publish_all(vec![record.clone()]).await.unwrap();
    }
    broker.publish_all(vec![]).await.unwrap();
    let mut member = broker.subscribe(ConsumerGroup::Analytics).await.unwrap();
    let mut all = read(&mut *member, 3, 1).await;
    // Different keys may come in any order.
    let rank = |key: &str| records.iter().position(|record| record.key == key);
    all.sort_by_key(|delivery| rank(&delivery.record.key));
    assert!(all.iter().map(|delivery| &delivery.record).eq(&records));
}

async fn a_new_member_resumes_where_the_group_committed(fixture: &BrokerFixture) {
    let broker = fixture.open().await;
    broker
        .publish_all(numbered(Topic::ProductCreated, "a", 100))
        .await
        .unwrap();
    let mut member = broker
        .subscribe(ConsumerGroup::Notifications)
        .await
        .unwrap();
    let first = read(&mut *member, 40, 7).await;
    // In the middle of one publish; the other ten messages are not done.
    member.commit(&[offset_after(&first[29])]).await.unwrap();
    member.commit(&[]).await.unwrap();
    drop(member);
    broker
        .publish_all(numbered(Topic::ProductDeleted, "a", 50))
        .await
        .unwrap();

    let mut member = broker
        .subscribe(ConsumerGroup::Notifications)
        .await
        .unwrap();
    let again = read(&mut *member, 120, 50).await;
    assert_eq!(
        numbers(&again, Topic::ProductCreated, "a"),
        (30..100).collect::<Vec<_>>()
    );
    assert_eq!(
        numbers(&again, Topic::ProductDeleted, "a"),
        (0..50).collect::<Vec<_>>()
    );
    let of_first = |delivery: &&Delivery| first.contains(delivery);
    assert!(again.iter().filter(of_first).eq(&first[30..]));

    // The other group still starts at the beginning.
    let mut other = broker.subscribe(ConsumerGroup::Analytics).await.unwrap();
    let all = read(&mut *other, 150, 40).await;
    assert!(all.iter().filter(of_first).eq(&first));
}

async fn a_late_commit_moves_no_offset_back(fixture: &BrokerFixture) {
    let broker = fixture.open().await;
    broker
        .publish_all(numbered(Topic::ProductCreated, "a", 10))
        .await
        .unwrap();
    let mut member = broker.subscribe(ConsumerGroup::Analytics).await.unwrap();
    let all = read(&mut *member, 10, 10).await;
    member.commit(&[offset_after(&all[7])]).await.unwrap();
    member.commit(&[offset_after(&all[2])]).await.unwrap();
    drop(member);
    let mut member = broker.subscribe(ConsumerGroup::Analytics).await.unwrap();
    assert_eq!(read(&mut *member, 2, 10).await, all[8..]);
}

async fn survives_a_restart(fixture: &BrokerFixture) {
    let broker = fixture.open().await;
    broker
        .publish_all(numbered(Topic::ImportCompleted, "a", 20))
        .await
        .unwrap();
    let mut member = broker.subscribe(ConsumerGroup::Analytics).await.unwrap();
    let all = read(&mut *member, 20, 20).await;
    member.commit(&[offset_after(&all[9])]).await.unwrap();
    drop((member, broker));

    let broker = fixture.open().await;
    wait_for_lag(&*broker, 10).await;
    broker
        .publish_all(vec![record(Topic::ImportCompleted, "a", 20)])
        .await
        .unwrap();
    let mut member = broker.subscribe(ConsumerGroup::Analytics).await.unwrap();
    let rest = read(&mut *member, 11, 100).await;
    assert_eq!(rest[..10], all[10..]);
    assert_eq!(rest[10].offset, 20);
}

async fn many_publishers_and_a_reader_at_once(fixture: &BrokerFixture) {
    let broker = fixture.open().await;
    let mut member = broker
        .subscribe(ConsumerGroup::Notifications)
        .await
        .unwrap();
    let mut publishers = JoinSet::new();
    for publisher in 0..8 {
        let broker = Arc::clone(&broker);
        publishers.spawn(async move {
            let key = format!("seller-{publisher}");
            for step in 0..40 {
                let five = (0..5).map(|n| record(Topic::ProductUpdated, &key, step * 5 + n));
                broker.publish_all(five.collect()).await.unwrap();
            }
        });
    }
    let all = read(&mut *member, 8 * 200, 64).await;
    publishers.join_all().await;
    for publisher in 0..8 {
        let numbers = numbers(&all, Topic::ProductUpdated, &format!("seller-{publisher}"));
        assert_eq!(numbers, (0..200).collect::<Vec<_>>());
    }
}

/// A publish follows each read: without a wake-up every turn would wait for the next poll.
async fn a_publish_wakes_a_waiting_member(fixture: &BrokerFixture) {
    let broker = fixture.open().await;
    let mut member = broker.subscribe(ConsumerGroup::Analytics).await.unwrap();
    let turns = async {
        for number in 0..500 {
            let (read, published) = tokio::join!(
                biased;
                read(&mut *member, 1, 1),
                broker.publish_all(vec![record(Topic::ProductCreated, "a", number)])
            );
            published.unwrap();
            assert_eq!(numbers(&read, Topic::ProductCreated, "a"), [number]);
        }
    };
    timeout(DEADLINE, turns)
        .await
        .expect("waiting members are not woken up");
}

async fn a_dropped_poll_loses_and_repeats_nothing(fixture: &BrokerFixture) {
    let broker = fixture.open().await;
    for part in numbered(Topic::ProductCreated, "a", 2000).chunks(3) {
        broker.publish_all(part.to_vec()).await.unwrap();
    }
    let mut member = broker.subscribe(ConsumerGroup::Analytics).await.unwrap();
    let mut all = Vec::new();
    let reading = async {
        let mut wait_micros = 0;
        while all.len() < 2000 {
            match timeout(Duration::from_micros(wait_micros), member.poll(11)).await {
                Ok(some) => all.extend(some.unwrap().deliveries),
                Err(_) => wait_micros = (wait_micros + 20) % 2000,
            }
        }
    };
    timeout(DEADLINE, reading)
        .await
        .expect("messages are missing");
    assert_eq!(
        numbers(&all, Topic::ProductCreated, "a"),
        (0..2000).collect::<Vec<_>>()
    );
}

async fn lag_counts_what_a_group_has_not_committed(fixture: &BrokerFixture) {
    let broker = fixture.open().await;
    assert_eq!(broker.lag(ConsumerGroup::Analytics).await.unwrap(), 0);
    broker
        .publish_all(numbered(Topic::ProductCreated, "a", 30))
        .await
        .unwrap();
    broker
        .publish_all(numbered(Topic::ProductUpdated, "b", 12))
        .await
        .unwrap();
    let mut member = broker.subscribe(ConsumerGroup::Analytics).await.unwrap();
    let all = read(&mut *member, 42, 42).await;
    assert_eq!(broker.lag(ConsumerGroup::Analytics).await.unwrap(), 42);
    let fifth = |topic| {
        let mut of_topic = all.iter().filter(|delivery| delivery.record.topic == topic);
        offset_after(of_topic.nth(4).unwrap())
    };
    member
        .commit(&[fifth(Topic::ProductCreated), fifth(Topic::ProductUpdated)])
        .await
        .unwrap();
    wait_for_lag(&*broker, 32).await;
    assert_eq!(broker.lag(ConsumerGroup::Notifications).await.unwrap(), 42);
    broker.ping().await.unwrap();
}

/// Skipping many of them takes no extra wait.
async fn dead_letters_are_not_delivered(fixture: &BrokerFixture) {
    let broker = fixture.open().await;
    let mut member = broker.subscribe(ConsumerGroup::Analytics).await.unwrap();
    for number in 0..300 {
        let dead = record(Topic::AnalyticsDlq, "a", number);
        broker.publish_all(vec![dead]).await.unwrap();
    }
    let mixed = [Topic::NotificationsDlq, Topic::ProductCreated];
    let mixed = mixed.map(|topic| record(topic, "a", 0)).to_vec();
    broker.publish_all(mixed).await.unwrap();
    assert_eq!(broker.lag(ConsumerGroup::Analytics).await.unwrap(), 1);
    let all = read(&mut *member, 1, 1).await;
    assert_eq!(
        (all[0].record.topic, all[0].offset),
        (Topic::ProductCreated, 0)
    );
    drop(member);
    let mut late = broker.subscribe(ConsumerGroup::Analytics).await.unwrap();
    assert_eq!(read(&mut *late, 1, 1).await, all);
}

/// Red when: a partition's last message is left out, or an empty log is waited for.
async fn the_newest_are_of_every_partition(fixture: &BrokerFixture) {
    let broker = fixture.open().await;
    broker.prepare().await.unwrap();
    assert_eq!(broker.newest_records().await.unwrap(), []);
    let keys: Vec<String> = (0..12).map(|key| format!("key {key}")).collect();
    let mut last = HashMap::new();
    for (number, key) in keys.iter().cycle().take(60).enumerate() {
        for topic in [Topic::ProductCreated, Topic::ImportCompleted] {
            let message = record(topic, key, number);
            broker.publish_all(vec![message]).await.unwrap();
            last.insert((topic, partition_of(key.as_bytes(), PARTITIONS)), number);
        }
    }
    let newest = broker.newest_records().await.unwrap();
    for ((topic, partition), number) in last {
        let found = newest.iter().any(|record| {
            let key = record.key.as_bytes();
            let place = (record.topic, partition_of(key, PARTITIONS));
            place == (topic, partition) && record.value == number.to_string()
        });
        assert!(found, "{topic:?} {partition}: {number}");
    }
}
