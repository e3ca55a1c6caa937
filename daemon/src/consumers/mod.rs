//! One loop for both consumer groups: decode, effect, retry, dead letter, commit.
//!
//! Effects are idempotent and come before their offsets are committed. An engine that is away, or
//! that did not say whether it took an effect, is waited for and never counts as an attempt; a message that fails on its own account is tried
//! again some times and then goes to the dead letter topic with its place and reason.

pub(crate) mod analytics;
pub(crate) mod notify;
mod seller_queue;

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use pm_common::{
    domain::{
        error::Result,
        event::Event,
        record::{Record, Topic},
    },
    ports::broker::{ConsumerGroup, Delivery, PartitionOffset, PollBatch, Subscription},
};
use tokio_util::sync::CancellationToken;

use crate::{app::App, backoff::Backoff};

/// Messages taken at a time.
const BATCH: usize = 1_000;
/// How long an engine that is away is left alone at most.
const AWAY_CAP: Duration = Duration::from_secs(10);

/// How often a message is tried that fails on its own account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retry {
    pub(crate) attempts: u32,
    /// The first pause; doubles.
    pub(crate) first: Duration,
    pub(crate) cap: Duration,
}

/// A message and what it says.
#[derive(Debug, Clone)]
pub(crate) struct Consumed {
    pub(crate) delivery: Delivery,
    pub(crate) event: Event,
}

/// What a group does with its messages.
#[async_trait]
pub(crate) trait Handler: Send {
    fn group(&self) -> ConsumerGroup;

    fn retry(&self) -> Retry;

    /// Whether a message matters at all; one that does not is done without a look at its value.
    fn wants(&self, _record: &Record) -> bool {
        true
    }

    /// The effect. May come again for messages it had before.
    async fn apply(&mut self, batch: &[Consumed]) -> Result<()>;

    /// A message went to the dead letters: nothing waits for it.
    fn bury(&mut self, _delivery: &Delivery) {}

    /// Messages that failed on their own account since the last call, with the reasons.
    fn take_rejected(&mut self) -> Vec<(Delivery, String)> {
        Vec::new()
    }

    /// Partitions of which no more is taken for now.
    fn full_partitions(&self) -> BTreeSet<(Topic, u32)> {
        BTreeSet::new()
    }

    /// Another member reads these partitions from now on, from what is committed.
    fn forget(&mut self, partitions: &[(Topic, u32)]);

    /// All partitions are read again from what is committed.
    fn forget_all(&mut self);

    /// Everything before these offsets was applied, skipped or dead-lettered.
    fn reached(&mut self, offsets: &[PartitionOffset]);

    /// The offsets that may be committed now; with `all`, whatever it takes to commit them all.
    async fn settle(&mut self, all: bool) -> Result<Vec<PartitionOffset>>;

    /// How long `settle` can wait without new messages.
    fn patience(&self) -> Duration;
}

/// Consumes until `stop`, then settles what is open.
pub(crate) async fn run<H: Handler>(app: App, mut handler: H, stop: CancellationToken) {
    let mut backoff = Backoff::new(Duration::from_millis(200), AWAY_CAP);
    while !stop.is_cancelled() {
        if let Err(error) = consume(&app, &mut handler, &stop).await {
            let group = handler.group().as_str();
            tracing::warn!(group, %error, "the consumer starts over");
            backoff.wait(&stop).await;
        }
    }
}

async fn consume<H: Handler>(app: &App, handler: &mut H, stop: &CancellationToken) -> Result<()> {
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
            polled = subscription.poll(BATCH) => polled?,
            () = tokio::time::sleep(handler.patience()) => PollBatch::default(),
        };
        handler.forget(&polled.revoked);
        let offsets = ends(&polled.deliveries);
        let wanted = decode(app, handler, polled.deliveries, stop).await?;
        apply_patiently(app, handler, wanted, stop).await?;
        for (delivery, reason) in handler.take_rejected() {
            dead_letter(app, handler.group(), &delivery, &reason, stop).await?;
        }
        handler.reached(&offsets);
        commit(handler, subscription.as_mut(), false).await?;
        subscription.set_paused(&handler.full_partitions());
    }
}

async fn commit<H: Handler>(
    handler: &mut H,
    subscription: &mut dyn Subscription,
    all: bool,
) -> Result<()> {
    let offsets = handler.settle(all).await?;
    if offsets.is_empty() {
        Ok(())
    } else {
        subscription.commit(&offsets).await
    }
}

/// The place behind the last message of each partition.
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

/// Reads the messages that matter; unreadable ones go to the dead letters at once.
async fn decode<H: Handler>(
    app: &App,
    handler: &mut H,
    batch: Vec<Delivery>,
    stop: &CancellationToken,
) -> Result<Vec<Consumed>> {
    let mut wanted = Vec::with_capacity(batch.len());
    for delivery in batch {
        if !handler.wants(&delivery.record) {
            continue;
        }
        match Event::decode(&delivery.record.value) {
            Ok(event) => wanted.push(Consumed { delivery, event }),
            Err(error) => {
                dead_letter(app, handler.group(), &delivery, &error.to_string(), stop).await?;
                handler.bury(&delivery);
            }
        }
    }
    Ok(wanted)
}

/// Applies a batch. When it fails on its own account, each message is tried alone, so that one of
/// them harms no other.
async fn apply_patiently<H: Handler>(
    app: &App,
    handler: &mut H,
    batch: Vec<Consumed>,
    stop: &CancellationToken,
) -> Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let Err(error) = apply_when_there(handler, &batch, stop).await else {
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

async fn apply_alone<H: Handler>(
    app: &App,
    handler: &mut H,
    message: Consumed,
    stop: &CancellationToken,
) -> Result<()> {
    let retry = handler.retry();
    let mut backoff = Backoff::new(retry.first, retry.cap);
    let mut attempt = 0;
    loop {
        attempt += 1;
        match apply_when_there(handler, std::slice::from_ref(&message), stop).await {
            Ok(()) => return Ok(()),
            Err(error) if error.is_passing() => return Err(error),
            Err(error) if attempt > retry.attempts => {
                let (group, reason) = (handler.group(), error.to_string());
                return dead_letter(app, group, &message.delivery, &reason, stop).await;
            }
            Err(_) => backoff.wait(stop).await,
        }
    }
}

/// Applies, waiting for an engine that is away; gives up waiting only when the daemon stops.
async fn apply_when_there<H: Handler>(
    handler: &mut H,
    batch: &[Consumed],
    stop: &CancellationToken,
) -> Result<()> {
    let mut backoff = Backoff::new(Duration::from_millis(100), AWAY_CAP);
    loop {
        match handler.apply(batch).await {
            Err(error) if error.is_passing() && !stop.is_cancelled() => {
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
    let mut backoff = Backoff::new(Duration::from_millis(100), AWAY_CAP);
    loop {
        match app.broker.publish(vec![letter.clone()]).await {
            Err(error) if error.is_passing() && !stop.is_cancelled() => backoff.wait(stop).await,
            other => return other,
        }
    }
}
