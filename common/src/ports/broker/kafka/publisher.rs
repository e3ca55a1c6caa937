//! Publishing: passes all messages to the producer, then waits until the cluster has acknowledged or
//! refused all of them. A refused message is no reason to send the others again.
//!
//! The producer itself never gives up a message; the publisher does, when no acknowledgement has
//! come for a while. Then, as after any other failure and when the caller stops waiting, the
//! producer is discarded with all messages it holds. The caller publishes the same messages again
//! before newer ones, through a new producer. What the old one has sent may still be appended, in
//! order and beginning with the first; so the first copies of all messages are in order.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
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

use super::{
    KafkaCluster, blocking, client_log::ClientLog, drop_in_background,
    topics::MAX_DEAD_LETTER_BYTES, unavailable,
};
use crate::{
    domain::{
        error::{Error, Result},
        record::{Record, Topic},
    },
    ports::broker::{PublishReport, PublishVerdict},
    unpoisoned::unpoisoned,
};

/// The longest wait for the next acknowledgement; a large publish may take longer in all.
const ACK_TIMEOUT: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(1);
/// Between two attempts to enqueue a message while the producer's queue is full.
const QUEUE_RETRY_PAUSE: Duration = Duration::from_millis(2);
/// Messages enqueued before other tasks get their turn.
const MESSAGES_PER_TURN: usize = 250;

pub(super) type KafkaProducer = ThreadedProducer<DeliveryReports>;

/// The present producer, created when it is needed.
#[derive(Default)]
pub(super) struct KafkaPublisher {
    current: Mutex<Option<Arc<KafkaProducer>>>,
}

impl KafkaPublisher {
    /// Appends all messages; returns once they are durable, or when the cluster is silent.
    pub(super) async fn publish(
        &self,
        cluster: &KafkaCluster,
        records: &[Record],
    ) -> PublishReport {
        let producer = match self.current(cluster) {
            Ok(producer) => producer,
            Err(error) => return PublishReport::uniform(records.len(), Err(error)),
        };
        let batch = PublishBatch {
            publisher: self,
            producer,
            verdicts: Arc::new(BatchVerdicts::new(records.len())),
        };
        let published = batch.publish(cluster, records).await;
        batch.verdicts.report(published.err())
    }

    /// Asks for one topic's metadata, about the cheapest request.
    pub(super) async fn ping(&self, cluster: &KafkaCluster) -> Result<()> {
        let producer = self.current(cluster)?;
        let topic = cluster.names.topic(Topic::ProductCreated).to_owned();
        let request = move || producer.client().fetch_metadata(Some(&topic), PING_TIMEOUT);
        blocking(request).await.map(drop)
    }

    pub(super) fn current(&self, cluster: &KafkaCluster) -> Result<Arc<KafkaProducer>> {
        let mut current = unpoisoned(self.current.lock());
        if let Some(producer) = &*current {
            return Ok(Arc::clone(producer));
        }
        let producer: KafkaProducer = cluster
            .client()
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // The publisher gives messages up, never the producer.
            .set("message.timeout.ms", "0")
            // The same as Java's, and as `record::partition_of`.
            .set("partitioner", "murmur2_random")
            .set("message.max.bytes", MAX_DEAD_LETTER_BYTES)
            // A single message is sent at once; the next ones form a batch while requests are in
            // flight.
            .set("linger.ms", "0")
            .set("compression.type", "lz4")
            .set("queue.buffering.max.kbytes", "65536")
            .create_with_context(DeliveryReports(ClientLog::new("producer")))
            .map_err(unavailable)?;
        let producer = Arc::new(producer);
        *current = Some(Arc::clone(&producer));
        Ok(producer)
    }

    /// Other callers that wait for this producer get an error.
    fn discard(&self, failed: &Arc<KafkaProducer>) {
        let mut current = unpoisoned(self.current.lock());
        if current.as_ref().is_some_and(|now| Arc::ptr_eq(now, failed)) {
            *current = None;
        }
        drop(current);
        failed.purge(PurgeConfig::default().queue().inflight().non_blocking());
        drop_in_background(Arc::clone(failed));
    }
}

impl Drop for KafkaPublisher {
    fn drop(&mut self) {
        let current = unpoisoned(self.current.get_mut());
        if let Some(producer) = current.take() {
            drop_in_background(producer);
        }
    }
}

/// One call's messages.
struct PublishBatch<'a> {
    publisher: &'a KafkaPublisher,
    producer: Arc<KafkaProducer>,
    verdicts: Arc<BatchVerdicts>,
}

impl PublishBatch<'_> {
    async fn publish(&self, cluster: &KafkaCluster, records: &[Record]) -> Result<()> {
        let mut places = 0..;
        for turn in records.chunks(MESSAGES_PER_TURN) {
            for (record, place) in turn.iter().zip(places.by_ref()) {
                let topic = cluster.names.topic(record.topic);
                self.send(topic, record, place).await?;
            }
            tokio::task::yield_now().await;
        }
        self.verdicts.wait().await
    }

    async fn send(&self, topic: &str, record: &Record, place: usize) -> Result<()> {
        let report = Box::new((Arc::clone(&self.verdicts), place));
        let mut message = BaseRecord::with_opaque_to(topic, report)
            .key(record.key.as_bytes())
            .payload(record.value.as_ref())
            .headers(headers(record));
        let enqueue = async {
            loop {
                match self.producer.send(message) {
                    Ok(()) => return Ok(()),
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), returned)) => {
                        message = returned;
                        sleep(QUEUE_RETRY_PAUSE).await;
                    }
                    Err((error, _)) if is_refusal(&error) => {
                        self.verdicts.refuse(place, &error);
                        return Ok(());
                    }
                    Err((error, _)) => return Err(unavailable(error)),
                }
            }
        };
        let done = timeout(ACK_TIMEOUT, enqueue).await;
        done.unwrap_or_else(|_| Err(unavailable("the producer's queue stays full")))
    }
}

impl Drop for PublishBatch<'_> {
    /// Also when the caller has stopped waiting.
    fn drop(&mut self) {
        if !self.verdicts.is_complete() {
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

/// Whether the cluster will never take the message, however often it is sent; it takes the others. A
/// topic that does not exist, or a leader that is away, is no refusal.
fn is_refusal(error: &KafkaError) -> bool {
    matches!(
        error,
        KafkaError::MessageProduction(
            RDKafkaErrorCode::MessageSizeTooLarge
                | RDKafkaErrorCode::InvalidMessageSize
                | RDKafkaErrorCode::InvalidRecord
                | RDKafkaErrorCode::InvalidTopic
                | RDKafkaErrorCode::PolicyViolation
                | RDKafkaErrorCode::TopicAuthorizationFailed
        )
    )
}

/// What became of the messages of a batch.
pub(super) struct BatchVerdicts {
    acknowledged: Vec<AtomicBool>,
    /// The places of the refused messages, and why.
    refused: Mutex<BTreeMap<usize, String>>,
    /// How many messages have a verdict.
    settled: AtomicUsize,
    failure: OnceLock<KafkaError>,
    ended: Notify,
}

impl BatchVerdicts {
    fn new(messages: usize) -> Self {
        Self {
            acknowledged: (0..messages).map(|_| AtomicBool::new(false)).collect(),
            refused: Mutex::default(),
            settled: AtomicUsize::new(0),
            failure: OnceLock::new(),
            ended: Notify::new(),
        }
    }

    fn settled(&self) -> usize {
        self.settled.load(Ordering::Acquire)
    }

    fn is_complete(&self) -> bool {
        self.settled() == self.acknowledged.len()
    }

    fn acknowledge(&self, place: usize) {
        if let Some(acknowledged) = self.acknowledged.get(place) {
            acknowledged.store(true, Ordering::Release);
        }
        self.settle();
    }

    fn refuse(&self, place: usize, error: &KafkaError) {
        let mut refused = unpoisoned(self.refused.lock());
        refused.insert(place, error.to_string());
        drop(refused);
        self.settle();
    }

    fn settle(&self) {
        if self.settled.fetch_add(1, Ordering::AcqRel) + 1 == self.acknowledged.len() {
            self.ended.notify_one();
        }
    }

    fn fail(&self, error: &KafkaError) {
        if self.failure.set(error.clone()).is_ok() {
            self.ended.notify_one();
        }
    }

    async fn wait(&self) -> Result<()> {
        loop {
            let settled = self.settled();
            if let Some(error) = self.failure.get() {
                return Err(unavailable(error));
            }
            if settled == self.acknowledged.len() {
                return Ok(());
            }
            let ended = timeout(ACK_TIMEOUT, self.ended.notified()).await;
            if ended.is_err() && self.settled() == settled {
                return Err(unavailable("no acknowledgement came in time"));
            }
        }
    }

    /// The verdicts at present.
    fn report(&self, failure: Option<Error>) -> PublishReport {
        let refused = unpoisoned(self.refused.lock());
        let verdict = |(place, acknowledged): (usize, &AtomicBool)| {
            if acknowledged.load(Ordering::Acquire) {
                return PublishVerdict::Acknowledged;
            }
            let refusal = refused.get(&place).cloned();
            refusal.map_or(PublishVerdict::Unknown, PublishVerdict::Refused)
        };
        PublishReport {
            verdicts: self.acknowledged.iter().enumerate().map(verdict).collect(),
            failure,
        }
    }
}

/// Passes the cluster's delivery reports on to their batches.
pub(super) struct DeliveryReports(ClientLog);

impl ClientContext for DeliveryReports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.0.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.error(error, reason);
    }
}

impl ProducerContext for DeliveryReports {
    type DeliveryOpaque = Box<(Arc<BatchVerdicts>, usize)>;

    fn delivery(&self, result: &DeliveryResult<'_>, message: Self::DeliveryOpaque) {
        let (verdicts, place) = *message;
        match result {
            Ok(_) => verdicts.acknowledge(place),
            Err((error, _)) if is_refusal(error) => verdicts.refuse(place, error),
            Err((error, _)) => verdicts.fail(error),
        }
    }
}
