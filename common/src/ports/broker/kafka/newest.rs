//! The last messages of every partition, read by a client that joins no group and commits nothing.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
    message::BorrowedMessage,
    metadata::{MetadataPartition, MetadataTopic},
};

use super::{
    super::ConsumerGroup,
    KafkaCluster,
    client_log::ClientLog,
    lag::{LAG_RETRY_PAUSE, is_transient},
};
use crate::domain::record::Record;

/// For all requests together.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// Messages of a partition: some may not be ours.
const MAX_MESSAGES: i64 = 5;

/// The next offset of each partition that is not read to its end.
type UnreadPartitions = HashMap<(String, i32), i64>;

pub(super) fn read(cluster: &KafkaCluster) -> KafkaResult<Vec<Record>> {
    let end = Instant::now() + READ_TIMEOUT;
    let client: BaseConsumer<ClientLog> = cluster
        .client()
        // Nothing joins it; a cluster may allow no other name.
        .set(
            "group.id",
            cluster.names.group(ConsumerGroup::Notifications),
        )
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .create_with_context(ClientLog::quiet("newest"))?;
    let mut unread = loop {
        match assign(&client, cluster, end) {
            // A partition is new or changes its leader.
            Err(error) if is_transient(&error) && Instant::now() + LAG_RETRY_PAUSE < end => {
                let _ = client.poll(LAG_RETRY_PAUSE);
            }
            assigned => break assigned?,
        }
    };
    let mut records = Vec::new();
    while !unread.is_empty() {
        let left = end.saturating_duration_since(Instant::now());
        match client.poll(left) {
            None => {
                return Err(KafkaError::MessageConsumption(
                    RDKafkaErrorCode::OperationTimedOut,
                ));
            }
            Some(Ok(message)) => {
                let place = (message.topic().to_owned(), message.partition());
                if unread
                    .get(&place)
                    .is_some_and(|next| message.offset() + 1 >= *next)
                {
                    unread.remove(&place);
                }
                records.extend(record(cluster, &message));
            }
            // The partition's number is all it says; what is read to its end has nothing more to say.
            Some(Err(KafkaError::PartitionEOF(_))) => drop_finished(&client, &mut unread)?,
            Some(Err(error)) => return Err(error),
        }
    }
    Ok(records)
}

/// Starts a few messages before the end of each partition that has any.
fn assign(
    client: &BaseConsumer<ClientLog>,
    cluster: &KafkaCluster,
    end: Instant,
) -> KafkaResult<UnreadPartitions> {
    let left = || end.saturating_duration_since(Instant::now());
    let (mut places, mut unread) = (TopicPartitionList::new(), UnreadPartitions::new());
    for topic in cluster.names.events() {
        let metadata = client.fetch_metadata(Some(topic), left())?;
        let found = metadata.topics().iter().flat_map(MetadataTopic::partitions);
        for partition in found.map(MetadataPartition::id) {
            let (first, next) = client.fetch_watermarks(topic, partition, left())?;
            if first < next {
                let from = Offset::Offset(first.max(next - MAX_MESSAGES));
                places.add_partition_offset(topic, partition, from)?;
                unread.insert((topic.to_owned(), partition), next);
            }
        }
    }
    client.assign(&places)?;
    Ok(unread)
}

/// The last offsets of a partition may hold no message.
fn drop_finished(
    client: &BaseConsumer<ClientLog>,
    unread: &mut UnreadPartitions,
) -> KafkaResult<()> {
    for place in client.position()?.elements() {
        let key = (place.topic().to_owned(), place.partition());
        let read_to = place.offset().to_raw().unwrap_or(0);
        if unread.get(&key).is_some_and(|next| read_to >= *next) {
            unread.remove(&key);
        }
    }
    Ok(())
}

fn record(cluster: &KafkaCluster, message: &BorrowedMessage<'_>) -> Option<Record> {
    let key = message.key().unwrap_or_default();
    Some(Record {
        topic: cluster.names.find(message.topic())?,
        key: String::from_utf8_lossy(key).into_owned(),
        headers: Vec::new(),
        value: message.payload().unwrap_or_default().to_vec().into(),
    })
}
