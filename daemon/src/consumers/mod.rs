//! One loop for both consumer groups: decode, apply, retry, dead-letter, commit.
//!
//! | state of a message | entered when | next state |
//! |---|---|---|
//! | polled | the broker delivered it | decoded, done (the group does not handle it), dead-lettered (unreadable) |
//! | decoded | its value is an event | done (applied with its batch), retried (the batch failed) |
//! | retried | it is applied on its own, with a growing pause | done, dead-lettered (after the attempts of the group's `RetryPolicy`) |
//! | dead-lettered | its copy with origin and reason is stored in the group's dead letter topic | done |
//! | done | its effect is stored, or it has none | committed (`GroupHandler::committable`) |
//! | committed | the broker stored an offset after it | none |
//!
//! A restart, and a partition that moves to another member, return every uncommitted message to
//! polled: effects are idempotent and precede their commit. An unavailable engine is waited for in
//! every state and does not count as an attempt.

pub(crate) mod analytics;
pub(crate) mod notifications;

use std::time::Duration;

use async_trait::async_trait;
use pm_common::{
    domain::{
        error::{Error, Result},
        event::Event,
        record::{Record, Topic},
    },
    ports::broker::{ConsumerGroup, Delivery, PartitionOffset, PollBatch, Subscription},
};
use tokio_util::sync::CancellationToken;

use crate::{app::App, backoff::Backoff};

/// Messages of one poll.
const MAX_POLL_MESSAGES: usize = 1_000;
/// The longest pause between two attempts to reach an unavailable engine.
const MAX_ENGINE_BACKOFF: Duration = Duration::from_secs(10);

/// How often a message that fails although its engines are available is tried again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryPolicy {
    pub(crate) attempts: u32,
    /// The first pause; doubles.
    pub(crate) first: Duration,
    pub(crate) cap: Duration,
}

/// A message and the event that it carries.
#[derive(Debug, Clone)]
pub(crate) struct ConsumedEvent {
    pub(crate) delivery: Delivery,
    pub(crate) event: Event,
}

/// What a group does with its messages.
#[async_trait]
pub(crate) trait GroupHandler: Send {
    fn group(&self) -> ConsumerGroup;

    fn retry_policy(&self) -> RetryPolicy;

    /// Whether the group handles a message; the value of any other is not decoded.
    fn wants(&self, _record: &Record) -> bool {
        true
    }

    /// The effect. The same messages may come again.
    async fn apply(&mut self, batch: &[ConsumedEvent]) -> Result<()>;

    /// Another member reads these partitions from now on, after their committed offsets.
    fn revoked(&mut self, partitions: &[(Topic, u32)]);

    /// All partitions are read again after their committed offsets.
    fn restarted(&mut self);

    /// Every message before these offsets was applied, skipped or dead-lettered.
    fn mark_done(&mut self, offsets: &[PartitionOffset]);

    /// The offsets that may be committed now; with `all`, those of all done messages.
    async fn committable(&mut self, all: bool) -> Result<Vec<PartitionOffset>>;

    /// How long `committable` can wait when no message arrives.
    fn commit_due_in(&self) -> Duration;
}

/// Consumes until `stop`, then commits the offsets of all done messages.
pub(crate) async fn run<H: GroupHandler>(app: App, mut handler: H, stop: CancellationToken) {
    let mut backoff = Backoff::new(Duration::from_millis(200), MAX_ENGINE_BACKOFF);
    while !stop.is_cancelled() {
        if let Err(error) = consume(&app, &mut handler, &stop).await {
            let group = handler.group().as_str();
            tracing::warn!(group, %error, "the consumer restarts");
            backoff.wait(&stop).await;
        }
    }
}

async fn consume<H: GroupHandler>(
    app: &App,
    handler: &mut H,
    stop: &CancellationToken,
) -> Result<()> {
    handler.restarted();
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
            polled = subscription.poll(MAX_POLL_MESSAGES) => polled?,
            () = tokio::time::sleep(handler.commit_due_in()) => PollBatch::default(),
        };
        handler.revoked(&polled.revoked);
        let offsets = ends(&polled.deliveries);
        let wanted = decode(app, handler, polled.deliveries, stop).await?;
        apply_batch(app, handler, wanted, stop).await?;
        handler.mark_done(&offsets);
        commit(handler, subscription.as_mut(), false).await?;
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
fn ends(batch: &[Delivery]) -> Vec<PartitionOffset> {
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

/// Decodes the messages that the group handles; unreadable ones are dead-lettered at once.
async fn decode<H: GroupHandler>(
    app: &App,
    handler: &H,
    batch: Vec<Delivery>,
    stop: &CancellationToken,
) -> Result<Vec<ConsumedEvent>> {
    let mut wanted = Vec::with_capacity(batch.len());
    for delivery in batch {
        if !handler.wants(&delivery.record) {
            continue;
        }
        match Event::decode(&delivery.record.value) {
            Ok(event) => wanted.push(ConsumedEvent { delivery, event }),
            Err(error) => {
                dead_letter(app, handler.group(), &delivery, &error.to_string(), stop).await?;
            }
        }
    }
    Ok(wanted)
}

/// Applies a batch. When it fails although the engines are available, each message is applied on
/// its own, so that a bad message affects no other.
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
    if matches!(error, Error::Unavailable { .. }) {
        return Err(error);
    }
    for message in batch {
        apply_single(app, handler, message, stop).await?;
    }
    Ok(())
}

async fn apply_single<H: GroupHandler>(
    app: &App,
    handler: &mut H,
    message: ConsumedEvent,
    stop: &CancellationToken,
) -> Result<()> {
    let retry = handler.retry_policy();
    let mut backoff = Backoff::new(retry.first, retry.cap);
    let mut attempt = 0;
    loop {
        attempt += 1;
        match apply_when_available(handler, std::slice::from_ref(&message), stop).await {
            Ok(()) => return Ok(()),
            Err(error @ Error::Unavailable { .. }) => return Err(error),
            Err(error) if attempt > retry.attempts => {
                let (group, reason) = (handler.group(), error.to_string());
                return dead_letter(app, group, &message.delivery, &reason, stop).await;
            }
            Err(_) => backoff.wait(stop).await,
        }
    }
}

/// Applies, and waits for an unavailable engine until the daemon stops.
async fn apply_when_available<H: GroupHandler>(
    handler: &mut H,
    batch: &[ConsumedEvent],
    stop: &CancellationToken,
) -> Result<()> {
    let mut backoff = Backoff::new(Duration::from_millis(100), MAX_ENGINE_BACKOFF);
    loop {
        match handler.apply(batch).await {
            Err(error @ Error::Unavailable { .. }) if !stop.is_cancelled() => {
                let group = handler.group().as_str();
                tracing::warn!(group, %error, "the consumer waits for an engine");
                backoff.wait(stop).await;
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
        "a message is dead-lettered"
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
    let mut backoff = Backoff::new(Duration::from_millis(100), MAX_ENGINE_BACKOFF);
    loop {
        match app.broker.publish(vec![letter.clone()]).await {
            Err(Error::Unavailable { .. }) if !stop.is_cancelled() => backoff.wait(stop).await,
            other => return other,
        }
    }
}
