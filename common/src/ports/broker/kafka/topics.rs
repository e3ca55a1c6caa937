//! The topics we need on the cluster: what is missing is created, what is there is left as it is.

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
    types::RDKafkaErrorCode,
};
use tokio::sync::Mutex;

use super::{Cluster, away, blocking, bury, voice::Voice};
use crate::domain::{
    error::{Error, Result},
    record::Topic,
};

/// How long one try may take in all.
const DEADLINE: Duration = Duration::from_secs(5);
/// Between two looks whether what was created is there.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Seven days, in milliseconds.
const RETENTION: &str = "604800000";
/// A dead letter is larger than the message it holds, and that one may be as large as the cluster
/// takes.
pub(super) const LARGEST_LETTER: &str = "2097152";

type Admin = AdminClient<Voice>;

/// Whether the topics were seen on the cluster.
#[derive(Debug, Default)]
pub(super) struct Topics {
    seen: AtomicBool,
    looking: Mutex<()>,
}

impl Topics {
    pub(super) async fn ensure(&self, cluster: &Cluster) -> Result<()> {
        if self.seen.load(Ordering::Acquire) {
            return Ok(());
        }
        let _one_at_a_time = self.looking.lock().await;
        if self.seen.load(Ordering::Acquire) {
            return Ok(());
        }
        create_missing(cluster).await?;
        self.seen.store(true, Ordering::Release);
        Ok(())
    }

    /// The next use looks again.
    pub(super) fn forget(&self) {
        self.seen.store(false, Ordering::Release);
    }
}

async fn create_missing(cluster: &Cluster) -> Result<()> {
    let admin = cluster
        .client()
        .create_with_context::<_, Admin>(Voice::new("topics"))
        .map_err(away)?;
    let admin = Arc::new(admin);
    let end = Instant::now() + DEADLINE;
    let work = async {
        let mut missing = missing(cluster, &admin, end).await?;
        if !missing.is_empty() {
            create(cluster, &admin, &missing).await?;
        }
        // In a cluster the news takes a while to reach every broker.
        while !missing.is_empty() {
            tokio::time::sleep(LOOK_AGAIN).await;
            missing = self::missing(cluster, &admin, end).await?;
        }
        Ok(())
    };
    let done = tokio::time::timeout(DEADLINE, work).await;
    bury(admin);
    done.unwrap_or_else(|_| Err(away("the topics were not there in time")))
}

/// Topics without a partition that has a leader.
async fn missing(cluster: &Cluster, admin: &Arc<Admin>, end: Instant) -> Result<Vec<Topic>> {
    let names = cluster.names.topics().to_vec();
    let admin = Arc::clone(admin);
    let there = blocking(move || {
        let there = names.iter().map(|name| is_there(&admin, name, end));
        there.collect::<KafkaResult<Vec<bool>>>()
    });
    let topics = Topic::ALL.into_iter().zip(there.await?);
    Ok(topics
        .filter(|(_, there)| !there)
        .map(|(topic, _)| topic)
        .collect())
}

fn is_there(admin: &Admin, name: &str, end: Instant) -> KafkaResult<bool> {
    let left = end.saturating_duration_since(Instant::now());
    let metadata = admin.inner().fetch_metadata(Some(name), left)?;
    let led = metadata.topics().iter().any(|topic| {
        let mut partitions = topic.partitions().iter();
        !topic.partitions().is_empty() && partitions.all(|partition| partition.leader() >= 0)
    });
    Ok(led)
}

async fn create(cluster: &Cluster, admin: &Admin, missing: &[Topic]) -> Result<()> {
    let config = &cluster.config;
    let partitions = i32::try_from(config.partitions).unwrap_or(i32::MAX);
    // -1 is the cluster's own.
    let replication = config.replication.map_or(-1, i32::from);
    let wanted: Vec<_> = missing
        .iter()
        .map(|topic| {
            let name = cluster.names.topic(*topic);
            let new = NewTopic::new(name, partitions, TopicReplication::Fixed(replication))
                .set("retention.ms", RETENTION);
            if Topic::EVENTS.contains(topic) {
                new
            } else {
                new.set("max.message.bytes", LARGEST_LETTER)
            }
        })
        .collect();
    let options = AdminOptions::new()
        .request_timeout(Some(DEADLINE))
        .operation_timeout(Some(DEADLINE));
    let results = admin.create_topics(&wanted, &options).await.map_err(away)?;
    for result in results {
        match result {
            // Another process may have been faster.
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => return Err(not_created(&name, code)),
        }
    }
    Ok(())
}

fn not_created(name: &str, code: RDKafkaErrorCode) -> Error {
    away(format_args!("topic {name} cannot be created: {code}"))
}
