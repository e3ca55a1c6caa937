//! The broker on Apache Kafka.
//!
//! The relay publishes through one idempotent producer that is discarded after any failure, so that
//! no message it still holds is appended after later ones. A subscription is a group member with
//! threads of its own: it stays in the group however long its handler takes. Topics are created on
//! the first contact that works, and checked again after every failure; so the daemon and the
//! cluster start in any order.

mod client_log;
mod consumer_state;
mod lag;
mod newest;
mod publisher;
mod subscription;
#[cfg(test)]
pub(super) mod tests;
mod topic_names;
mod topics;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use rdkafka::{ClientConfig, error::KafkaResult};

use self::{
    lag::LagMonitor, publisher::KafkaPublisher, subscription::KafkaSubscription,
    topic_names::KafkaNames, topics::TopicSetup,
};
use super::{Broker, ConsumerGroup, PartitionProgress, PublishReport, Subscription};
use crate::{
    config,
    domain::{
        clock::Timestamp,
        error::{Error, Result},
        port::Port,
        record::Record,
    },
};

/// How to reach the cluster, for all its clients.
struct KafkaCluster {
    config: config::Kafka,
    names: KafkaNames,
}

struct KafkaBroker {
    cluster: Arc<KafkaCluster>,
    topic_setup: TopicSetup,
    publisher: KafkaPublisher,
    lag_monitor: LagMonitor,
}

impl fmt::Debug for KafkaBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaBroker").finish_non_exhaustive()
    }
}

/// Does not wait for the cluster.
pub(super) fn connect(config: &config::Kafka) -> Result<Arc<dyn Broker>> {
    let cluster = KafkaCluster {
        config: config.clone(),
        names: KafkaNames::new(&config.prefix),
    };
    let broker = KafkaBroker {
        cluster: Arc::new(cluster),
        topic_setup: TopicSetup::default(),
        publisher: KafkaPublisher::default(),
        lag_monitor: LagMonitor::default(),
    };
    // A producer needs half a second to get ready.
    broker.publisher.current(&broker.cluster)?;
    Ok(Arc::new(broker))
}

#[async_trait]
impl Broker for KafkaBroker {
    async fn publish(&self, records: Vec<Record>) -> PublishReport {
        if records.is_empty() {
            return PublishReport::uniform(0, Ok(()));
        }
        if let Err(error) = self.topic_setup.ensure(&self.cluster).await {
            return PublishReport::uniform(records.len(), Err(error));
        }
        let report = self.publisher.publish(&self.cluster, &records).await;
        if report.failure.is_some() {
            // The topics may have been deleted.
            self.topic_setup.forget();
        }
        report
    }

    async fn subscribe(&self, group: ConsumerGroup) -> Result<Box<dyn Subscription>> {
        self.topic_setup.ensure(&self.cluster).await?;
        let subscription = KafkaSubscription::join(&self.cluster, group)?;
        Ok(Box::new(subscription))
    }

    async fn progress(&self, group: ConsumerGroup) -> Result<Vec<PartitionProgress>> {
        self.lag_monitor.progress(&self.cluster, group).await
    }

    async fn newest_records(&self) -> Result<Vec<Record>> {
        let cluster = Arc::clone(&self.cluster);
        blocking(move || newest::read(&cluster)).await
    }

    async fn ping(&self) -> Result<()> {
        self.publisher.ping(&self.cluster).await
    }

    async fn prepare(&self) -> Result<()> {
        self.topic_setup.ensure(&self.cluster).await
    }

    /// The cluster deletes old messages by itself.
    async fn sweep(&self, _before: Timestamp) -> Result<()> {
        Ok(())
    }
}

impl KafkaCluster {
    /// The settings that all clients share.
    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.config.brokers)
            .set("client.id", &self.config.client_id)
            // A cluster may create unknown topics by itself, with other settings than ours.
            .set("allow.auto.create.topics", "false")
            // Reconnects soon after an outage, and soon knows new topics and partitions.
            .set("reconnect.backoff.max.ms", "1000")
            .set("topic.metadata.refresh.interval.ms", "10000")
            .set("socket.timeout.ms", "10000")
            .set("socket.keepalive.enable", "true")
            .set("log.connection.close", "false");
        config
    }
}

fn unavailable(reason: impl fmt::Display) -> Error {
    Error::unavailable(Port::Broker, "Kafka", reason)
}

/// Runs a blocking call, which has a timeout of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> KafkaResult<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(unavailable)?.map_err(unavailable)
}

/// Drops a client on a thread of its own: the client joins its threads, which may take for ever.
fn drop_in_background<T: Send + 'static>(client: T) {
    let thread = std::thread::Builder::new().name("kafka-close".to_owned());
    if let Err(error) = thread.spawn(move || drop(client)) {
        tracing::debug!(%error, "a Kafka client was closed on the calling thread");
    }
}
