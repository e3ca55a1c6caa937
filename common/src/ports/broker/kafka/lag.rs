//! How far a group is: its committed offsets and the ends of the partitions. A client that never
//! joins the group fetches them, in a few requests whatever the number of partitions.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
    metadata::MetadataTopic,
};

use super::{
    super::{ConsumerGroup, PartitionProgress},
    KafkaCluster, blocking,
    client_log::ClientLog,
    drop_in_background, unavailable,
};
use crate::domain::error::Result;
use crate::unpoisoned::unpoisoned;

/// For all requests together.
const LAG_TIMEOUT: Duration = Duration::from_secs(1);
pub(super) const LAG_RETRY_PAUSE: Duration = Duration::from_millis(20);

type LagClient = BaseConsumer<ClientLog>;

/// A client for each group, kept because connecting takes a while.
#[derive(Default)]
pub(super) struct LagMonitor {
    clients: Mutex<HashMap<ConsumerGroup, Arc<LagClient>>>,
}

impl LagMonitor {
    pub(super) async fn progress(
        &self,
        cluster: &Arc<KafkaCluster>,
        group: ConsumerGroup,
    ) -> Result<Vec<PartitionProgress>> {
        let client = self.client(cluster, group)?;
        let cluster = Arc::clone(cluster);
        blocking(move || progress(&client, &cluster)).await
    }

    fn client(&self, cluster: &KafkaCluster, group: ConsumerGroup) -> Result<Arc<LagClient>> {
        let mut clients = unpoisoned(self.clients.lock());
        if let Some(client) = clients.get(&group) {
            return Ok(Arc::clone(client));
        }
        let client: LagClient = cluster
            .client()
            .set("group.id", cluster.names.group(group))
            .create_with_context(ClientLog::quiet("lag"))
            .map_err(unavailable)?;
        let client = Arc::new(client);
        clients.insert(group, Arc::clone(&client));
        Ok(client)
    }
}

impl Drop for LagMonitor {
    fn drop(&mut self) {
        let clients = unpoisoned(self.clients.get_mut());
        drop_in_background(std::mem::take(clients));
    }
}

const UNKNOWN_OFFSET: KafkaError = KafkaError::OffsetFetch(RDKafkaErrorCode::NoOffset);

/// Retries while a partition is new or changes its leader.
fn progress(client: &LagClient, cluster: &KafkaCluster) -> KafkaResult<Vec<PartitionProgress>> {
    let end = Instant::now() + LAG_TIMEOUT;
    loop {
        // The library's messages wait until they are polled.
        while client.poll(Duration::ZERO).is_some() {}
        match read_progress(client, cluster, end) {
            Err(error) if is_transient(&error) && Instant::now() + LAG_RETRY_PAUSE < end => {
                let _ = client.poll(LAG_RETRY_PAUSE);
            }
            read => return read,
        }
    }
}

pub(super) fn is_transient(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::NotLeaderForPartition | RDKafkaErrorCode::LeaderNotAvailable)
    )
}

fn read_progress(
    client: &LagClient,
    cluster: &KafkaCluster,
    end: Instant,
) -> KafkaResult<Vec<PartitionProgress>> {
    let left = || end.saturating_duration_since(Instant::now());
    let mut all = TopicPartitionList::new();
    for topic in cluster.names.events() {
        let metadata = client.fetch_metadata(Some(topic), left())?;
        for found in metadata.topics() {
            check_topic(found)?;
            for partition in found.partitions() {
                all.add_partition(topic, partition.id());
            }
        }
    }
    if all.count() == 0 {
        // The topics do not exist yet.
        return Ok(Vec::new());
    }
    let committed = client.committed_offsets(all.clone(), left())?;
    let at = |position| {
        let mut query = all.clone();
        query.set_all_offsets(position)?;
        // As "times" these two mean the first and the next offset.
        client.offsets_for_times(query, left())
    };
    let (first, next) = (at(Offset::Beginning)?, at(Offset::End)?);
    let mut progress = Vec::with_capacity(all.count());
    for partition in all.elements() {
        let offset = |list: &TopicPartitionList| {
            let found = list.find_partition(partition.topic(), partition.partition());
            let found = found.ok_or(UNKNOWN_OFFSET)?;
            found.error()?;
            Ok::<_, KafkaError>(found.offset().to_raw().unwrap_or(0))
        };
        let topic = cluster.names.find(partition.topic());
        let number = u32::try_from(partition.partition()).ok();
        if let (Some(topic), Some(partition)) = (topic, number) {
            progress.push(PartitionProgress {
                topic,
                partition,
                // It is negative when nothing is committed.
                done: offset(&committed)?.max(offset(&first)?),
                next: offset(&next)?,
            });
        }
    }
    Ok(progress)
}

/// A topic that cannot be looked at is an error: others draw conclusions from where it ends. One
/// that does not exist yet has no events.
fn check_topic(found: &MetadataTopic) -> KafkaResult<()> {
    match found.error().map(RDKafkaErrorCode::from) {
        None | Some(RDKafkaErrorCode::UnknownTopicOrPartition) => Ok(()),
        Some(code) => Err(KafkaError::MetadataFetch(code)),
    }
}
