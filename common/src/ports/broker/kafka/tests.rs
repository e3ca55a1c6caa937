//! What only Kafka can get wrong: sharing a group, outages, what other programs see.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, ResourceSpecifier},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
    message::Headers,
    mocking::MockCluster,
    producer::{BaseProducer, BaseRecord, Producer},
};
use tokio::time::{Instant, timeout};

use super::{
    super::{Broker, Delivery, PartitionOffset, Subscription},
    *,
};
use crate::{
    domain::record::{Topic, partition_of},
    support::engine_setting,
};

/// Far longer than any test here takes; it only keeps a broken test from hanging.
const DEADLINE: Duration = Duration::from_secs(60);

/// Topics and groups of the test's own on a cluster.
pub(in super::super) fn test_namespace(brokers: &str) -> config::Kafka {
    config::Kafka {
        brokers: brokers.to_owned(),
        client_id: "pm-test".to_owned(),
        partitions: 4,
        replication: None,
        prefix: format!("test-{}.", uuid::Uuid::new_v4().simple()),
    }
}

fn admin(config: &config::Kafka) -> AdminClient<DefaultClientContext> {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", &config.brokers);
    client.create().unwrap()
}

/// Removes the topics.
pub(in super::super) async fn remove_topics(config: &config::Kafka) {
    let names = KafkaNames::new(&config.prefix);
    let names: Vec<_> = names.topics().iter().map(String::as_str).collect();
    // It has to live until the answer has come.
    let admin = admin(config);
    let deleted = admin.delete_topics(&names, &AdminOptions::new());
    deleted.await.unwrap();
}

fn record(key: &str, number: usize) -> Record {
    Record {
        topic: Topic::ProductCreated,
        key: key.to_owned(),
        headers: vec![("eventType".to_owned(), "ProductCreated".to_owned())],
        value: number.to_string().into(),
    }
}

/// Messages of many keys, so that every partition has some.
fn records_of_many_sellers(numbers: std::ops::Range<usize>) -> Vec<Record> {
    numbers
        .map(|number| record(&format!("seller-{}", number % 37), number))
        .collect()
}

fn number(delivery: &Delivery) -> usize {
    let text = std::str::from_utf8(&delivery.record.value).unwrap();
    text.parse().unwrap()
}

fn offset_after(delivery: &Delivery) -> PartitionOffset {
    PartitionOffset {
        topic: delivery.record.topic,
        partition: delivery.partition,
        next: delivery.offset + 1,
    }
}

/// A member with its messages by partition, without those of revoked partitions.
struct TestMember {
    member: Box<dyn Subscription>,
    deliveries: BTreeMap<u32, Vec<Delivery>>,
}

impl TestMember {
    async fn join(broker: &dyn Broker) -> Self {
        Self {
            member: broker.subscribe(ConsumerGroup::Analytics).await.unwrap(),
            deliveries: BTreeMap::new(),
        }
    }

    async fn step(&mut self) {
        let polled = self.member.poll(500).await.unwrap();
        for (topic, partition) in &polled.revoked {
            if *topic == Topic::ProductCreated {
                self.deliveries.remove(partition);
            }
        }
        for delivery in polled.deliveries {
            let deliveries = self.deliveries.entry(delivery.partition).or_default();
            deliveries.push(delivery);
        }
    }

    async fn commit(&mut self, partitions: &[u32]) {
        let last = partitions
            .iter()
            .filter_map(|one| self.deliveries[one].last());
        let ends: Vec<_> = last.map(offset_after).collect();
        self.member.commit(&ends).await.unwrap();
    }

    fn partitions(&self) -> Vec<u32> {
        self.deliveries.keys().copied().collect()
    }

    fn numbers(&self) -> Vec<usize> {
        let mut numbers: Vec<_> = self.deliveries.values().flatten().map(number).collect();
        numbers.sort_unstable();
        numbers
    }
}

/// Two members poll until they have `count` messages together, and half of the partitions each.
async fn read_shared(one: &mut TestMember, other: &mut TestMember, count: usize) -> Vec<usize> {
    let sharing = async {
        while one.partitions().len() != 2
            || other.partitions().len() != 2
            || one.numbers().len() + other.numbers().len() < count
        {
            tokio::select! {
                () = one.step() => {}
                () = other.step() => {}
            }
        }
    };
    let shared = timeout(DEADLINE, sharing).await;
    let mut all = [one.numbers(), other.numbers()].concat();
    all.sort_unstable();
    shared.unwrap_or_else(|_| {
        let deliveries = (one.partitions(), other.partitions());
        panic!("{} of {count} messages, of {deliveries:?}", all.len())
    });
    all
}

/// Red when: the dropped member does not leave (the other gets nothing until the session ends), or
/// does not commit its last offsets (messages come twice).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn a_member_continues_where_another_left() {
    let config = test_namespace(&engine_setting("KAFKA_BROKERS"));
    let broker = connect(&config).unwrap();
    broker
        .publish_all(records_of_many_sellers(0..1000))
        .await
        .unwrap();
    let mut stays = TestMember::join(&*broker).await;
    let mut leaves = TestMember::join(&*broker).await;
    let all = read_shared(&mut stays, &mut leaves, 1000).await;
    assert!(all.into_iter().eq(0..1000));

    // One has done all its messages, the other one partition of two.
    stays.commit(&stays.partitions()).await;
    let [done, open] = leaves.partitions()[..] else {
        panic!("two partitions");
    };
    // The last of these commits are still on their way when it leaves.
    for delivery in &leaves.deliveries[&done] {
        leaves
            .member
            .commit(&[offset_after(delivery)])
            .await
            .unwrap();
    }
    let mut expected: BTreeSet<usize> = leaves.deliveries[&open].iter().map(number).collect();
    expected.extend(1000..2000);
    assert!(expected.len() > 1000);
    let started = Instant::now();
    drop(leaves);
    broker
        .publish_all(records_of_many_sellers(1000..2000))
        .await
        .unwrap();
    stays.deliveries.clear();
    let resuming = async {
        while stays.numbers().len() < expected.len() {
            stays.step().await;
        }
    };
    timeout(DEADLINE, resuming).await.expect("all is read");
    assert!(stays.numbers().iter().eq(&expected), "nothing twice");
    assert!(started.elapsed() < Duration::from_secs(5));
    remove_topics(&config).await;
}

/// Its handler polls no more, its buffer is full, its partitions are paused; still another member
/// joins and gets its share, and later the first one reads all messages of its own.
/// Red when: the read thread waits for capacity for ever, or pausing loses or repeats messages.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn a_member_that_stops_polling_does_not_block_others() {
    const COUNT: usize = 40_000;
    let config = test_namespace(&engine_setting("KAFKA_BROKERS"));
    let broker = connect(&config).unwrap();
    for start in (0..COUNT).step_by(4000) {
        broker
            .publish_all(records_of_many_sellers(start..start + 4000))
            .await
            .unwrap();
    }
    let mut stuck = TestMember::join(&*broker).await;
    timeout(DEADLINE, stuck.step()).await.expect("it joins");
    let mut other = TestMember::join(&*broker).await;
    timeout(DEADLINE, other.step()).await.expect("both join");
    let all = read_shared(&mut stuck, &mut other, COUNT).await;
    assert!(all.into_iter().eq(0..COUNT));
    remove_topics(&config).await;
}

/// Red when: a producer is used after a failure or a dropped publish (every attempt is appended in
/// the end), or publishing has no timeout.
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_reported_and_keeps_the_order() {
    let cluster = MockCluster::new(1).unwrap();
    let config = test_namespace(&cluster.bootstrap_servers());
    for topic in KafkaNames::new(&config.prefix).topics() {
        cluster.create_topic(topic, 4, 1).unwrap();
    }
    let broker = connect(&config).unwrap();
    let run = |numbers: std::ops::Range<usize>| {
        let records = numbers.map(|number| record("a", number));
        records.collect::<Vec<_>>()
    };
    broker.publish_all(run(0..100)).await.unwrap();
    cluster.broker_down(1).unwrap();
    let cancelled = timeout(Duration::from_millis(1), broker.publish_all(run(100..2000))).await;
    assert!(cancelled.is_err());
    let started = Instant::now();
    let refused = broker.publish_all(run(100..2000)).await;
    assert!(matches!(refused, Err(Error::Unavailable { .. })));
    assert!(started.elapsed() < Duration::from_secs(8));
    assert!(matches!(
        broker.ping().await,
        Err(Error::Unavailable { .. })
    ));
    cluster.broker_up(1).unwrap();
    let healing = async { while broker.publish_all(run(100..2000)).await.is_err() {} };
    timeout(DEADLINE, healing).await.expect("it heals");
    broker.publish_all(run(2000..2100)).await.unwrap();

    let mut member = broker.subscribe(ConsumerGroup::Analytics).await.unwrap();
    let (mut next, mut copies) = (0, 0);
    let reading = async {
        while next < 2100 {
            for delivery in member.poll(500).await.unwrap().deliveries {
                copies += 1;
                assert!(number(&delivery) <= next, "{next} comes later");
                next = next.max(number(&delivery) + 1);
            }
        }
    };
    timeout(DEADLINE, reading).await.expect("all are there");
    assert!(copies < 2100 + 1900, "{copies} copies of 2100");
}

/// Reads with a plain client, as another program would.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn other_programs_read_topics_by_the_contract() {
    let mut config = test_namespace(&engine_setting("KAFKA_BROKERS"));
    config.partitions = 3;
    let broker = connect(&config).unwrap();
    broker
        .publish_all(records_of_many_sellers(0..50))
        .await
        .unwrap();
    let topic = format!("{}product.created", config.prefix);

    let resources = [ResourceSpecifier::Topic(&topic)];
    let options = AdminOptions::new();
    let described = admin(&config).describe_configs(&resources, &options).await;
    let described = described.unwrap().remove(0).unwrap();
    let retention = described.get("retention.ms").unwrap().value.clone();
    assert_eq!(retention.as_deref(), Some("604800000"));

    let reader: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &config.brokers)
        .set("group.id", &config.prefix)
        .create()
        .unwrap();
    let mut all = TopicPartitionList::new();
    for partition in 0..3 {
        let added = all.add_partition_offset(&topic, partition, Offset::Beginning);
        added.unwrap();
    }
    reader.assign(&all).unwrap();
    for _ in 0..50 {
        let message = reader.poll(DEADLINE).unwrap().unwrap();
        let key = message.key().unwrap();
        let partition = u32::try_from(message.partition()).unwrap();
        assert_eq!(partition, partition_of(key, 3));
        let number: usize = std::str::from_utf8(message.payload().unwrap())
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(key, format!("seller-{}", number % 37).as_bytes());
        let header = message.headers().unwrap().get(0);
        assert_eq!(
            (header.key, header.value),
            ("eventType", Some(&b"ProductCreated"[..]))
        );
    }
    remove_topics(&config).await;
}

/// Foreign messages are delivered as well as possible, so that the consumer can dead-letter them.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn foreign_messages_are_delivered() {
    let config = test_namespace(&engine_setting("KAFKA_BROKERS"));
    let broker = connect(&config).unwrap();
    let mut member = broker.subscribe(ConsumerGroup::Analytics).await.unwrap();
    let foreign: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", &config.brokers)
        .create()
        .unwrap();
    let topic = format!("{}product.deleted", config.prefix);
    let sent = foreign.send(BaseRecord::<(), ()>::to(&topic).timestamp(1_000));
    sent.map_err(|(error, _)| error).unwrap();
    foreign.flush(DEADLINE).unwrap();
    let polled = timeout(DEADLINE, member.poll(10)).await.unwrap().unwrap();
    let [delivery] = &polled.deliveries[..] else {
        panic!("one message, not {polled:?}");
    };
    assert_eq!(delivery.appended_at, Timestamp::from_millis(1_000));
    assert_eq!(delivery.record.topic, Topic::ProductDeleted);
    assert!(delivery.record.key.is_empty() && delivery.record.value.is_empty());

    // As large as the cluster accepts, and a little larger as a dead letter.
    let letter = Record {
        topic: Topic::AnalyticsDlq,
        key: String::new(),
        headers: vec![("dlqReason".to_owned(), "x".repeat(1000))],
        value: vec![7; 1_048_000].into(),
    };
    broker.publish_all(vec![letter]).await.unwrap();
    remove_topics(&config).await;
}
