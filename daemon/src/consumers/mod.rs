//! One loop for both consumer groups: read, decode, apply the effect, retry, dead letter, commit.
//!
//! Effects are idempotent and come before their offsets are committed. An engine that is away, or
//! that did not say whether it took an effect, is waited for and never counts as an attempt. A
//! message that fails on its own account is tried some times and then goes to the dead letter topic
//! with its place and reason.
//!
//! | state | event | effect | next |
//! |---|---|---|---|
//! | joining | subscribed | | reading |
//! | | the broker is away | log, pause | joining |
//! | | stop | | ended |
//! | reading | messages | decode; unreadable ones go to the dead letters | applying |
//! | | partitions were revoked | the handler forgets them | applying |
//! | | `max_wait` is over | | committing |
//! | | the broker is away | log, pause; everything uncommitted is read again | joining |
//! | | stop | commit everything that is done | ended |
//! | applying | the effect is done | | committing |
//! | | an engine is away | log, pause | applying |
//! | | a batch fails on its own account | each message alone, then the dead letters | committing |
//! | | stop while an engine is away | nothing is committed | ended |
//! | committing | offsets were committed | pause partitions that the handler has enough of | reading |
//! | | the handler must start over | everything uncommitted is read again | joining |
//! | | an engine is away | log, pause; everything uncommitted is read again | joining |

pub(crate) mod analytics;
mod hole_search;
mod inbox_writer;
pub(crate) mod notifications;
mod partition_reads;
mod seller_queue;

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use pm_common::{
    backoff::Backoff,
    domain::{
        error::{Error, Result},
        event::Event,
        port::Port,
        record::{Record, Topic},
    },
    ports::broker::{ConsumerGroup, Delivery, PartitionOffset, PollBatch, Subscription},
};
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Messages decoded by one task.
const MAX_DECODED_TOGETHER: usize = 250;
/// Between two attempts while an engine is away, and before the group is joined again.
const ENGINE_PAUSE: Duration = Duration::from_millis(100);
const MAX_ENGINE_PAUSE: Duration = Duration::from_secs(10);
/// How long a group waits for messages when it has nothing else to do.
const IDLE_WAIT: Duration = Duration::from_secs(60 * 60);

/// How often a message is tried that fails on its own account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryPolicy {
    pub(crate) attempts: u32,
    /// It doubles after each attempt.
    pub(crate) first_pause: Duration,
    pub(crate) max_pause: Duration,
}

/// A message and the event in it.
#[derive(Debug, Clone)]
pub(crate) struct ConsumedEvent {
    pub(crate) delivery: Delivery,
    pub(crate) event: Event,
}

/// What a group does with its messages.
#[async_trait]
pub(crate) trait GroupHandler: Send {
    fn group(&self) -> ConsumerGroup;

    fn retry(&self) -> RetryPolicy;

    /// Messages read at a time.
    fn max_batch(&self) -> usize;

    /// Whether a message matters at all; one that does not is done, and its value is not decoded.
    fn wants(&self, _record: &Record) -> bool {
        true
    }

    /// The effect. It may be applied again to messages that it was applied to before.
    async fn apply(&mut self, batch: &[ConsumedEvent]) -> Result<()>;

    /// A message went to the dead letters: nothing waits for it.
    fn on_dead_letter(&mut self, _delivery: &Delivery) {}

    /// Messages that failed on their own account since the last call, with the reasons.
    fn take_rejected(&mut self) -> Vec<(Delivery, String)> {
        Vec::new()
    }

    /// Partitions of which no more is read for now.
    fn paused_partitions(&self) -> BTreeSet<(Topic, u32)> {
        BTreeSet::new()
    }

    /// Whether everything that is not committed has to be read again.
    fn must_start_over(&self) -> bool {
        false
    }

    /// Another member reads these partitions from now on, from what is committed.
    fn forget(&mut self, partitions: &[(Topic, u32)]);

    /// All partitions are read again from what is committed.
    fn forget_all(&mut self);

    /// Everything before these offsets was applied, skipped or dead-lettered.
    fn mark_read(&mut self, offsets: &[PartitionOffset]);

    /// The offsets that may be committed now; with `all`, whatever it takes to commit them all.
    async fn committable(&mut self, all: bool) -> Result<Vec<PartitionOffset>>;

    /// How long `committable` can wait without new messages.
    fn max_wait(&self) -> Duration;
}

/// Consumes until `stop`, then commits what is done.
pub(crate) async fn run<H: GroupHandler>(app: App, mut handler: H, stop: CancellationToken) {
    let mut backoff = Backoff::new(ENGINE_PAUSE * 2, MAX_ENGINE_PAUSE);
    while !stop.is_cancelled() {
        if let Err(error) = consume(&app, &mut handler, &stop).await {
            let group = handler.group().as_str();
            tracing::warn!(group, %error, "the consumer starts over");
            backoff.wait_unless(&stop).await;
        }
    }
}

async fn consume<H: GroupHandler>(
    app: &App,
    handler: &mut H,
    stop: &CancellationToken,
) -> Result<()> {
    handler.forget_all();
    let mut subscription = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        subscribed = app.broker.subscribe(handler.group()) => subscribed?,
    };
    loop {
        let polled = tokio::select! {
            biased;
            () = stop.cancelled() => {
                return commit(handler, subscription.as_mut(), true).await;
            }
            polled = subscription.poll(handler.max_batch()) => polled?,
            () = tokio::time::sleep(handler.max_wait()) => PollBatch::default(),
        };
        handler.forget(&polled.revoked);
        let offsets = read_offsets(&polled.deliveries);
        let wanted = decode(app, handler, polled.deliveries, stop).await?;
        apply_batch(app, handler, wanted, stop).await?;
        for (delivery, reason) in handler.take_rejected() {
            dead_letter(app, handler.group(), &delivery, &reason, stop).await?;
        }
        handler.mark_read(&offsets);
        commit(handler, subscription.as_mut(), false).await?;
        if handler.must_start_over() {
            return Ok(());
        }
        subscription.set_paused(&handler.paused_partitions());
    }
}

async fn commit<H: GroupHandler>(
    handler: &mut H,
    subscription: &mut dyn Subscription,
    all: bool,
) -> Result<()> {
    let offsets = handler.committable(all).await?;
    if offsets.is_empty() {
        Ok(())
    } else {
        subscription.commit(&offsets).await
    }
}

/// The offset after the last message of each partition.
fn read_offsets(batch: &[Delivery]) -> Vec<PartitionOffset> {
    let mut ends: Vec<PartitionOffset> = Vec::new();
    for delivery in batch {
        let (topic, partition) = (delivery.record.topic, delivery.partition);
        let next = delivery.offset + 1;
        let known = ends
            .iter_mut()
            .find(|end| end.topic == topic && end.partition == partition);
        match known {
            Some(end) => end.next = next,
            None => ends.push(PartitionOffset {
                topic,
                partition,
                next,
            }),
        }
    }
    ends
}

/// Decodes the messages that matter; unreadable ones go to the dead letters at once.
async fn decode<H: GroupHandler>(
    app: &App,
    handler: &mut H,
    batch: Vec<Delivery>,
    stop: &CancellationToken,
) -> Result<Vec<ConsumedEvent>> {
    let mut wanted = Vec::with_capacity(batch.len());
    let matters = batch
        .into_iter()
        .filter(|delivery| handler.wants(&delivery.record));
    for (delivery, event) in decode_all(matters.collect()).await? {
        match event {
            Ok(event) => wanted.push(ConsumedEvent { delivery, event }),
            Err(error) => {
                dead_letter(app, handler.group(), &delivery, &error.to_string(), stop).await?;
                handler.on_dead_letter(&delivery);
            }
        }
    }
    Ok(wanted)
}

type DecodedDelivery = (Delivery, serde_json::Result<Event>);

/// Decodes on all processors; answers in the order of the messages.
async fn decode_all(mut deliveries: Vec<Delivery>) -> Result<Vec<DecodedDelivery>> {
    let mut tasks = Vec::new();
    while !deliveries.is_empty() {
        let rest = deliveries.split_off(deliveries.len().min(MAX_DECODED_TOGETHER));
        let part = std::mem::replace(&mut deliveries, rest);
        tasks.push(tokio::spawn(async move {
            let decoded = part.into_iter().map(|delivery| {
                let event = Event::decode(&delivery.record.value);
                (delivery, event)
            });
            decoded.collect::<Vec<_>>()
        }));
    }
    let mut decoded = Vec::new();
    for task in tasks {
        let stopped = |error| Error::unavailable(Port::Broker, "the decoder", error);
        decoded.extend(task.await.map_err(stopped)?);
    }
    Ok(decoded)
}

/// Applies a batch. When it fails on its own account, each message is tried alone, so that one of
/// them harms no other.
async fn apply_batch<H: GroupHandler>(
    app: &App,
    handler: &mut H,
    batch: Vec<ConsumedEvent>,
    stop: &CancellationToken,
) -> Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let Err(error) = apply_when_available(handler, &batch, stop).await else {
        return Ok(());
    };
    if error.is_passing() {
        return Err(error);
    }
    for message in batch {
        apply_alone(app, handler, message, stop).await?;
    }
    Ok(())
}

async fn apply_alone<H: GroupHandler>(
    app: &App,
    handler: &mut H,
    message: ConsumedEvent,
    stop: &CancellationToken,
) -> Result<()> {
    let retry = handler.retry();
    let mut backoff = Backoff::new(retry.first_pause, retry.max_pause);
    let mut attempt = 0;
    loop {
        attempt += 1;
        match apply_when_available(handler, std::slice::from_ref(&message), stop).await {
            Ok(()) => return Ok(()),
            Err(error) if error.is_passing() => return Err(error),
            Err(error) if attempt > retry.attempts => {
                let (group, reason) = (handler.group(), error.to_string());
                dead_letter(app, group, &message.delivery, &reason, stop).await?;
                handler.on_dead_letter(&message.delivery);
                return Ok(());
            }
            Err(_) => backoff.wait_unless(stop).await,
        }
    }
}

/// Applies a batch and waits for an engine that is away, until the daemon stops.
async fn apply_when_available<H: GroupHandler>(
    handler: &mut H,
    batch: &[ConsumedEvent],
    stop: &CancellationToken,
) -> Result<()> {
    let mut backoff = Backoff::new(ENGINE_PAUSE, MAX_ENGINE_PAUSE);
    loop {
        match handler.apply(batch).await {
            Err(error) if error.is_passing() && !stop.is_cancelled() => {
                let group = handler.group().as_str();
                tracing::warn!(group, %error, "the consumer waits for an engine");
                backoff.wait_unless(stop).await;
            }
            other => return other,
        }
    }
}

async fn dead_letter(
    app: &App,
    group: ConsumerGroup,
    delivery: &Delivery,
    reason: &str,
    stop: &CancellationToken,
) -> Result<()> {
    let record = &delivery.record;
    let topic = record.topic.as_str();
    tracing::error!(
        group = group.as_str(),
        topic,
        delivery.partition,
        delivery.offset,
        reason,
        "a message goes to the dead letters"
    );
    metrics::counter!("pmd_dead_letters_total", "group" => group.as_str()).increment(1);
    let mut letter = Record {
        topic: group.dead_letters(),
        ..record.clone()
    };
    letter.headers.extend([
        ("dlqTopic".to_owned(), topic.to_owned()),
        ("dlqPartition".to_owned(), delivery.partition.to_string()),
        ("dlqOffset".to_owned(), delivery.offset.to_string()),
        ("dlqReason".to_owned(), reason.to_owned()),
    ]);
    let mut backoff = Backoff::new(ENGINE_PAUSE, MAX_ENGINE_PAUSE);
    loop {
        match app.broker.publish_all(vec![letter.clone()]).await {
            Err(error) if error.is_passing() && !stop.is_cancelled() => {
                backoff.wait_unless(stop).await;
            }
            other => return other,
        }
    }
}
