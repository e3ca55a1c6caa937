//! A seller's notifications on their way into the inbox, in the order of the sequence.
//!
//! A seller's events come through several topics, so a later one may be read before an earlier
//! one. A sequence number above the last stored one is in one of these states:
//!
//! | state | kept in | moved by | to |
//! |---|---|---|---|
//! | missing | nothing | its message is read | held, or lost if it is unreadable |
//! | | | a proof that it will not come ([`LossProof`]) | lost |
//! | held | `held`; its offset is not committed | everything before it is stored or lost | ready |
//! | ready | `held` | it is put into the inbox | stored; its offset may be committed |
//! | lost | `lost`; its offset may be committed | something after it is stored, which names it | stored |
//! | present: an interrupted put left it in the inbox | `present` | everything before it is stored or lost | stored |
//!
//! So the inbox has no hole but those that a later notification names (`settledFrom`). The first
//! notification after a long silence names everything before it, too: what it follows expires long
//! before itself, and must not look like something that may still come.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    sync::Arc,
    time::{Duration, Instant},
};

use pm_common::{
    domain::{
        clock::Timestamp,
        notification::{NOTIFICATION_RETENTION, Notification},
        record::{LOG_RETENTION, Topic},
        seller::SellerId,
    },
    ports::{broker::Delivery, inbox::InboxEnd},
};

use super::{
    hole_search::{LossProof, SequenceHole},
    partition_reads::PartitionKey,
};

/// Notifications of a seller stored at once.
const MAX_READY: usize = 1_000;
/// What follows a notification of this age outlives it by as much as the log keeps events.
const OLD_AGE: Duration = NOTIFICATION_RETENTION.saturating_sub(LOG_RETENTION.saturating_mul(2));

/// A notification that waits, and the message it was made of.
#[derive(Debug)]
pub(super) struct HeldNotification {
    pub(super) notification: Arc<Notification>,
    pub(super) delivery: Delivery,
}

/// One seller's place.
#[derive(Debug)]
pub(super) struct SellerQueue {
    /// Everything up to here is stored or lost; `None` until the inbox was asked.
    last: Option<i64>,
    /// What is stored next comes long after what it follows.
    follows_old: bool,
    held: BTreeMap<i64, HeldNotification>,
    /// Ranges that will not come: their last sequence, and their first.
    lost: BTreeMap<i64, i64>,
    /// Ranges that are stored after something that is missing, in the same form.
    present: BTreeMap<i64, i64>,
    pub(super) proof: LossProof,
    /// When the first that is held began to wait for what is missing now.
    pub(super) waits_since: Instant,
    pub(super) searched_at: Instant,
    pub(super) used_at: Instant,
}

impl SellerQueue {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            last: None,
            follows_old: false,
            held: BTreeMap::new(),
            lost: BTreeMap::new(),
            present: BTreeMap::new(),
            proof: LossProof::Open,
            waits_since: now,
            searched_at: now,
            used_at: now,
        }
    }

    pub(super) fn is_known(&self) -> bool {
        self.last.is_some()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.held.is_empty()
    }

    /// The inbox was asked; answers the messages that are done by that.
    pub(super) fn learn(&mut self, end: InboxEnd, now: Timestamp) -> Vec<HeldNotification> {
        self.present = end.above;
        let is_new = self.last.is_none_or(|last| last < end.last);
        let mut done = self.stored(end.last);
        let present: Vec<i64> = self.present.keys().copied().collect();
        done.extend(present.iter().filter_map(|at| self.held.remove(at)));
        if is_new {
            self.follows_old = end.last > 0 && now.since(end.last_at) >= OLD_AGE;
        }
        done
    }

    /// Keeps a message until its turn. `false`: it is stored or held already.
    pub(super) fn hold(&mut self, held: HeldNotification) -> bool {
        self.used_at = Instant::now();
        let sequence = held.notification.sequence;
        let is_stored = self.last.is_some_and(|last| sequence <= last);
        if is_stored || self.present.contains_key(&sequence) {
            return false;
        }
        match self.held.entry(sequence) {
            Entry::Vacant(place) => {
                place.insert(held);
                true
            }
            Entry::Occupied(_) => false,
        }
    }

    /// Whether something that is held waits for this one.
    pub(super) fn waits_for(&self, sequence: i64) -> bool {
        let is_missing = self.last.is_some_and(|last| sequence > last);
        is_missing && self.held.keys().next().is_some_and(|held| sequence < *held)
    }

    /// The events `first..=sequence` will not come.
    pub(super) fn mark_lost(&mut self, first: i64, sequence: i64) {
        if first <= sequence && self.last.is_none_or(|last| sequence > last) {
            self.lost.insert(sequence, first);
        }
    }

    /// What can be stored now, in order; the first after a loss names it.
    pub(super) fn ready(&self) -> Vec<Arc<Notification>> {
        let Some(last) = self.last else {
            return Vec::new();
        };
        let mut next = last.saturating_add(1);
        let mut settled_from = self.follows_old.then_some(1);
        let mut ready = Vec::new();
        let reaching = |ranges: &BTreeMap<i64, i64>, next| {
            let (last, first) = ranges.range(next..).next()?;
            (*first <= next).then_some(*last)
        };
        while ready.len() < MAX_READY {
            if let Some((_, held)) = self.held.range(next..).next()
                && held.notification.first() <= next
            {
                ready.push(naming(&held.notification, settled_from.take()));
                next = held.notification.sequence.saturating_add(1);
            } else if let Some(lost) = reaching(&self.lost, next) {
                settled_from.get_or_insert(next);
                next = lost.saturating_add(1);
            } else if let Some(present) = reaching(&self.present, next) {
                next = present.saturating_add(1);
            } else {
                break;
            }
        }
        ready
    }

    /// Everything up to `last` is in the inbox; answers the messages that are done by that.
    pub(super) fn stored(&mut self, last: i64) -> Vec<HeldNotification> {
        if self.last.is_none_or(|known| known < last) {
            self.last = Some(last);
            self.follows_old = false;
            self.proof = LossProof::Open;
            self.waits_since = Instant::now();
        }
        let from = self.last.unwrap_or(last).saturating_add(1);
        self.lost = self.lost.split_off(&from);
        self.present = self.present.split_off(&from);
        let waiting = self.held.split_off(&from);
        std::mem::replace(&mut self.held, waiting)
            .into_values()
            .collect()
    }

    /// A message that cannot be stored.
    pub(super) fn reject(&mut self, sequence: i64) -> Option<HeldNotification> {
        let held = self.held.remove(&sequence)?;
        self.lost.insert(sequence, held.notification.first());
        Some(held)
    }

    /// None of what is held can be stored.
    pub(super) fn reject_all(&mut self) -> Vec<HeldNotification> {
        let all: Vec<i64> = self.held.keys().copied().collect();
        let rejected = all.into_iter().map(|sequence| self.reject(sequence));
        rejected.flatten().collect()
    }

    /// Whether something is held that nothing but a missing event keeps from being stored.
    pub(super) fn has_hole(&self) -> bool {
        self.is_known() && !self.held.is_empty() && self.ready().is_empty()
    }

    /// What is missing before the first that is held.
    pub(super) fn missing(&self) -> Option<(i64, i64)> {
        let first = self.held.values().next()?.notification.first();
        Some((self.last?.saturating_add(1), first - 1))
    }

    /// The hole as it is searched for.
    pub(super) fn hole(&self, seller: &SellerId) -> Option<SequenceHole> {
        let first = self.held.values().next()?;
        let topics = self.held.values().map(|held| held.delivery.record.topic);
        Some(SequenceHole {
            seller: seller.clone(),
            proof: self.proof.clone(),
            partition: first.delivery.partition,
            passed_topics: topics.collect::<BTreeSet<Topic>>(),
        })
    }

    /// What is missing before the first that is held will not come.
    pub(super) fn mark_missing_lost(&mut self) {
        if let Some((first, last)) = self.missing() {
            self.mark_lost(first, last);
        }
    }

    /// Forgets what is read again by another member, and what it thinks is stored.
    pub(super) fn forget(&mut self, partitions: &[PartitionKey]) -> Vec<HeldNotification> {
        let gone = |held: &HeldNotification| {
            partitions.contains(&(held.delivery.record.topic, held.delivery.partition))
        };
        let all = std::mem::take(&mut self.held);
        let (forgotten, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, held)| gone(held));
        self.held = kept.into_iter().collect();
        self.present.clear();
        (self.last, self.proof) = (None, LossProof::Open);
        forgotten.into_iter().map(|(_, held)| held).collect()
    }
}

/// The notification with what it settles.
fn naming(notification: &Arc<Notification>, settled_from: Option<i64>) -> Arc<Notification> {
    match settled_from {
        None => Arc::clone(notification),
        Some(_) => Arc::new(Notification {
            settled_from,
            ..(**notification).clone()
        }),
    }
}

#[cfg(test)]
mod tests {
    use pm_common::domain::{notification::NotificationKind, record::Record};

    use super::*;

    fn held(first: i64, sequence: i64) -> HeldNotification {
        HeldNotification {
            notification: Arc::new(Notification {
                id: format!("s-{sequence}"),
                seller_id: SellerId::parse("s").unwrap(),
                kind: NotificationKind::ProductCreated,
                message: String::new(),
                data: serde_json::Value::Null,
                timestamp: 0,
                read: false,
                sequence,
                first_sequence: (first < sequence).then_some(first),
                settled_from: None,
            }),
            delivery: Delivery {
                partition: 0,
                offset: sequence,
                appended_at: Timestamp::from_millis(0),
                record: Record {
                    topic: Topic::ProductCreated,
                    key: "s".to_owned(),
                    headers: Vec::new(),
                    value: Vec::new().into(),
                },
            },
        }
    }

    fn queue(last: i64, sequences: &[(i64, i64)]) -> SellerQueue {
        let mut queue = SellerQueue::new();
        queue.learn(end(last, &[]), Timestamp::from_millis(0));
        for (first, sequence) in sequences {
            queue.hold(held(*first, *sequence));
        }
        queue
    }

    fn end(last: i64, above: &[i64]) -> InboxEnd {
        InboxEnd {
            last,
            last_at: Timestamp::from_millis(0),
            above: above.iter().map(|at| (*at, *at)).collect(),
        }
    }

    /// Sequence and `settledFrom` of what can be stored.
    fn ready(queue: &SellerQueue) -> Vec<(i64, Option<i64>)> {
        let ready = queue.ready();
        let pair = |one: &Arc<Notification>| (one.sequence, one.settled_from);
        ready.iter().map(pair).collect()
    }

    /// Red when: what comes early is stored, or a range does not count as a whole.
    #[test]
    fn only_what_follows_is_ready() {
        let mut queue = queue(3, &[(6, 6), (7, 20), (4, 4)]);
        assert_eq!(ready(&queue), [(4, None)]);
        assert!(!queue.hold(held(2, 2)), "stored already");
        queue.stored(4);
        assert!(queue.has_hole());
        queue.hold(held(5, 5));
        assert_eq!(ready(&queue), [(5, None), (6, None), (20, None)]);
        let done = queue.stored(20);
        assert_eq!(done.len(), 3);
        assert!(queue.is_idle());
    }

    /// Red when: a lost message blocks its seller, or nothing says that it is lost.
    #[test]
    fn what_is_lost_is_named_by_the_next() {
        let mut queue = queue(0, &[(1, 1), (4, 4)]);
        queue.mark_lost(2, 2);
        assert_eq!(ready(&queue), [(1, None)]);
        queue.mark_lost(3, 3);
        assert_eq!(ready(&queue), [(1, None), (4, Some(2))]);
        queue.stored(1);
        assert_eq!(ready(&queue), [(4, Some(2))]);
        let rejected = queue.reject(4).unwrap();
        assert_eq!(rejected.delivery.offset, 4);
        queue.hold(held(5, 9));
        assert_eq!(ready(&queue), [(9, Some(2))]);
    }

    #[test]
    fn a_proven_hole_is_lost() {
        let mut queue = queue(0, &[(501, 501), (502, 502)]);
        assert!(queue.has_hole());
        queue.mark_missing_lost();
        assert_eq!(ready(&queue), [(501, Some(1)), (502, None)]);
    }

    /// Red when: a queue of before a rebalance thinks that it knows what is stored.
    #[test]
    fn a_rebalance_makes_it_ask_again() {
        let mut queue = queue(0, &[(1, 1)]);
        assert!(queue.forget(&[(Topic::ProductDeleted, 0)]).is_empty());
        assert!(!queue.is_known() && ready(&queue).is_empty());
        queue.stored(0);
        assert_eq!(ready(&queue), [(1, None)]);
        assert_eq!(queue.forget(&[(Topic::ProductCreated, 0)]).len(), 1);
    }

    /// Red when: what an interrupted put left is written again, or waited for.
    #[test]
    fn what_is_present_is_not_put_again() {
        let mut queue = queue(2, &[(5, 5), (6, 6)]);
        let done = queue.learn(end(2, &[4, 5]), Timestamp::from_millis(0));
        assert_eq!(done.len(), 1);
        assert!(queue.has_hole());
        assert!(!queue.hold(held(4, 4)), "stored already");
        assert!(queue.hold(held(3, 3)));
        assert_eq!(ready(&queue), [(3, None), (6, None)]);
        assert_eq!(queue.stored(6).len(), 2);
        assert!(queue.is_idle());
    }

    /// Red when: an expired predecessor looks like an event that may still come.
    #[test]
    fn after_a_long_silence_everything_before_is_settled() {
        let mut queue = queue(0, &[]);
        queue.learn(end(9, &[]), Timestamp::from_millis(0).plus(OLD_AGE));
        queue.hold(held(10, 10));
        queue.hold(held(11, 11));
        assert_eq!(ready(&queue), [(10, Some(1)), (11, None)]);
        queue.stored(10);
        assert_eq!(ready(&queue), [(11, None)]);
    }
}
