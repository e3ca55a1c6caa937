//! A member of a group: one thread reads from the cluster, another commits.
//!
//! The read thread never stops polling for long. While the handler waits for an engine, partitions
//! are paused and polling continues, so that the member stays in its group and takes part when
//! others join or leave.
//!
//! The cluster takes several milliseconds for a commit, because it batches them. No handler waits
//! for that: the commit thread commits what is done, again and again. What is uncommitted when
//! partitions are revoked, or when the member leaves, is committed before it gives them up.

use std::{
    collections::BTreeSet,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use async_trait::async_trait;
use rdkafka::{
    ClientContext, Message, Offset, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance},
    error::{KafkaError, KafkaResult},
    message::{BorrowedMessage, Headers},
};

use super::{
    super::{ConsumerGroup, Delivery, PartitionOffset, PollBatch, Subscription},
    KafkaCluster,
    client_log::ClientLog,
    consumer_state::{Capacity, ConsumerState},
    unavailable,
};
use crate::domain::{
    clock::Timestamp,
    error::Result,
    record::{Record, Topic},
};

/// How long the read thread waits for messages before it checks whether it has to end.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);
/// How long the handler may take before partitions are paused, which discards prefetched messages.
const PAUSE_AFTER: Duration = Duration::from_secs(1);
/// Between a commit that failed and the next one.
const COMMIT_RETRY_PAUSE: Duration = Duration::from_millis(100);
/// How long dropping a member waits for it to leave the group. A member that does not leave keeps
/// the group waiting for much longer.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(1);

pub(super) struct KafkaSubscription {
    state: Arc<ConsumerState>,
    /// Released before the threads release theirs.
    member: Option<Arc<GroupMember>>,
    left: mpsc::Receiver<()>,
}

impl fmt::Debug for KafkaSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSubscription").finish_non_exhaustive()
    }
}

/// The client, and a signal that it is closed: fields are dropped in their order.
struct GroupMember {
    consumer: BaseConsumer<RebalanceListener>,
    _leaves: mpsc::SyncSender<()>,
}

impl KafkaSubscription {
    /// Starts to join; messages arrive after the rebalance.
    pub(super) fn join(cluster: &Arc<KafkaCluster>, group: ConsumerGroup) -> Result<Self> {
        let state = Arc::new(ConsumerState::default());
        let listener = RebalanceListener {
            client_log: ClientLog::new(group.as_str()),
            cluster: Arc::clone(cluster),
            state: Arc::clone(&state),
        };
        let consumer: BaseConsumer<RebalanceListener> = cluster
            .client()
            .set("group.id", cluster.names.group(group))
            .set("auto.offset.reset", "earliest")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // A member gets the same partitions of all topics.
            .set("partition.assignment.strategy", "range")
            // A member that was killed is replaced within ten seconds.
            .set("session.timeout.ms", "7000")
            .set("heartbeat.interval.ms", "1500")
            // The cluster answers as soon as it has messages; a newly assigned partition waits for
            // the end of the present fetch.
            .set("fetch.min.bytes", "1")
            .set("fetch.wait.max.ms", "100")
            // The prefetch queue stays small, and is refilled at once.
            .set("queued.max.messages.kbytes", "16384")
            .set("fetch.queue.backoff.ms", "2")
            .create_with_context(listener)
            .map_err(unavailable)?;
        consumer
            .subscribe(&cluster.names.events())
            .map_err(unavailable)?;
        let (leaves, left) = mpsc::sync_channel(1);
        let member = Arc::new(GroupMember {
            consumer,
            _leaves: leaves,
        });
        let committer = Arc::clone(&member);
        spawn_thread("kafka-commit", move || commit_all(&committer.consumer))?;
        let (reader, guard) = (Arc::clone(&member), FailOnExit(Arc::clone(&state)));
        spawn_thread("kafka-read", move || read_all(&reader.consumer, &guard.0))?;
        Ok(Self {
            state,
            member: Some(member),
            left,
        })
    }
}

#[async_trait]
impl Subscription for KafkaSubscription {
    async fn poll(&mut self, max: usize) -> Result<PollBatch> {
        self.state.next(max).await
    }

    async fn commit(&mut self, offsets: &[PartitionOffset]) -> Result<()> {
        self.state.mark_done(offsets)
    }

    fn set_paused(&mut self, partitions: &BTreeSet<(Topic, u32)>) {
        self.state.set_paused(partitions);
    }
}

impl Drop for KafkaSubscription {
    fn drop(&mut self) {
        self.state.close();
        if let Some(member) = self.member.take() {
            // It also wakes the reading thread.
            member.consumer.unsubscribe();
        }
        let _ = self.left.recv_timeout(LEAVE_TIMEOUT);
    }
}

/// Reports a failure however the read thread ends, so that no call waits for it any longer.
struct FailOnExit(Arc<ConsumerState>);

impl Drop for FailOnExit {
    fn drop(&mut self) {
        self.0.fail("the subscription has ended".to_owned());
    }
}

fn spawn_thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map(drop).map_err(unavailable)
}

fn commit_all(consumer: &BaseConsumer<RebalanceListener>) {
    let listener = consumer.context();
    while let Some(offsets) = listener.state.wait_uncommitted() {
        if let Err(error) = listener.commit(consumer, &offsets) {
            listener.client_log.warn(error);
            // A rebalance is in progress, or the cluster is unavailable.
            thread::park_timeout(COMMIT_RETRY_PAUSE);
        }
    }
}

fn read_all(consumer: &BaseConsumer<RebalanceListener>, state: &ConsumerState) {
    let pause = || consumer.pause(&consumer.assignment()?);
    let mut paused = false;
    let mut held = BTreeSet::new();
    loop {
        let capacity = state.wait_capacity(if paused { Duration::ZERO } else { PAUSE_AFTER });
        if capacity == Capacity::Closing {
            return;
        }
        let now_held = state.paused();
        let (was_paused, changed) = (paused, held != now_held);
        (paused, held) = (capacity == Capacity::Full, now_held);
        let switched = match paused {
            true if was_paused => Ok(()),
            true => pause(),
            false if was_paused || changed => pause_only(consumer, &held),
            false => Ok(()),
        };
        let read = switched.and_then(|()| match consumer.poll(POLL_TIMEOUT) {
            Some(Ok(message)) => {
                if let Some(delivery) = delivery(consumer.context(), &message) {
                    state.push(delivery);
                }
                // Then the message is of a partition that was assigned after the pause.
                if paused { pause() } else { Ok(()) }
            }
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => Err(error),
            // The client recovers by itself.
            Some(Err(_)) | None => Ok(()),
        });
        if let Err(error) = read {
            return state.fail(error.to_string());
        }
    }
}

/// Fetches from all partitions but these. Pausing what is paused, or resuming what is not, does
/// nothing.
fn pause_only(
    consumer: &BaseConsumer<RebalanceListener>,
    held: &BTreeSet<(Topic, u32)>,
) -> KafkaResult<()> {
    let assigned = consumer.assignment()?;
    let names = &consumer.context().cluster.names;
    let (mut pause, mut resume) = (TopicPartitionList::new(), TopicPartitionList::new());
    for element in assigned.elements() {
        let partition = u32::try_from(element.partition()).ok();
        let place = names.find(element.topic()).zip(partition);
        let list = match place {
            Some(place) if held.contains(&place) => &mut pause,
            _ => &mut resume,
        };
        list.add_partition(element.topic(), element.partition());
    }
    consumer.pause(&pause)?;
    consumer.resume(&resume)
}

/// `None` for a foreign topic.
fn delivery(listener: &RebalanceListener, message: &BorrowedMessage<'_>) -> Option<Delivery> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let record = Record {
        topic: listener.cluster.names.find(message.topic())?,
        key: message.key().map(text).unwrap_or_default(),
        headers: headers(message),
        value: message.payload().unwrap_or_default().to_vec().into(),
    };
    Some(Delivery {
        partition: u32::try_from(message.partition()).ok()?,
        offset: message.offset(),
        appended_at: Timestamp::from_millis(message.timestamp().to_millis().unwrap_or(0)),
        record,
    })
}

/// Foreign producers may write headers that are not text. The library panics on such a name; a bad
/// message must not end this member, so it is delivered without headers.
fn headers(message: &BorrowedMessage<'_>) -> Vec<(String, String)> {
    let Some(headers) = message.headers() else {
        return Vec::new();
    };
    let read = || {
        let pair = |header: rdkafka::message::Header<'_, &[u8]>| {
            let value = header.value.unwrap_or_default();
            (
                header.key.to_owned(),
                String::from_utf8_lossy(value).into_owned(),
            )
        };
        headers.iter().map(pair).collect()
    };
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_default()
}

/// Keeps the state up to date when partitions are assigned and revoked.
struct RebalanceListener {
    client_log: ClientLog,
    cluster: Arc<KafkaCluster>,
    state: Arc<ConsumerState>,
}

impl ClientContext for RebalanceListener {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.client_log.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.client_log.error(error, reason);
    }
}

impl ConsumerContext for RebalanceListener {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => self.state.assign(&self.partitions(list)),
            Rebalance::Revoke(list) => {
                // Other members may own them already if they were lost.
                if !consumer.assignment_lost() {
                    let committed = self.commit(consumer, &self.state.uncommitted());
                    committed.unwrap_or_else(|error| self.client_log.warn(error));
                }
                // The library would keep them paused when they return.
                let resumed = consumer.resume(list);
                resumed.unwrap_or_else(|error| self.client_log.warn(error));
                self.state.revoke(&self.partitions(list));
            }
            Rebalance::Error(error) => self.client_log.warn(error),
        }
    }
}

impl RebalanceListener {
    fn commit(
        &self,
        consumer: &BaseConsumer<Self>,
        offsets: &[PartitionOffset],
    ) -> KafkaResult<()> {
        if offsets.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for offset in offsets {
            let topic = self.cluster.names.topic(offset.topic);
            let partition = i32::try_from(offset.partition).unwrap_or(i32::MAX);
            list.add_partition_offset(topic, partition, Offset::Offset(offset.next))?;
        }
        consumer.commit(&list, CommitMode::Sync)?;
        self.state.mark_committed(offsets);
        Ok(())
    }

    fn partitions(&self, list: &TopicPartitionList) -> Vec<(Topic, u32)> {
        let elements = list.elements();
        let ours = elements.iter().filter_map(|element| {
            let topic = self.cluster.names.find(element.topic())?;
            Some((topic, u32::try_from(element.partition()).ok()?))
        });
        ours.collect()
    }
}
