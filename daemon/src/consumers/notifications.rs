//! The notification group: what people are shown of each event is stored in the inbox, then
//! published to the streams that are open.
//!
//! A seller's notifications are stored in the order of its sequence only ([`SellerQueue`]): what
//! comes early is held, its offset uncommitted, until the rest has come through the other topics, or
//! is proven to be lost ([`HoleSearch`]). Memory for what is held is bounded ([`PartitionReads`]).

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use pm_common::{
    domain::{
        clock,
        error::{Error, Result},
        event::EventKind,
        notification::Notification,
        record::{Record, Topic, header},
        seller::SellerId,
    },
    ports::{
        broker::{ConsumerGroup, Delivery, PartitionOffset},
        inbox::{Inbox, InboxEnd},
    },
};

use super::{
    ConsumedEvent, GroupHandler, RetryPolicy,
    hole_search::{HoleFinding, HoleSearch},
    inbox_writer::{InboxWriter, WriteOutcome},
    partition_reads::{PartitionKey, PartitionReads},
    seller_queue::{HeldNotification, SellerQueue},
};
use crate::app::App;

/// Enough that the writes of a batch overlap for most of the time.
const MAX_BATCH_MESSAGES: usize = 4_000;
/// Inboxes read at the same time.
const MAX_CONCURRENT_READS: usize = 64;
/// How often holes are searched. Most close within moments, before the first search.
const HOLE_SEARCH_INTERVAL: Duration = Duration::from_millis(500);
/// Holes searched at a time.
const MAX_SEARCHED_HOLES: usize = 256;
/// A seller without events for so long is forgotten, and its inbox asked again. Far below the log's
/// retention: what is stored without `settledFrom` follows something that is hardly older.
const MAX_IDLE: Duration = Duration::from_secs(60 * 60);
/// Sellers that are remembered although nothing of theirs is held.
const MAX_IDLE_SELLERS: usize = 50_000;

/// Stores and publishes notifications.
pub(crate) struct NotificationHandler {
    inbox: Arc<dyn Inbox>,
    writer: InboxWriter,
    holes: HoleSearch,
    sellers: HashMap<SellerId, SellerQueue>,
    /// Sellers with something new to store.
    touched: BTreeSet<SellerId>,
    /// Sellers with something held after the last store.
    holding: BTreeSet<SellerId>,
    reads: PartitionReads,
    rejected: Vec<(Delivery, String)>,
    search_at: Instant,
    swept_at: Instant,
}

impl NotificationHandler {
    /// A handler on the app's engines.
    pub(crate) fn new(app: &App) -> Self {
        Self {
            inbox: Arc::clone(&app.inbox),
            writer: InboxWriter::new(Arc::clone(&app.inbox), Arc::clone(&app.feed)),
            holes: HoleSearch {
                store: Arc::clone(&app.store),
                broker: Arc::clone(&app.broker),
                inbox: Arc::clone(&app.inbox),
            },
            sellers: HashMap::new(),
            touched: BTreeSet::new(),
            holding: BTreeSet::new(),
            reads: PartitionReads::new(),
            rejected: Vec::new(),
            search_at: Instant::now(),
            swept_at: Instant::now(),
        }
    }

    fn queue(&mut self, seller: &SellerId) -> &mut SellerQueue {
        self.sellers
            .entry(seller.clone())
            .or_insert_with(SellerQueue::new)
    }

    fn hold(&mut self, notification: Notification, delivery: &Delivery) {
        let seller = notification.seller_id.clone();
        let queue = self.sellers.get(&seller);
        let waits = queue.is_some_and(|queue| queue.waits_for(notification.sequence));
        if self.reads.is_skimming() && !waits {
            self.reads.skip(delivery);
            return;
        }
        let held = HeldNotification {
            notification: Arc::new(notification),
            delivery: delivery.clone(),
        };
        if self.queue(&seller).hold(held) {
            self.reads.hold(delivery);
        }
        self.touched.insert(seller);
    }

    fn release(&mut self, seller: &SellerId, done: &[HeldNotification]) {
        for held in done {
            self.reads.release(&held.delivery);
        }
        if self.sellers.get(seller).is_none_or(SellerQueue::is_idle) {
            self.holding.remove(seller);
        } else {
            self.holding.insert(seller.clone());
        }
    }

    fn learn(&mut self, seller: &SellerId, end: InboxEnd) {
        if let Some(queue) = self.sellers.get_mut(seller) {
            let done = queue.learn(end, clock::now());
            self.release(seller, &done);
        }
    }

    /// Asks the inbox for the ends of sellers that are not known. What it cannot say of one seller
    /// on that seller's account harms no other.
    async fn learn_unknown(&mut self) -> Result<()> {
        let is_known =
            |seller: &SellerId| self.sellers.get(seller).is_some_and(SellerQueue::is_known);
        let unknown = self.touched.iter().filter(|seller| !is_known(seller));
        let unknown: Vec<SellerId> = unknown.cloned().collect();
        let inbox = &self.inbox;
        let asked = unknown.into_iter().map(|seller| async move {
            match inbox.inbox_end(&seller).await {
                Err(error) if error.is_passing() => Err(error),
                answer => Ok((seller, answer)),
            }
        });
        let answers: Vec<_> = stream::iter(asked)
            .buffer_unordered(MAX_CONCURRENT_READS)
            .try_collect()
            .await?;
        for (seller, answer) in answers {
            match answer {
                Ok(end) => self.learn(&seller, end),
                Err(error) => {
                    let queue = self.sellers.get_mut(&seller);
                    let rejected = queue.map(SellerQueue::reject_all).unwrap_or_default();
                    self.reject(&seller, rejected, &error);
                }
            }
        }
        Ok(())
    }

    /// Stores and publishes everything whose turn it is.
    async fn flush(&mut self) -> Result<()> {
        self.learn_unknown().await?;
        loop {
            let ready = self.ready();
            if ready.is_empty() {
                return Ok(());
            }
            let WriteOutcome { stored, refused } = self.writer.write(ready).await?;
            self.mark_stored(&stored);
            for (notification, error) in refused {
                let seller = &notification.seller_id;
                let queue = self.sellers.get_mut(seller);
                let rejected = queue.and_then(|queue| queue.reject(notification.sequence));
                self.reject(seller, rejected.into_iter().collect(), &error);
            }
        }
    }

    /// What can be stored now, of each seller in order; `touched` keeps those that have something.
    fn ready(&mut self) -> Vec<Arc<Notification>> {
        let mut ready = Vec::new();
        let sellers = &self.sellers;
        self.touched.retain(|seller| {
            let of_seller = sellers.get(seller).map(SellerQueue::ready);
            let before = ready.len();
            ready.extend(of_seller.unwrap_or_default());
            ready.len() > before
        });
        ready
    }

    fn mark_stored(&mut self, stored: &[Arc<Notification>]) {
        let mut last = BTreeMap::new();
        for notification in stored {
            last.insert(notification.seller_id.clone(), notification.sequence);
        }
        for (seller, sequence) in last {
            if let Some(queue) = self.sellers.get_mut(&seller) {
                let done = queue.stored(sequence);
                self.release(&seller, &done);
            }
        }
    }

    fn reject(&mut self, seller: &SellerId, rejected: Vec<HeldNotification>, error: &Error) {
        self.release(seller, &rejected);
        let reasons = rejected
            .into_iter()
            .map(|held| (held.delivery, error.to_string()));
        self.rejected.extend(reasons);
    }

    /// Goes on with the proofs that what is missing will not come, the least recently searched first.
    async fn search_holes(&mut self) -> Result<()> {
        let mut due = Vec::new();
        for seller in &self.holding {
            if let Some(queue) = self.sellers.get(seller)
                && queue.waits_since.elapsed() >= HOLE_SEARCH_INTERVAL
                && queue.has_hole()
            {
                due.push((queue.searched_at, seller.clone()));
            }
        }
        due.sort();
        due.truncate(MAX_SEARCHED_HOLES);
        let mut holes = Vec::new();
        for (_, seller) in due {
            if let Some(queue) = self.sellers.get_mut(&seller) {
                queue.searched_at = Instant::now();
                holes.extend(queue.hole(&seller));
            }
        }
        for (seller, finding) in self.holes.search(holes, &self.reads).await? {
            self.apply_finding(&seller, finding);
        }
        Ok(())
    }

    fn apply_finding(&mut self, seller: &SellerId, finding: HoleFinding) {
        let floor = match finding {
            HoleFinding::Lost { floor, .. } => Some(floor),
            _ => None,
        };
        match finding {
            HoleFinding::Proven(proof) => {
                if let Some(queue) = self.sellers.get_mut(seller) {
                    queue.proof = proof;
                }
            }
            HoleFinding::InboxEnd(end) | HoleFinding::Lost { end, .. } => {
                self.learn(seller, end);
                self.touched.insert(seller.clone());
            }
        }
        if let Some(floor) = floor {
            self.mark_missing_lost(seller, floor);
        }
    }

    /// What is missing will not come. Sequences up to the floor may be no events: a restore of the store
    /// passed over them.
    fn mark_missing_lost(&mut self, seller: &SellerId, floor: i64) {
        let queue = self.sellers.get_mut(seller);
        let Some(queue) = queue.filter(|queue| queue.has_hole()) else {
            return;
        };
        let (from, to) = queue.missing().unwrap_or_default();
        queue.mark_missing_lost();
        let is_passed_over = (from..=to).contains(&floor);
        if is_passed_over {
            tracing::info!(from, floor, "sequences go on after a restore of the store");
        }
        let lost = to + 1 - if is_passed_over { floor + 1 } else { from };
        if lost > 0 {
            tracing::warn!(from, to, "events of a seller are lost");
            metrics::counter!("pmd_lost_events_total").increment(lost.unsigned_abs());
        }
    }

    /// Forgets sellers without events.
    fn sweep(&mut self) {
        let idle = self.sellers.len() - self.holding.len().min(self.sellers.len());
        if idle > MAX_IDLE_SELLERS {
            self.sellers.retain(|_, queue| !queue.is_idle());
        } else if self.swept_at.elapsed() >= MAX_IDLE / 2 {
            self.swept_at = Instant::now();
            self.sellers
                .retain(|_, queue| !queue.is_idle() || queue.used_at.elapsed() < MAX_IDLE / 2);
        }
    }
}

#[async_trait]
impl GroupHandler for NotificationHandler {
    fn group(&self) -> ConsumerGroup {
        ConsumerGroup::Notifications
    }

    fn max_batch(&self) -> usize {
        MAX_BATCH_MESSAGES
    }

    fn retry(&self) -> RetryPolicy {
        RetryPolicy {
            attempts: 5,
            first_pause: Duration::from_millis(500),
            max_pause: Duration::from_secs(10),
        }
    }

    /// The last event of an import's batch covers the others; its headers say so.
    fn wants(&self, record: &Record) -> bool {
        record.topic == Topic::of(EventKind::ImportCompleted)
            || record.header(header::IMPORT_ID).is_none()
            || record.header(header::FIRST_SEQUENCE).is_some()
    }

    async fn apply(&mut self, batch: &[ConsumedEvent]) -> Result<()> {
        for ConsumedEvent { delivery, event } in batch {
            if let Some(notification) = Notification::of(event) {
                self.hold(notification, delivery);
            }
        }
        self.flush().await
    }

    /// What its headers name is not waited for.
    fn on_dead_letter(&mut self, delivery: &Delivery) {
        let number = |name| delivery.record.header(name)?.parse::<i64>().ok();
        let (Ok(seller), Some(sequence)) = (
            SellerId::parse(&delivery.record.key),
            number(header::SEQUENCE),
        ) else {
            return;
        };
        let first = number(header::FIRST_SEQUENCE).unwrap_or(sequence);
        self.queue(&seller).mark_lost(first, sequence);
        self.touched.insert(seller);
    }

    fn take_rejected(&mut self) -> Vec<(Delivery, String)> {
        std::mem::take(&mut self.rejected)
    }

    fn paused_partitions(&self) -> BTreeSet<PartitionKey> {
        self.reads.paused()
    }

    fn must_start_over(&self) -> bool {
        self.reads.must_start_over()
    }

    fn forget(&mut self, partitions: &[PartitionKey]) {
        if partitions.is_empty() {
            return;
        }
        for queue in self.sellers.values_mut() {
            for held in queue.forget(partitions) {
                self.reads.release(&held.delivery);
            }
        }
        self.reads.forget(partitions);
        self.sellers.retain(|_, queue| !queue.is_idle());
        let sellers = &self.sellers;
        self.holding.retain(|seller| sellers.contains_key(seller));
        self.touched = sellers.keys().cloned().collect();
    }

    fn forget_all(&mut self) {
        self.sellers.clear();
        self.touched.clear();
        self.holding.clear();
        self.rejected.clear();
        self.reads = PartitionReads::new();
    }

    fn mark_read(&mut self, offsets: &[PartitionOffset]) {
        self.reads.mark_read(offsets);
    }

    async fn committable(&mut self, _all: bool) -> Result<Vec<PartitionOffset>> {
        if self.search_at <= Instant::now() && !self.holding.is_empty() {
            self.search_at = Instant::now() + HOLE_SEARCH_INTERVAL;
            if let Err(error) = self.search_holes().await {
                tracing::debug!(%error, "what is missing could not be searched for");
                self.reads.excuse();
            }
        }
        if let Err(error) = self.flush().await {
            tracing::debug!(%error, "notifications wait for an engine");
            self.reads.excuse();
        }
        self.sweep();
        self.reads.check_memory();
        // A dead letter comes before its offset.
        Ok(if self.rejected.is_empty() {
            self.reads.take_committable()
        } else {
            Vec::new()
        })
    }

    fn max_wait(&self) -> Duration {
        if !self.rejected.is_empty() {
            Duration::ZERO
        } else if self.holding.is_empty() && self.touched.is_empty() {
            super::IDLE_WAIT
        } else {
            HOLE_SEARCH_INTERVAL
        }
    }
}
