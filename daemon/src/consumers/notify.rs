//! The notification group: store what people are told, then tell whoever listens now.
//!
//! A seller's notifications are stored in the order of its sequence only ([`SellerQueue`]): what
//! comes early is held, its offset uncommitted, until the rest has come through the other topics.
//! A seller's key has the same partition number in every topic, and a member of the group has that
//! partition of all topics, so nobody else has what is missing.
//!
//! Memory is bounded: while much is held, no more is taken from the partitions that hold anything.
//! That cannot block, because the relay publishes a seller's events in order. Of all events that
//! are not read yet, take the one that was published first: nothing in its partition is held, for
//! what is held waits for something that was published before it.
//!
//! An event that is missing for some time may be lost (it expired, or an older log was replaced).
//! Nothing follows from the time; it takes a proof, step by step:
//!
//! | proof | goes on when | because |
//! |---|---|---|
//! | `Open` | the seller's rows in the outbox are looked at | the missing event was committed before the one that is held, so its row is among them or was removed |
//! | `Outbox` | none of these rows is there any more | rows are removed when the broker has acknowledged them; the event is in the log, or nowhere |
//! | `Log` | this group has read all topics up to where they ended then | the event was not among them: it is lost |
//!
//! The next that is stored then names the loss.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use pm_common::{
    domain::{
        error::{Error, Result},
        event::EventKind,
        notification::Notification,
        record::{Record, Topic, header},
        seller::SellerId,
    },
    ports::{
        broker::{Broker, ConsumerGroup, Delivery, PartitionOffset},
        feed::Feed,
        inbox::Inbox,
        store::Store,
    },
};

use super::{
    Consumed, Handler, Retry,
    seller_queue::{HeldNotification, HoleProof, SellerQueue},
};
use crate::app::App;

/// Sellers whose notifications are read or written at the same time.
const MAX_CONCURRENT_SELLERS: usize = 64;
/// Held bytes from which on the partitions that hold anything are not read any further.
const MAX_HELD_BYTES: usize = 8 << 20;
/// Bytes that a held message takes beside its value, about.
const HELD_OVERHEAD_BYTES: usize = 1_024;
/// How often holes are looked at. Most close within moments, before the first look.
const HOLE_LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// A seller of whom nothing came for so long is asked for again. Far below the log's retention:
/// what is stored without `lostFrom` follows something that was stored lately.
const MAX_IDLE: Duration = Duration::from_secs(60 * 60);

/// Effect: inbox first (idempotent by seller and sequence), then the feed (a hint).
pub(crate) struct Notify {
    inbox: Arc<dyn Inbox>,
    feed: Arc<dyn Feed>,
    store: Arc<dyn Store>,
    broker: Arc<dyn Broker>,
    sellers: HashMap<SellerId, SellerQueue>,
    /// Sellers with something new to store.
    touched: BTreeSet<SellerId>,
    /// Sellers with something held after the last store.
    holding: BTreeSet<SellerId>,
    partitions: BTreeMap<(Topic, u32), PartitionState>,
    held_bytes: usize,
    rejected: Vec<(Delivery, String)>,
    full: bool,
    look_at: Instant,
    swept_at: Instant,
}

/// What is read of a partition.
#[derive(Debug, Default)]
struct PartitionState {
    /// Everything before it was delivered.
    reached: i64,
    /// Of these the offsets of what is held.
    held: BTreeSet<i64>,
    settled: i64,
}

impl PartitionState {
    /// Everything before it is done.
    fn done(&self) -> i64 {
        self.held
            .first()
            .map_or(self.reached, |held| self.reached.min(*held))
    }
}

impl Notify {
    /// A handler on the app's engines.
    pub(crate) fn new(app: &App) -> Self {
        Self {
            inbox: Arc::clone(&app.inbox),
            feed: Arc::clone(&app.feed),
            store: Arc::clone(&app.store),
            broker: Arc::clone(&app.broker),
            sellers: HashMap::new(),
            touched: BTreeSet::new(),
            holding: BTreeSet::new(),
            partitions: BTreeMap::new(),
            held_bytes: 0,
            rejected: Vec::new(),
            full: false,
            look_at: Instant::now(),
            swept_at: Instant::now(),
        }
    }

    fn hold(&mut self, notification: Notification, delivery: &Delivery) {
        let seller = notification.seller_id.clone();
        let queue = self.queue(&seller, delivery.partition);
        let held = HeldNotification {
            notification,
            delivery: delivery.clone(),
        };
        if queue.hold(held) {
            let place = (delivery.record.topic, delivery.partition);
            let partition = self.partitions.entry(place).or_default();
            partition.held.insert(delivery.offset);
            self.held_bytes += held_bytes(delivery);
        }
        self.touched.insert(seller);
    }

    fn queue(&mut self, seller: &SellerId, partition: u32) -> &mut SellerQueue {
        self.sellers
            .entry(seller.clone())
            .or_insert_with(|| SellerQueue::new(partition))
    }

    fn release(&mut self, held: &[HeldNotification]) {
        for HeldNotification { delivery, .. } in held {
            let place = (delivery.record.topic, delivery.partition);
            if let Some(partition) = self.partitions.get_mut(&place) {
                partition.held.remove(&delivery.offset);
            }
            self.held_bytes = self.held_bytes.saturating_sub(held_bytes(delivery));
        }
    }

    fn stored(&mut self, seller: &SellerId, last: i64) {
        let Some(queue) = self.sellers.get_mut(seller) else {
            return;
        };
        let done = queue.stored(last);
        if queue.is_idle() {
            self.holding.remove(seller);
        } else {
            self.holding.insert(seller.clone());
        }
        self.release(&done);
    }

    /// Asks the inbox for the places of sellers that are not known.
    async fn learn(&mut self) -> Result<()> {
        let unknown: Vec<SellerId> = self
            .touched
            .iter()
            .filter(|seller| !self.sellers.get(*seller).is_some_and(SellerQueue::is_known))
            .cloned()
            .collect();
        let inbox = &self.inbox;
        let asked = unknown.into_iter().map(|seller| async move {
            let last = inbox.inbox_last(&seller).await?;
            Ok::<_, Error>((seller, last))
        });
        let known: Vec<_> = stream::iter(asked)
            .buffer_unordered(MAX_CONCURRENT_SELLERS)
            .try_collect()
            .await?;
        for (seller, last) in known {
            self.stored(&seller, last);
        }
        Ok(())
    }

    /// Stores everything whose turn it is.
    async fn flush(&mut self) -> Result<()> {
        self.learn().await?;
        while !self.touched.is_empty() {
            let mut ready = Vec::new();
            for seller in std::mem::take(&mut self.touched) {
                let told = self.sellers.get(&seller).map(SellerQueue::ready);
                if let Some(told) = told.filter(|told| !told.is_empty()) {
                    ready.push((seller, told));
                }
            }
            self.touched
                .extend(ready.iter().map(|(seller, _)| seller.clone()));
            let this = &*self;
            let stores = ready.into_iter().map(|(seller, told)| async move {
                let stored = this.tell(&seller, told).await?;
                Ok::<_, Error>((seller, stored))
            });
            let stored: Vec<_> = stream::iter(stores)
                .buffer_unordered(MAX_CONCURRENT_SELLERS)
                .try_collect()
                .await?;
            for (seller, outcome) in stored {
                if let Some(last) = outcome.last {
                    self.stored(&seller, last);
                }
                if let Some((sequence, error)) = outcome.rejected {
                    self.reject(&seller, sequence, &error);
                }
            }
        }
        Ok(())
    }

    fn reject(&mut self, seller: &SellerId, sequence: i64, error: &Error) {
        let queue = self.sellers.get_mut(seller);
        if let Some(held) = queue.and_then(|queue| queue.reject(sequence)) {
            self.rejected
                .push((held.delivery.clone(), error.to_string()));
            self.release(&[held]);
        }
    }

    /// Stores a run of notifications; one by one when one of them is refused on its own account.
    async fn tell(&self, seller: &SellerId, told: Vec<Notification>) -> Result<StoreOutcome> {
        match self.inbox.inbox_put(seller, &told).await {
            Err(error) if error.is_passing() => return Err(error),
            Err(_) => return self.tell_singly(seller, told).await,
            Ok(()) => {}
        }
        let last = told.last().map(|last| last.sequence);
        for notification in told {
            self.publish(seller, notification).await;
        }
        Ok(StoreOutcome {
            last,
            rejected: None,
        })
    }

    async fn tell_singly(
        &self,
        seller: &SellerId,
        told: Vec<Notification>,
    ) -> Result<StoreOutcome> {
        let mut last = None;
        for notification in told {
            let sequence = notification.sequence;
            match self
                .inbox
                .inbox_put(seller, std::slice::from_ref(&notification))
                .await
            {
                Ok(()) => last = Some(sequence),
                Err(error) if error.is_passing() => return Err(error),
                Err(error) => {
                    let rejected = Some((sequence, error));
                    return Ok(StoreOutcome { last, rejected });
                }
            }
            self.publish(seller, notification).await;
        }
        Ok(StoreOutcome {
            last,
            rejected: None,
        })
    }

    async fn publish(&self, seller: &SellerId, notification: Notification) {
        if let Err(error) = self.feed.publish(seller, Arc::new(notification)).await {
            // Streams read the inbox every few seconds anyway.
            tracing::debug!(%error, "the feed did not take a notification");
        }
    }

    /// Goes on with the proofs that what is missing will not come.
    async fn look_at_holes(&mut self) -> Result<()> {
        let holes: Vec<SellerId> = self
            .holding
            .iter()
            .filter(|seller| {
                self.sellers.get(*seller).is_some_and(|queue| {
                    queue.has_hole() && queue.waits_since.elapsed() >= HOLE_LOOK_INTERVAL
                })
            })
            .cloned()
            .collect();
        for seller in holes {
            self.look_at_hole(&seller).await?;
        }
        Ok(())
    }

    async fn look_at_hole(&mut self, seller: &SellerId) -> Result<()> {
        let Some(queue) = self.sellers.get(seller) else {
            return Ok(());
        };
        let next = match &queue.proof {
            HoleProof::Open | HoleProof::Outbox { .. } => {
                self.look_at_outbox(seller, queue).await?
            }
            HoleProof::Log { ends } => {
                let passed = ends.iter().all(|(topic, end)| {
                    let place = self.partitions.get(&(*topic, queue.partition));
                    let reached = place.map_or(0, |place| place.reached);
                    queue.has_passed(*topic, reached, *end)
                });
                if passed {
                    return self.conclude(seller).await;
                }
                return Ok(());
            }
        };
        if let Some(queue) = self.sellers.get_mut(seller) {
            queue.proof = next;
        }
        Ok(())
    }

    async fn look_at_outbox(&self, seller: &SellerId, queue: &SellerQueue) -> Result<HoleProof> {
        let span = self.store.outbox_span(seller).await?;
        let through = match (&queue.proof, span) {
            (HoleProof::Outbox { through }, Some((first, _))) if first <= *through => *through,
            (HoleProof::Open, Some((_, last))) => last,
            _ => return self.ends(queue.partition).await,
        };
        Ok(HoleProof::Outbox { through })
    }

    /// Where a partition of all topics ends now. What the group has done before it was assigned
    /// needs no reading.
    async fn ends(&self, partition: u32) -> Result<HoleProof> {
        let all = self.broker.progress(self.group()).await?;
        let ours = all.iter().filter(|place| place.partition == partition);
        let unread = ours.filter(|place| place.done < place.next);
        Ok(HoleProof::Log {
            ends: unread.map(|place| (place.topic, place.next)).collect(),
        })
    }

    /// The inbox is asked once more: what is missing may have been stored by another member.
    async fn conclude(&mut self, seller: &SellerId) -> Result<()> {
        let newest = self.inbox.inbox_bounds(seller).await?.newest;
        self.stored(seller, newest);
        self.touched.insert(seller.clone());
        if let Some(queue) = self.sellers.get_mut(seller)
            && queue.has_hole()
        {
            tracing::warn!(%seller, "events of a seller are lost: {:?}", queue.hole());
            metrics::counter!("pmd_lost_events_total").increment(1);
            queue.conclude();
        }
        Ok(())
    }

    fn sweep(&mut self) {
        if self.swept_at.elapsed() >= MAX_IDLE {
            self.swept_at = Instant::now();
            self.sellers
                .retain(|_, queue| !queue.is_idle() || queue.used_at.elapsed() < MAX_IDLE);
        }
    }

    fn settled(&mut self) -> Vec<PartitionOffset> {
        let mut settled = Vec::new();
        for ((topic, partition), state) in &mut self.partitions {
            let next = state.done();
            if next > state.settled {
                state.settled = next;
                settled.push(PartitionOffset {
                    topic: *topic,
                    partition: *partition,
                    next,
                });
            }
        }
        settled
    }
}

/// How far a run of notifications was stored, and the one that was refused.
#[derive(Debug)]
struct StoreOutcome {
    last: Option<i64>,
    rejected: Option<(i64, Error)>,
}

fn held_bytes(delivery: &Delivery) -> usize {
    // The message, and the notification made of it.
    2 * delivery.record.value.len() + HELD_OVERHEAD_BYTES
}

#[async_trait]
impl Handler for Notify {
    fn group(&self) -> ConsumerGroup {
        ConsumerGroup::Notifications
    }

    fn retry(&self) -> Retry {
        Retry {
            attempts: 5,
            first: Duration::from_millis(500),
            cap: Duration::from_secs(10),
        }
    }

    /// The events of an import are told by the last one of their batch; the headers say which.
    fn wants(&self, record: &Record) -> bool {
        record.topic == Topic::of(EventKind::ImportCompleted)
            || record.header(header::IMPORT_ID).is_none()
            || record.header(header::FIRST_SEQUENCE).is_some()
    }

    async fn apply(&mut self, batch: &[Consumed]) -> Result<()> {
        for Consumed { delivery, event } in batch {
            if let Some(notification) = Notification::of(event) {
                self.hold(notification, delivery);
            }
        }
        self.flush().await
    }

    /// What its headers name is not waited for.
    fn bury(&mut self, delivery: &Delivery) {
        let number = |name| delivery.record.header(name)?.parse::<i64>().ok();
        let (Ok(seller), Some(sequence)) = (
            SellerId::parse(&delivery.record.key),
            number(header::SEQUENCE),
        ) else {
            return;
        };
        let first = number(header::FIRST_SEQUENCE).unwrap_or(sequence);
        self.queue(&seller, delivery.partition)
            .bury(first, sequence);
        self.touched.insert(seller);
    }

    fn take_rejected(&mut self) -> Vec<(Delivery, String)> {
        std::mem::take(&mut self.rejected)
    }

    /// Once there is too much, until most of it is stored.
    fn full_partitions(&self) -> BTreeSet<(Topic, u32)> {
        if !self.full {
            return BTreeSet::new();
        }
        let holding = self
            .partitions
            .iter()
            .filter(|(_, state)| !state.held.is_empty());
        holding.map(|(place, _)| *place).collect()
    }

    fn forget(&mut self, partitions: &[(Topic, u32)]) {
        if partitions.is_empty() {
            return;
        }
        let mut forgotten = Vec::new();
        for queue in self.sellers.values_mut() {
            forgotten.extend(queue.forget(partitions));
        }
        self.release(&forgotten);
        self.partitions
            .retain(|place, _| !partitions.contains(place));
        self.sellers.retain(|_, queue| !queue.is_idle());
        let sellers = &self.sellers;
        self.holding.retain(|seller| sellers.contains_key(seller));
        self.touched = sellers.keys().cloned().collect();
    }

    fn forget_all(&mut self) {
        self.sellers.clear();
        self.touched.clear();
        self.holding.clear();
        self.partitions.clear();
        self.held_bytes = 0;
        self.rejected.clear();
        self.full = false;
    }

    fn reached(&mut self, offsets: &[PartitionOffset]) {
        for offset in offsets {
            let place = (offset.topic, offset.partition);
            let state = self.partitions.entry(place).or_default();
            state.reached = offset.next.max(state.reached);
        }
    }

    async fn settle(&mut self, _all: bool) -> Result<Vec<PartitionOffset>> {
        if self.look_at <= Instant::now() && !self.holding.is_empty() {
            self.look_at = Instant::now() + HOLE_LOOK_INTERVAL;
            if let Err(error) = self.look_at_holes().await {
                tracing::debug!(%error, "what is missing could not be looked for");
            }
        }
        if let Err(error) = self.flush().await {
            tracing::debug!(%error, "notifications wait for an engine");
        }
        self.sweep();
        self.full = if self.full {
            self.held_bytes > MAX_HELD_BYTES / 2
        } else {
            self.held_bytes > MAX_HELD_BYTES
        };
        // A dead letter comes before its offset.
        Ok(if self.rejected.is_empty() {
            self.settled()
        } else {
            Vec::new()
        })
    }

    fn patience(&self) -> Duration {
        if !self.rejected.is_empty() {
            Duration::ZERO
        } else if self.holding.is_empty() && self.touched.is_empty() {
            Duration::from_secs(3600)
        } else {
            HOLE_LOOK_INTERVAL
        }
    }
}
