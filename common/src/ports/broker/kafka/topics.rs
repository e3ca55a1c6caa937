//! Creates the topics that are missing on the cluster, and leaves existing ones as they are.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    error::KafkaResult,
    types::{RDKafkaErrorCode, RDKafkaRespErr},
};
use tokio::sync::Mutex;

use super::{KafkaCluster, blocking, client_log::ClientLog, drop_in_background, unavailable};
use crate::domain::{
    error::{Error, Result},
    record::Topic,
};

/// For one attempt in all.
const CREATE_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two checks whether the created topics are ready.
const CREATED_POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Seven days, in milliseconds.
const RETENTION_MS: &str = "604800000";
/// A dead letter is larger than the message in it, which may be as large as the cluster accepts.
pub(super) const MAX_DEAD_LETTER_BYTES: &str = "2097152";

type KafkaAdmin = AdminClient<ClientLog>;

/// Whether all topics are known to be on the cluster.
#[derive(Default)]
pub(super) struct TopicSetup {
    complete: AtomicBool,
    setup_lock: Mutex<()>,
}

impl TopicSetup {
    pub(super) async fn ensure(&self, cluster: &KafkaCluster) -> Result<()> {
        if self.complete.load(Ordering::Acquire) {
            return Ok(());
        }
        let _one_at_a_time = self.setup_lock.lock().await;
        if self.complete.load(Ordering::Acquire) {
            return Ok(());
        }
        create_missing(cluster).await?;
        self.complete.store(true, Ordering::Release);
        Ok(())
    }

    /// The next use checks again.
    pub(super) fn forget(&self) {
        self.complete.store(false, Ordering::Release);
    }
}

async fn create_missing(cluster: &KafkaCluster) -> Result<()> {
    let admin = cluster
        .client()
        .create_with_context::<_, KafkaAdmin>(ClientLog::new("topics"))
        .map_err(unavailable)?;
    let admin = Arc::new(admin);
    let end = Instant::now() + CREATE_TIMEOUT;
    let work = async {
        let mut missing = missing(cluster, &admin, end).await?;
        if !missing.is_empty() {
            create(cluster, &admin, &missing).await?;
        }
        // It takes a while until every broker of the cluster knows new topics.
        while !missing.is_empty() {
            tokio::time::sleep(CREATED_POLL_INTERVAL).await;
            missing = self::missing(cluster, &admin, end).await?;
        }
        Ok(())
    };
    let done = tokio::time::timeout(CREATE_TIMEOUT, work).await;
    drop_in_background(admin);
    done.unwrap_or_else(|_| Err(unavailable("the topics were not ready in time")))
}

/// The topics that do not exist, or have a partition without a leader.
async fn missing(
    cluster: &KafkaCluster,
    admin: &Arc<KafkaAdmin>,
    end: Instant,
) -> Result<Vec<Topic>> {
    let names = cluster.names.topics().to_vec();
    let admin = Arc::clone(admin);
    let ready = blocking(move || {
        let ready = names.iter().map(|name| is_ready(&admin, name, end));
        ready.collect::<KafkaResult<Vec<bool>>>()
    });
    let topics = Topic::ALL.into_iter().zip(ready.await?);
    Ok(topics
        .filter(|(_, ready)| !ready)
        .map(|(topic, _)| topic)
        .collect())
}

fn is_ready(admin: &KafkaAdmin, name: &str, end: Instant) -> KafkaResult<bool> {
    let left = end.saturating_duration_since(Instant::now());
    let metadata = admin.inner().fetch_metadata(Some(name), left)?;
    let ready = metadata.topics().iter().any(|topic| {
        // One that this user may not even look at: its messages are refused, the others are not.
        if topic.error() == Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
            return true;
        }
        let mut partitions = topic.partitions().iter();
        !topic.partitions().is_empty() && partitions.all(|partition| partition.leader() >= 0)
    });
    Ok(ready)
}

async fn create(cluster: &KafkaCluster, admin: &KafkaAdmin, missing: &[Topic]) -> Result<()> {
    let config = &cluster.config;
    let partitions = i32::try_from(config.partitions).unwrap_or(i32::MAX);
    // -1 means the cluster's default.
    let replication = config.replication.map_or(-1, i32::from);
    let new_topics: Vec<_> = missing
        .iter()
        .map(|topic| {
            let name = cluster.names.topic(*topic);
            let new = NewTopic::new(name, partitions, TopicReplication::Fixed(replication))
                .set("retention.ms", RETENTION_MS);
            if Topic::EVENTS.contains(topic) {
                new
            } else {
                new.set("max.message.bytes", MAX_DEAD_LETTER_BYTES)
            }
        })
        .collect();
    let options = AdminOptions::new()
        .request_timeout(Some(CREATE_TIMEOUT))
        .operation_timeout(Some(CREATE_TIMEOUT));
    let results = admin
        .create_topics(&new_topics, &options)
        .await
        .map_err(unavailable)?;
    for result in results {
        match result {
            // Another process may have created it just now.
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => return Err(not_created(&name, code)),
        }
    }
    Ok(())
}

fn not_created(name: &str, code: RDKafkaErrorCode) -> Error {
    unavailable(format_args!("topic {name} cannot be created: {code}"))
}
