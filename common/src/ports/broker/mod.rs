//! Port: a durable log of messages by topic and partition, read by groups with committed offsets.

mod embedded;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;

use crate::{
    config::BrokerConfig,
    domain::{
        clock::Timestamp,
        error::{Error, Result},
        port::Port,
        record::{Record, Topic},
    },
};

/// Opens the configured engine. What a server lacks is created on the first contact that works.
pub async fn connect(config: &BrokerConfig) -> Result<Arc<dyn Broker>> {
    match config {
        BrokerConfig::Embedded { path, partitions } => embedded::connect(path, *partitions).await,
        #[cfg(feature = "kafka")]
        BrokerConfig::Kafka(config) => kafka::connect(config),
        #[cfg(not(feature = "kafka"))]
        BrokerConfig::Kafka(_) => Err(Error::not_built_in(Port::Broker, "Kafka")),
    }
}

/// A consumer group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsumerGroup {
    Notifications,
    Analytics,
}

impl ConsumerGroup {
    pub const ALL: [Self; 2] = [Self::Notifications, Self::Analytics];

    /// The name on the broker.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notifications => "notification-service-group",
            Self::Analytics => "analytics-service-group",
        }
    }

    /// The topic for its unreadable messages.
    pub const fn dead_letters(self) -> Topic {
        match self {
            Self::Notifications => Topic::NotificationsDlq,
            Self::Analytics => Topic::AnalyticsDlq,
        }
    }
}

/// A message as it was read from the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub partition: u32,
    pub offset: i64,
    pub appended_at: Timestamp,
    pub record: Record,
}

/// How far a group is in a partition: all messages before `next` are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PartitionOffset {
    pub topic: Topic,
    pub partition: u32,
    pub next: i64,
}

/// A group's place in a partition of an event topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionProgress {
    pub topic: Topic,
    pub partition: u32,
    /// Everything before it is committed, or has expired.
    pub done: i64,
    /// The offset of the next message to be appended.
    pub next: i64,
}

/// What became of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishVerdict {
    /// It is durable.
    Acknowledged,
    /// The broker will never take it; why. All others are taken nevertheless.
    Refused(String),
    /// It may have been appended or not: publish it again before newer ones.
    Unknown,
}

/// What became of a publish.
#[derive(Debug)]
pub struct PublishReport {
    /// One for each message, in their order.
    pub verdicts: Vec<PublishVerdict>,
    /// Why a verdict is unknown.
    pub failure: Option<Error>,
}

impl PublishReport {
    /// All of them have this verdict.
    fn uniform(messages: usize, published: Result<()>) -> Self {
        let verdict = match published {
            Ok(()) => PublishVerdict::Acknowledged,
            Err(_) => PublishVerdict::Unknown,
        };
        Self {
            verdicts: vec![verdict; messages],
            failure: published.err(),
        }
    }

    /// Whether every message is durable.
    fn all(self) -> Result<()> {
        let mut verdicts = self.verdicts.into_iter();
        let missed = verdicts.find_map(|verdict| match verdict {
            PublishVerdict::Acknowledged => None,
            PublishVerdict::Refused(reason) => Some(reason),
            PublishVerdict::Unknown => Some("a message has no verdict".to_owned()),
        });
        match (self.failure, missed) {
            (Some(error), _) => Err(error),
            (None, Some(reason)) => Err(Error::unavailable(Port::Broker, "broker", reason)),
            (None, None) => Ok(()),
        }
    }
}

/// What a poll returns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PollBatch {
    /// Partitions that another member may read from now on. It receives again what is not committed,
    /// so this member forgets that. They were revoked before `deliveries` were read.
    pub revoked: Vec<(Topic, u32)>,
    /// In order within each partition.
    pub deliveries: Vec<Delivery>,
}

#[async_trait]
pub trait Broker: Send + Sync + std::fmt::Debug {
    /// Appends messages; returns once it is known what became of each, or when the broker is silent.
    /// Messages with equal keys keep their order within a topic.
    async fn publish(&self, records: Vec<Record>) -> PublishReport;

    /// Appends messages of which every one has to be taken; on an error some may have been appended.
    async fn publish_all(&self, records: Vec<Record>) -> Result<()> {
        self.publish(records).await.all()
    }

    /// Joins a group on all event topics, from its committed offsets, at first from the earliest.
    async fn subscribe(&self, group: ConsumerGroup) -> Result<Box<dyn Subscription>>;

    /// The group's place in every partition of the event topics; partitions that never had a
    /// message may be left out.
    async fn progress(&self, group: ConsumerGroup) -> Result<Vec<PartitionProgress>>;

    /// The last messages of every partition of the event topics, a few of each at least, in no order. Their
    /// headers may be left out.
    async fn newest_records(&self) -> Result<Vec<Record>>;

    /// The number of messages in event topics that the group has not committed yet.
    async fn lag(&self, group: ConsumerGroup) -> Result<u64> {
        let all = self.progress(group).await?;
        let lag: i64 = all
            .iter()
            .map(|place| (place.next - place.done).max(0))
            .sum();
        Ok(lag.unsigned_abs())
    }

    /// One cheap round trip.
    async fn ping(&self) -> Result<()>;

    /// Called last: leaves files tidy.
    async fn close(&self) {}

    /// Creates what is missing; other calls do so too when they need it.
    async fn prepare(&self) -> Result<()> {
        self.ping().await
    }

    /// Deletes messages older than `before`; does nothing if the engine expires them by itself.
    async fn sweep(&self, before: Timestamp) -> Result<()>;
}

/// A member of a group. Dropping it leaves the group.
#[async_trait]
pub trait Subscription: Send + std::fmt::Debug {
    /// Waits for messages and returns up to `max` of them, or for revoked partitions. Messages are
    /// delivered again only to a new subscription, or when a partition returns. Safe to cancel.
    async fn poll(&mut self, max: usize) -> Result<PollBatch>;

    /// The next reader of the partitions starts there. The offsets are durable soon, at the latest
    /// before this member leaves. Those of revoked partitions are ignored.
    async fn commit(&mut self, offsets: &[PartitionOffset]) -> Result<()>;

    /// Fetches no more from these partitions, and again from all others. What was fetched already
    /// is still delivered. An engine that delivers in the order of arrival has no need of it.
    fn set_paused(&mut self, _partitions: &BTreeSet<(Topic, u32)>) {}
}
