//! How far a group is behind: its committed offsets against the ends of the partitions, asked for
//! in a few requests whatever the number of partitions, by a client that never joins the group.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
    metadata::MetadataTopic,
};

use super::{super::Group, Cluster, away, blocking, bury, voice::Voice};
use crate::domain::error::Result;

/// For all requests together.
const DEADLINE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(20);

type Client = BaseConsumer<Voice>;

/// A client for each group, kept because it takes a while to connect.
#[derive(Default)]
pub(super) struct Gauges {
    clients: Mutex<HashMap<Group, Arc<Client>>>,
}

impl Gauges {
    pub(super) async fn lag(&self, cluster: &Arc<Cluster>, group: Group) -> Result<u64> {
        let client = self.client(cluster, group)?;
        let cluster = Arc::clone(cluster);
        blocking(move || lag(&client, &cluster)).await
    }

    fn client(&self, cluster: &Cluster, group: Group) -> Result<Arc<Client>> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&group) {
            return Ok(Arc::clone(client));
        }
        let client: Client = cluster
            .client()
            .set("group.id", cluster.names.group(group))
            .create_with_context(Voice::hushed("lag"))
            .map_err(away)?;
        let client = Arc::new(client);
        clients.insert(group, Arc::clone(&client));
        Ok(client)
    }
}

impl fmt::Debug for Gauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauges").finish_non_exhaustive()
    }
}

impl Drop for Gauges {
    fn drop(&mut self) {
        let clients = self
            .clients
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        bury(std::mem::take(clients));
    }
}

/// Tries again while a partition has just been made or is changing hands.
fn lag(client: &Client, cluster: &Cluster) -> KafkaResult<u64> {
    let end = Instant::now() + DEADLINE;
    loop {
        // What the library has to say waits until it is asked for.
        while client.poll(Duration::ZERO).is_some() {}
        match lag_now(client, cluster, end) {
            Err(error) if is_passing(&error) && Instant::now() + PAUSE < end => {
                let _ = client.poll(PAUSE);
            }
            lag => return lag,
        }
    }
}

fn is_passing(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::NotLeaderForPartition | RDKafkaErrorCode::LeaderNotAvailable)
    )
}

fn lag_now(client: &Client, cluster: &Cluster, end: Instant) -> KafkaResult<u64> {
    let left = || end.saturating_duration_since(Instant::now());
    let mut all = TopicPartitionList::new();
    for topic in cluster.names.events() {
        let metadata = client.fetch_metadata(Some(topic), left())?;
        let topics = metadata.topics().iter();
        for partition in topics.flat_map(MetadataTopic::partitions) {
            all.add_partition(topic, partition.id());
        }
    }
    if all.count() == 0 {
        // The topics are yet to be created.
        return Ok(0);
    }
    let committed = client.committed_offsets(all.clone(), left())?;
    let at = |position| {
        let mut asked = all.clone();
        asked.set_all_offsets(position)?;
        // As "times" these two mean the first and the next offset.
        client.offsets_for_times(asked, left())
    };
    let (first, next) = (at(Offset::Beginning)?, at(Offset::End)?);
    let elements = all.elements();
    let lags = elements.iter().map(|place| {
        let offset = |list: &TopicPartitionList| {
            let found = list.find_partition(place.topic(), place.partition());
            found.and_then(|found| found.offset().to_raw()).unwrap_or(0)
        };
        // Nothing committed is a negative number.
        let done = offset(&committed).max(offset(&first));
        u64::try_from(offset(&next) - done).unwrap_or(0)
    });
    Ok(lags.sum())
}
