//! Publishing: hand all messages to the producer, then wait until the cluster has all of them.
//!
//! The producer itself never gives a message up; whoever publishes does, once no acknowledgement
//! has come for a while. Then, as after any other failure and when the caller stops waiting, the
//! producer is thrown away with all it holds. The caller publishes the same messages again before
//! newer ones, through a new producer. What the old one had sent to the cluster may still be
//! appended, always in order from the first of them on; so of each message the first copy is in
//! order, whatever comes twice.

use std::{
    fmt,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode},
    message::{DeliveryResult, Header, OwnedHeaders},
    producer::{BaseRecord, Producer as _, ProducerContext, PurgeConfig, ThreadedProducer},
};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use super::{Cluster, away, blocking, bury, topics::LARGEST_LETTER, voice::Voice};
use crate::domain::{
    error::Result,
    record::{Record, Topic},
};

/// For how long no acknowledgement may come. A large publish on a slow cluster may take longer in
/// all.
const STALL: Duration = Duration::from_secs(5);
const PING_DEADLINE: Duration = Duration::from_secs(1);
/// Between two tries to put a message into a full queue.
const QUEUE_FULL: Duration = Duration::from_millis(2);
/// Messages handed over before others get their turn.
const STEP: usize = 250;

pub(super) type Producer = ThreadedProducer<Acks>;

/// The producer in use, made when it is needed.
#[derive(Default)]
pub(super) struct Publisher {
    current: Mutex<Option<Arc<Producer>>>,
}

impl Publisher {
    /// Appends all messages; the caller gets an answer once they are durable, or when the cluster
    /// is silent.
    pub(super) async fn publish(&self, cluster: &Cluster, records: &[Record]) -> Result<()> {
        let batch = Batch {
            publisher: self,
            producer: self.current(cluster)?,
            tally: Arc::new(Tally::new(records.len())),
        };
        for step in records.chunks(STEP) {
            for record in step {
                batch
                    .send(cluster.names.topic(record.topic), record)
                    .await?;
            }
            tokio::task::yield_now().await;
        }
        batch.tally.complete().await
    }

    /// Asks for one topic, which is about the least that can be asked for.
    pub(super) async fn ping(&self, cluster: &Cluster) -> Result<()> {
        let producer = self.current(cluster)?;
        let topic = cluster.names.topic(Topic::ProductCreated).to_owned();
        let ask = move || {
            producer
                .client()
                .fetch_metadata(Some(&topic), PING_DEADLINE)
        };
        blocking(ask).await.map(drop)
    }

    pub(super) fn current(&self, cluster: &Cluster) -> Result<Arc<Producer>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(producer) = &*current {
            return Ok(Arc::clone(producer));
        }
        let producer: Producer = cluster
            .client()
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // Not an outage ends a message, but the one who waits for it.
            .set("message.timeout.ms", "0")
            // As Java's, and as `record::partition_of`.
            .set("partitioner", "murmur2_random")
            .set("message.max.bytes", LARGEST_LETTER)
            // A message that comes alone goes at once; while requests are under way, the next ones
            // gather.
            .set("linger.ms", "0")
            .set("compression.type", "lz4")
            .set("queue.buffering.max.kbytes", "65536")
            .create_with_context(Acks(Voice::new("producer")))
            .map_err(away)?;
        let producer = Arc::new(producer);
        *current = Some(Arc::clone(&producer));
        Ok(producer)
    }

    /// Whoever else waits for this producer is told that its messages failed.
    fn discard(&self, spoiled: &Arc<Producer>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current
            .as_ref()
            .is_some_and(|now| Arc::ptr_eq(now, spoiled))
        {
            *current = None;
        }
        drop(current);
        spoiled.purge(PurgeConfig::default().queue().inflight().non_blocking());
        bury(Arc::clone(spoiled));
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").finish_non_exhaustive()
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        let current = self
            .current
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(producer) = current.take() {
            bury(producer);
        }
    }
}

/// What is published together.
struct Batch<'a> {
    publisher: &'a Publisher,
    producer: Arc<Producer>,
    tally: Arc<Tally>,
}

impl Batch<'_> {
    async fn send(&self, topic: &str, record: &Record) -> Result<()> {
        let mut message = BaseRecord::with_opaque_to(topic, Arc::clone(&self.tally))
            .key(record.key.as_bytes())
            .payload(record.value.as_ref())
            .headers(headers(record));
        let put = async {
            loop {
                match self.producer.send(message) {
                    Ok(()) => return Ok(()),
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                        message = back;
                        sleep(QUEUE_FULL).await;
                    }
                    Err((error, _)) => return Err(away(error)),
                }
            }
        };
        let done = timeout(STALL, put).await;
        done.unwrap_or_else(|_| Err(away("the producer's queue stays full")))
    }
}

impl Drop for Batch<'_> {
    /// Also when the caller has stopped waiting.
    fn drop(&mut self) {
        if !self.tally.is_complete() {
            self.publisher.discard(&self.producer);
        }
    }
}

fn headers(record: &Record) -> OwnedHeaders {
    let empty = OwnedHeaders::new_with_capacity(record.headers.len());
    record.headers.iter().fold(empty, |all, (key, value)| {
        all.insert(Header {
            key,
            value: Some(value.as_bytes()),
        })
    })
}

/// How many messages of a batch are acknowledged.
pub(super) struct Tally {
    expected: usize,
    acknowledged: AtomicUsize,
    failure: OnceLock<KafkaError>,
    ended: Notify,
}

impl Tally {
    fn new(expected: usize) -> Self {
        Self {
            expected,
            acknowledged: AtomicUsize::new(0),
            failure: OnceLock::new(),
            ended: Notify::new(),
        }
    }

    fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::Acquire)
    }

    fn is_complete(&self) -> bool {
        self.acknowledged() == self.expected
    }

    fn count(&self) {
        if self.acknowledged.fetch_add(1, Ordering::AcqRel) + 1 == self.expected {
            self.ended.notify_one();
        }
    }

    fn fail(&self, error: &KafkaError) {
        if self.failure.set(error.clone()).is_ok() {
            self.ended.notify_one();
        }
    }

    async fn complete(&self) -> Result<()> {
        loop {
            let acknowledged = self.acknowledged();
            if let Some(error) = self.failure.get() {
                return Err(away(error));
            }
            if acknowledged == self.expected {
                return Ok(());
            }
            let ended = timeout(STALL, self.ended.notified()).await;
            if ended.is_err() && self.acknowledged() == acknowledged {
                return Err(away("no acknowledgement came in time"));
            }
        }
    }
}

/// Counts what the cluster acknowledges.
pub(super) struct Acks(Voice);

impl ClientContext for Acks {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.0.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.error(error, reason);
    }
}

impl ProducerContext for Acks {
    type DeliveryOpaque = Arc<Tally>;

    fn delivery(&self, result: &DeliveryResult<'_>, tally: Arc<Tally>) {
        match result {
            Ok(_) => tally.count(),
            Err((error, _)) => tally.fail(error),
        }
    }
}
