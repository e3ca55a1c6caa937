//! A member of a group: a thread reads from the cluster, another commits.
//!
//! The reading thread never stops polling for long. While the handler waits for an engine,
//! partitions are paused and polling goes on, so that the member stays in its group and answers
//! when others join or leave.
//!
//! The cluster takes several milliseconds for a commit, because it gathers them. No handler waits
//! for that: the committing thread commits what is done by then, again and again. What is open when
//! partitions are taken away, or when the member leaves, is committed before it lets go of them.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use async_trait::async_trait;
use rdkafka::{
    ClientContext, Message, Offset as Position, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance},
    error::{KafkaError, KafkaResult},
    message::{BorrowedMessage, Headers},
};

use super::{
    super::{Delivery, Group, Offset, Polled, Subscription},
    Cluster, away,
    shelf::{Room, Shelf},
    voice::Voice,
};
use crate::domain::{
    clock::Timestamp,
    error::Result,
    record::{Record, Topic},
};

/// How long the reading thread waits for messages before it looks whether it is still wanted.
const TICK: Duration = Duration::from_millis(100);
/// How long the handler may take before partitions are paused. Pausing throws away what was fetched
/// ahead.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between a commit that failed and the next one.
const AGAIN: Duration = Duration::from_millis(100);
/// How long a dropped member is given to say goodbye. Without it the group would wait for it in
/// vain, which takes much longer.
const GOODBYE: Duration = Duration::from_secs(1);

pub(super) struct KafkaSubscription {
    shelf: Arc<Shelf>,
    /// Let go of as the first of all its holders.
    member: Option<Arc<Member>>,
    left: mpsc::Receiver<()>,
}

impl fmt::Debug for KafkaSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSubscription").finish_non_exhaustive()
    }
}

/// The client, and a sign that it is closed: fields are dropped in their order.
struct Member {
    consumer: BaseConsumer<Watch>,
    _leaves: mpsc::SyncSender<()>,
}

impl KafkaSubscription {
    /// Starts to join; messages come once the group has settled.
    pub(super) fn join(cluster: &Arc<Cluster>, group: Group) -> Result<Self> {
        let shelf = Arc::new(Shelf::default());
        let watch = Watch {
            voice: Voice::new(group.as_str()),
            cluster: Arc::clone(cluster),
            shelf: Arc::clone(&shelf),
        };
        let consumer: BaseConsumer<Watch> = cluster
            .client()
            .set("group.id", cluster.names.group(group))
            .set("auto.offset.reset", "earliest")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // Equal partitions of all topics come to the same member.
            .set("partition.assignment.strategy", "range")
            // A member that was killed is replaced within ten seconds.
            .set("session.timeout.ms", "7000")
            .set("heartbeat.interval.ms", "1500")
            // The cluster answers as soon as there is something; a partition that is new waits for
            // the end of such a wait.
            .set("fetch.min.bytes", "1")
            .set("fetch.wait.max.ms", "100")
            // What is fetched ahead stays small, and its room is used again at once.
            .set("queued.max.messages.kbytes", "16384")
            .set("fetch.queue.backoff.ms", "2")
            .create_with_context(watch)
            .map_err(away)?;
        consumer.subscribe(&cluster.names.events()).map_err(away)?;
        let (leaves, left) = mpsc::sync_channel(1);
        let member = Arc::new(Member {
            consumer,
            _leaves: leaves,
        });
        let committer = Arc::clone(&member);
        start("kafka-commit", move || commit_all(&committer.consumer))?;
        let (reader, ending) = (Arc::clone(&member), Ending(Arc::clone(&shelf)));
        start("kafka-read", move || read_all(&reader.consumer, &ending.0))?;
        Ok(Self {
            shelf,
            member: Some(member),
            left,
        })
    }
}

#[async_trait]
impl Subscription for KafkaSubscription {
    async fn poll(&mut self, max: usize) -> Result<Polled> {
        self.shelf.next(max).await
    }

    async fn commit(&mut self, offsets: &[Offset]) -> Result<()> {
        self.shelf.note(offsets)
    }
}

impl Drop for KafkaSubscription {
    fn drop(&mut self) {
        self.shelf.close();
        if let Some(member) = self.member.take() {
            // It also wakes the reading thread.
            member.consumer.unsubscribe();
        }
        let _ = self.left.recv_timeout(GOODBYE);
    }
}

/// However the reading thread ends, nobody waits for it any longer.
struct Ending(Arc<Shelf>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.fail("the subscription has ended".to_owned());
    }
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map(drop).map_err(away)
}

fn commit_all(consumer: &BaseConsumer<Watch>) {
    let watch = consumer.context();
    while let Some(offsets) = watch.shelf.to_commit() {
        if let Err(error) = watch.commit(consumer, &offsets) {
            watch.voice.warn(error);
            // Who reads what is being settled, or the cluster is away.
            thread::park_timeout(AGAIN);
        }
    }
}

fn read_all(consumer: &BaseConsumer<Watch>, shelf: &Shelf) {
    let pause = || consumer.pause(&consumer.assignment()?);
    let resume = || consumer.resume(&consumer.assignment()?);
    let mut paused = false;
    loop {
        let room = shelf.room(if paused { Duration::ZERO } else { PATIENCE });
        let switched = match room {
            Room::Closing => return,
            Room::Free if paused => resume(),
            Room::Full if !paused => pause(),
            Room::Free | Room::Full => Ok(()),
        };
        paused = room == Room::Full;
        let read = switched.and_then(|()| match consumer.poll(TICK) {
            Some(Ok(message)) => {
                if let Some(delivery) = delivery(consumer.context(), &message) {
                    shelf.put(delivery);
                }
                // Then it is of a partition that was assigned in the meantime.
                if paused { pause() } else { Ok(()) }
            }
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => Err(error),
            // The client goes on by itself.
            Some(Err(_)) | None => Ok(()),
        });
        if let Err(error) = read {
            return shelf.fail(error.to_string());
        }
    }
}

/// `None`: of a topic that is not ours.
fn delivery(watch: &Watch, message: &BorrowedMessage<'_>) -> Option<Delivery> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let record = Record {
        topic: watch.cluster.names.find(message.topic())?,
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

/// Foreign producers may write what is not text. The library panics on such a name; one bad message
/// must not end this member, so it comes without headers.
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

/// Sees partitions come and go.
struct Watch {
    voice: Voice,
    cluster: Arc<Cluster>,
    shelf: Arc<Shelf>,
}

impl ClientContext for Watch {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.voice.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.voice.error(error, reason);
    }
}

impl ConsumerContext for Watch {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => self.shelf.assign(&self.partitions(list)),
            Rebalance::Revoke(list) => {
                // Others may have them already if they were lost.
                if !consumer.assignment_lost() {
                    let committed = self.commit(consumer, &self.shelf.open());
                    committed.unwrap_or_else(|error| self.voice.warn(error));
                }
                // The library would remember that they are paused when they come back.
                let resumed = consumer.resume(list);
                resumed.unwrap_or_else(|error| self.voice.warn(error));
                self.shelf.revoke(&self.partitions(list));
            }
            Rebalance::Error(error) => self.voice.warn(error),
        }
    }
}

impl Watch {
    fn commit(&self, consumer: &BaseConsumer<Self>, offsets: &[Offset]) -> KafkaResult<()> {
        if offsets.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for offset in offsets {
            let topic = self.cluster.names.topic(offset.topic);
            let partition = i32::try_from(offset.partition).unwrap_or(i32::MAX);
            list.add_partition_offset(topic, partition, Position::Offset(offset.next))?;
        }
        consumer.commit(&list, CommitMode::Sync)?;
        self.shelf.committed(offsets);
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
