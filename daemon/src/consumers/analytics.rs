//! The analytics group: totals at once, the archive in larger objects. Offsets are committed only
//! when the object that holds their events is stored.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures_util::future::try_join_all;
use pm_common::{
    domain::{error::Result, event::Event, record::Topic, seller::SellerId},
    ports::{
        archive::Archive,
        broker::{ConsumerGroup, Delivery, PartitionOffset},
        ledger::Ledger,
    },
};

use super::{ConsumedEvent, GroupHandler, IDLE_WAIT, RetryPolicy};
use crate::app::App;

const MAX_BATCH_MESSAGES: usize = 1_000;
/// Bytes of messages that may wait for their object, over all partitions.
const MAX_WAITING_BYTES: usize = 8 << 20;

/// Effect: totals (each event once, by watermark), then the archive.
#[derive(Debug)]
pub(crate) struct AnalyticsHandler {
    ledger: Arc<dyn Ledger>,
    archive: Arc<dyn Archive>,
    batch_size: usize,
    interval: Duration,
    waiting: BTreeMap<(Topic, u32), PendingObject>,
}

/// What a partition's next object will hold.
#[derive(Debug)]
struct PendingObject {
    since: Instant,
    bytes: usize,
    deliveries: Vec<Delivery>,
    /// Where to go on once the object is stored.
    next: i64,
}

impl AnalyticsHandler {
    /// A handler on the app's ledger and archive.
    pub(crate) fn new(app: &App) -> Self {
        Self {
            ledger: Arc::clone(&app.ledger),
            archive: Arc::clone(&app.archive),
            batch_size: app.config.archive_batch_size,
            interval: app.config.archive_interval,
            waiting: BTreeMap::new(),
        }
    }

    /// A batch that is applied again (a later part of it failed) is archived once.
    fn keep(&mut self, delivery: &Delivery) {
        let waiting = self
            .waiting
            .entry((delivery.record.topic, delivery.partition))
            .or_insert_with(PendingObject::new);
        let newest = waiting.deliveries.last().map(|last| last.offset);
        if newest.is_none_or(|newest| newest < delivery.offset) {
            waiting.bytes += delivery.record.value.len();
            waiting.deliveries.push(delivery.clone());
        }
    }

    fn is_due(&self, waiting: &PendingObject) -> bool {
        waiting.deliveries.len() >= self.batch_size || waiting.since.elapsed() >= self.interval
    }
}

impl PendingObject {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            bytes: 0,
            deliveries: Vec::new(),
            next: 0,
        }
    }
}

#[async_trait]
impl GroupHandler for AnalyticsHandler {
    fn group(&self) -> ConsumerGroup {
        ConsumerGroup::Analytics
    }

    fn max_batch(&self) -> usize {
        MAX_BATCH_MESSAGES
    }

    fn retry(&self) -> RetryPolicy {
        RetryPolicy {
            attempts: 10,
            first_pause: Duration::from_secs(2),
            max_pause: Duration::from_secs(60),
        }
    }

    async fn apply(&mut self, batch: &[ConsumedEvent]) -> Result<()> {
        let mut runs: BTreeMap<(SellerId, Topic), Vec<Event>> = BTreeMap::new();
        for ConsumedEvent { delivery, event } in batch {
            let key = (event.seller_id().clone(), delivery.record.topic);
            runs.entry(key).or_default().push(event.clone());
        }
        let ledger = &self.ledger;
        let applied = runs
            .iter()
            .map(|((seller, topic), events)| ledger.ledger_apply(seller, *topic, events));
        try_join_all(applied).await?;
        for consumed in batch {
            self.keep(&consumed.delivery);
        }
        Ok(())
    }

    fn forget(&mut self, partitions: &[(Topic, u32)]) {
        self.waiting.retain(|key, _| !partitions.contains(key));
    }

    fn forget_all(&mut self) {
        self.waiting.clear();
    }

    fn mark_read(&mut self, offsets: &[PartitionOffset]) {
        for offset in offsets {
            let key = (offset.topic, offset.partition);
            self.waiting
                .entry(key)
                .or_insert_with(PendingObject::new)
                .next = offset.next;
        }
    }

    async fn committable(&mut self, all: bool) -> Result<Vec<PartitionOffset>> {
        let bytes: usize = self.waiting.values().map(|waiting| waiting.bytes).sum();
        let all = all || bytes > MAX_WAITING_BYTES;
        let due: Vec<_> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| all || self.is_due(waiting))
            .map(|(key, _)| *key)
            .collect();
        let mut settled = Vec::new();
        for key in due {
            let Some(waiting) = self.waiting.get(&key) else {
                continue;
            };
            if !waiting.deliveries.is_empty()
                && let Err(error) = self.archive.events_put(&waiting.deliveries).await
            {
                // What is stored already must be committed, or it would be stored twice.
                return if settled.is_empty() {
                    Err(error)
                } else {
                    Ok(settled)
                };
            }
            let (topic, partition) = key;
            settled.push(PartitionOffset {
                topic,
                partition,
                next: waiting.next,
            });
            self.waiting.remove(&key);
        }
        Ok(settled)
    }

    fn max_wait(&self) -> Duration {
        let oldest = self.waiting.values().map(|waiting| waiting.since).min();
        oldest.map_or(IDLE_WAIT, |since| {
            self.interval.saturating_sub(since.elapsed())
        })
    }
}
