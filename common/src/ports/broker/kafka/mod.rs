//! The broker on Apache Kafka.
//!
//! The relay publishes through one idempotent producer that is thrown away after any failure, so
//! that nothing it still holds comes out behind what is published later. A subscription is a group
//! member with threads of its own: it stays in the group however long its handler takes. Topics are
//! created on the first contact that works, and looked for again after every failure; so the daemon
//! and the cluster start in any order.

mod lag;
mod member;
mod names;
mod publisher;
mod shelf;
#[cfg(test)]
pub(super) mod tests;
mod topics;
mod voice;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use rdkafka::{ClientConfig, error::KafkaResult};

use self::{
    lag::Gauges, member::KafkaSubscription, names::Names, publisher::Publisher, topics::Topics,
};
use super::{Broker, Group, Subscription};
use crate::{
    config,
    domain::{
        clock::Timestamp,
        error::{Error, Result},
        record::Record,
    },
};

/// What every client of the cluster needs to know.
#[derive(Debug)]
struct Cluster {
    config: config::Kafka,
    names: Names,
}

#[derive(Debug)]
struct KafkaBroker {
    cluster: Arc<Cluster>,
    topics: Topics,
    publisher: Publisher,
    gauges: Gauges,
}

/// Needs no answer of the cluster.
pub(super) fn connect(config: &config::Kafka) -> Result<Arc<dyn Broker>> {
    let cluster = Cluster {
        config: config.clone(),
        names: Names::new(&config.prefix),
    };
    let broker = KafkaBroker {
        cluster: Arc::new(cluster),
        topics: Topics::default(),
        publisher: Publisher::default(),
        gauges: Gauges::default(),
    };
    // It takes half a second to get ready; when it is needed it should be.
    broker.publisher.current(&broker.cluster)?;
    Ok(Arc::new(broker))
}

#[async_trait]
impl Broker for KafkaBroker {
    async fn publish(&self, records: Vec<Record>) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        self.topics.ensure(&self.cluster).await?;
        let published = self.publisher.publish(&self.cluster, &records).await;
        if published.is_err() {
            // Perhaps they are gone.
            self.topics.forget();
        }
        published
    }

    async fn subscribe(&self, group: Group) -> Result<Box<dyn Subscription>> {
        self.topics.ensure(&self.cluster).await?;
        let subscription = KafkaSubscription::join(&self.cluster, group)?;
        Ok(Box::new(subscription))
    }

    async fn lag(&self, group: Group) -> Result<u64> {
        self.gauges.lag(&self.cluster, group).await
    }

    async fn ping(&self) -> Result<()> {
        self.publisher.ping(&self.cluster).await
    }

    async fn prepare(&self) -> Result<()> {
        self.topics.ensure(&self.cluster).await
    }

    /// The cluster forgets by itself.
    async fn sweep(&self, _before: Timestamp) -> Result<()> {
        Ok(())
    }
}

impl Cluster {
    /// What all clients have in common.
    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.config.brokers)
            .set("client.id", &self.config.client_id)
            // The cluster may be set to create what is asked for, with settings that are not ours.
            .set("allow.auto.create.topics", "false")
            // Soon there again after an outage, soon aware of new topics and partitions.
            .set("reconnect.backoff.max.ms", "1000")
            .set("topic.metadata.refresh.interval.ms", "10000")
            .set("socket.timeout.ms", "10000")
            .set("socket.keepalive.enable", "true")
            .set("log.connection.close", "false");
        config
    }
}

fn away(reason: impl fmt::Display) -> Error {
    Error::Unavailable {
        engine: "Kafka",
        reason: reason.to_string(),
    }
}

/// For calls that block; each has a deadline of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> KafkaResult<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(away)?.map_err(away)
}

/// Drops a client on a thread of its own: it joins its threads, which may take long or for ever.
fn bury<T: Send + 'static>(client: T) {
    let grave = std::thread::Builder::new().name("kafka-close".to_owned());
    if let Err(error) = grave.spawn(move || drop(client)) {
        tracing::debug!(%error, "a Kafka client was closed in place");
    }
}
