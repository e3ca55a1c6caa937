//! Kafka's topics as another program sees them.

use std::{collections::HashMap, time::Duration};

use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier},
    client::DefaultClientContext,
    config::FromClientConfig as _,
    consumer::{BaseConsumer, CommitMode, Consumer as _},
    message::{Header, Headers as _, OwnedHeaders},
    producer::{BaseProducer, BaseRecord, Producer as _},
};
use serde_json::Value;

use super::TestNamespace;

const KAFKA_TIMEOUT: Duration = Duration::from_secs(30);
/// The topics of events.
pub(crate) const TOPICS: [&str; 5] = [
    "product.created",
    "product.updated",
    "product.deleted",
    "product.lowstock",
    "import.completed",
];

/// A message as it lies in a topic.
#[derive(Debug, Clone)]
pub(crate) struct TopicMessage {
    pub(crate) topic: String,
    pub(crate) key: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) value: Vec<u8>,
}

impl TopicMessage {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.value).unwrap()
    }
}

/// The Kafka of a namespace.
pub(crate) struct TopicReader {
    brokers: String,
    prefix: String,
}

impl TopicReader {
    pub(crate) fn of(namespace: &TestNamespace) -> Self {
        let get = |name| namespace.get(name).unwrap_or_default().to_owned();
        Self {
            brokers: get("KAFKA_BROKERS"),
            prefix: get("KAFKA_TOPIC_PREFIX"),
        }
    }

    fn client(&self, group: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("group.id", format!("{}{group}", self.prefix))
            .set("enable.auto.commit", "false")
            .set("message.max.bytes", "4000000");
        config
    }

    /// Everything in a topic, partition after partition.
    pub(crate) fn read(&self, topic: &str) -> Vec<TopicMessage> {
        let consumer = BaseConsumer::from_config(&self.client("reader")).unwrap();
        let name = format!("{}{topic}", self.prefix);
        let mut messages = Vec::new();
        for partition in self.partitions(&consumer, &name) {
            let (low, high) = consumer
                .fetch_watermarks(&name, partition, KAFKA_TIMEOUT)
                .unwrap();
            let mut from = TopicPartitionList::new();
            from.add_partition_offset(&name, partition, Offset::Beginning)
                .unwrap();
            consumer.assign(&from).unwrap();
            let mut next = low;
            while next < high {
                let message = consumer
                    .poll(KAFKA_TIMEOUT)
                    .expect("messages arrive")
                    .unwrap();
                next = message.offset() + 1;
                let headers = message.headers().map(|headers| {
                    let text = |bytes: Option<&[u8]>| {
                        String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap()
                    };
                    let pairs = headers.iter();
                    pairs
                        .map(|header| (header.key.to_owned(), text(header.value)))
                        .collect()
                });
                messages.push(TopicMessage {
                    topic: topic.to_owned(),
                    key: String::from_utf8(message.key().unwrap_or_default().to_vec()).unwrap(),
                    headers: headers.unwrap_or_default(),
                    value: message.payload().unwrap_or_default().to_vec(),
                });
            }
        }
        messages
    }

    /// Every event of every topic.
    pub(crate) fn events(&self) -> Vec<TopicMessage> {
        TOPICS.iter().flat_map(|topic| self.read(topic)).collect()
    }

    /// Puts a message into a topic as a foreign program does.
    pub(crate) fn send(&self, topic: &str, key: &str, value: &[u8]) {
        self.send_with(topic, key, &[], value);
    }

    /// The same with headers.
    pub(crate) fn send_with(&self, topic: &str, key: &str, headers: &[(&str, &str)], value: &[u8]) {
        let producer = BaseProducer::from_config(&self.client("writer")).unwrap();
        self.enqueue(&producer, topic, key, headers, value);
        producer.flush(KAFKA_TIMEOUT).unwrap();
    }

    /// Puts many messages into a topic, each with its key.
    pub(crate) fn send_all(&self, topic: &str, messages: impl Iterator<Item = (String, Vec<u8>)>) {
        const MAX_UNFLUSHED: usize = 1_000;
        let producer = BaseProducer::from_config(&self.client("writer")).unwrap();
        for (number, (key, value)) in messages.enumerate() {
            self.enqueue(&producer, topic, &key, &[], &value);
            if number % MAX_UNFLUSHED == 0 {
                producer.flush(KAFKA_TIMEOUT).unwrap();
            }
        }
        producer.flush(KAFKA_TIMEOUT).unwrap();
    }

    fn enqueue(
        &self,
        producer: &BaseProducer,
        topic: &str,
        key: &str,
        headers: &[(&str, &str)],
        value: &[u8],
    ) {
        let name = format!("{}{topic}", self.prefix);
        let headers = headers
            .iter()
            .fold(OwnedHeaders::new(), |all, (key, value)| {
                all.insert(Header {
                    key,
                    value: Some(*value),
                })
            });
        let record = BaseRecord::to(&name)
            .key(key)
            .payload(value)
            .headers(headers);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }

    /// From now on the cluster refuses larger messages in this topic.
    pub(crate) async fn limit_bytes(&self, topic: &str, bytes: u32) {
        let admin: AdminClient<DefaultClientContext> = self.client("admin").create().unwrap();
        let name = format!("{}{topic}", self.prefix);
        let bytes = bytes.to_string();
        let config =
            AlterConfig::new(ResourceSpecifier::Topic(&name)).set("max.message.bytes", &bytes);
        let altered = admin.alter_configs([&config], &AdminOptions::new()).await;
        altered
            .unwrap()
            .into_iter()
            .for_each(|topic| drop(topic.unwrap()));
    }

    /// Moves a group without members back to the beginning of all event topics.
    pub(crate) fn rewind(&self, group: &str) {
        let consumer = BaseConsumer::from_config(&self.client(group)).unwrap();
        let mut start = TopicPartitionList::new();
        for topic in TOPICS {
            let name = format!("{}{topic}", self.prefix);
            for partition in self.partitions(&consumer, &name) {
                start
                    .add_partition_offset(&name, partition, Offset::Offset(0))
                    .unwrap();
            }
        }
        consumer.commit(&start, CommitMode::Sync).unwrap();
    }

    fn partitions(&self, consumer: &BaseConsumer, name: &str) -> Vec<i32> {
        let metadata = consumer.fetch_metadata(Some(name), KAFKA_TIMEOUT).unwrap();
        let topic = &metadata.topics()[0];
        topic
            .partitions()
            .iter()
            .map(rdkafka::metadata::MetadataPartition::id)
            .collect()
    }
}
