//! The analytics group: totals at once, the archive in larger objects. An offset is committed only
//! when the object with the events before it is stored.

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

use super::{ConsumedEvent, GroupHandler, RetryPolicy};
use crate::app::App;

/// Bytes of messages that are applied but not yet archived, over all partitions.
const MAX_PENDING_BYTES: usize = 8 << 20;

/// Effect: totals (each event once, by watermark), then the archive.
#[derive(Debug)]
pub(crate) struct AnalyticsHandler {
    ledger: Arc<dyn Ledger>,
    archive: Arc<dyn Archive>,
    batch_size: usize,
    interval: Duration,
    pending: BTreeMap<(Topic, u32), PendingObject>,
}

/// The messages of a partition's next object.
#[derive(Debug)]
struct PendingObject {
    since: Instant,
    bytes: usize,
    deliveries: Vec<Delivery>,
    /// The offset to commit when the object is stored.
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
            pending: BTreeMap::new(),
        }
    }

    /// A message that is applied again (another one of its batch failed) is archived once.
    fn add_pending(&mut self, delivery: &Delivery) {
        let pending = self
            .pending
            .entry((delivery.record.topic, delivery.partition))
            .or_insert_with(PendingObject::new);
        let newest = pending.deliveries.last().map(|last| last.offset);
        if newest.is_none_or(|newest| newest < delivery.offset) {
            pending.bytes += delivery.record.value.len();
            pending.deliveries.push(delivery.clone());
        }
    }

    fn is_due(&self, pending: &PendingObject) -> bool {
        pending.deliveries.len() >= self.batch_size || pending.since.elapsed() >= self.interval
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

    fn retry_policy(&self) -> RetryPolicy {
        RetryPolicy {
            attempts: 10,
            first: Duration::from_secs(2),
            cap: Duration::from_secs(60),
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
            self.add_pending(&consumed.delivery);
        }
        Ok(())
    }

    fn revoked(&mut self, partitions: &[(Topic, u32)]) {
        self.pending.retain(|key, _| !partitions.contains(key));
    }

    fn restarted(&mut self) {
        self.pending.clear();
    }

    fn mark_done(&mut self, offsets: &[PartitionOffset]) {
        for offset in offsets {
            let key = (offset.topic, offset.partition);
            self.pending
                .entry(key)
                .or_insert_with(PendingObject::new)
                .next = offset.next;
        }
    }

    async fn committable(&mut self, all: bool) -> Result<Vec<PartitionOffset>> {
        let bytes: usize = self.pending.values().map(|pending| pending.bytes).sum();
        let all = all || bytes > MAX_PENDING_BYTES;
        let due: Vec<_> = self
            .pending
            .iter()
            .filter(|(_, pending)| all || self.is_due(pending))
            .map(|(key, _)| *key)
            .collect();
        let mut committable = Vec::new();
        for key in due {
            let Some(pending) = self.pending.get(&key) else {
                continue;
            };
            if !pending.deliveries.is_empty()
                && let Err(error) = self.archive.events_put(&pending.deliveries).await
            {
                // The objects stored so far must be committed, or they would be stored twice.
                return if committable.is_empty() {
                    Err(error)
                } else {
                    Ok(committable)
                };
            }
            let (topic, partition) = key;
            committable.push(PartitionOffset {
                topic,
                partition,
                next: pending.next,
            });
            self.pending.remove(&key);
        }
        Ok(committable)
    }

    fn commit_due_in(&self) -> Duration {
        let oldest = self.pending.values().map(|pending| pending.since).min();
        oldest.map_or(Duration::from_secs(3600), |since| {
            self.interval.saturating_sub(since.elapsed())
        })
    }
}
