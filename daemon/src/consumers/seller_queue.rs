//! A seller's notifications on their way into the inbox, in the order of the sequence.
//!
//! A seller's events come through several topics, so a later one may be read before an earlier
//! one. A sequence number above the last stored one is in one of these states:
//!
//! | state | kept in | moved by | to |
//! |---|---|---|---|
//! | missing | nothing | its message is read | held, or buried if it is unreadable |
//! | held | `held`; its offset is not committed | everything before it is stored or buried | ready |
//! | ready | `held` | it is in the inbox | stored; its offset may be committed |
//! | buried | `buried`; its offset may be committed | something after it is stored, and says what was lost before it | gone |
//! | missing, provably for ever | a [`HoleProof`] | `conclude` | buried |
//!
//! So the inbox has no hole but such as a later notification names (`lostFrom`).

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Instant,
};

use pm_common::{
    domain::{notification::Notification, record::Topic},
    ports::broker::Delivery,
};

/// Notifications of a seller stored at once.
const MAX_READY: usize = 1_000;

/// A notification that waits, and the message it was made of.
#[derive(Debug)]
pub(super) struct HeldNotification {
    pub(super) notification: Notification,
    pub(super) delivery: Delivery,
}

/// How far it is proven that what is missing will not come. A seller's earlier events leave the
/// outbox before or with its later ones, and only when the broker has them. So once the rows that
/// were there when a later event was read are gone, what is missing lies before the present ends
/// of the topics' partitions, or nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HoleProof {
    /// Nothing is proven.
    Open,
    /// Rows of the outbox up to this one may hold what is missing.
    Outbox { through: i64 },
    /// What is missing was published before these ends, if ever.
    Log { ends: Vec<(Topic, i64)> },
}

/// One seller's place.
#[derive(Debug)]
pub(super) struct SellerQueue {
    /// The partition number, the same in every topic.
    pub(super) partition: u32,
    /// Everything up to here is stored; `None` until the inbox was asked.
    last: Option<i64>,
    held: BTreeMap<i64, HeldNotification>,
    /// Ranges that will not come: their last sequence, and their first.
    buried: BTreeMap<i64, i64>,
    pub(super) proof: HoleProof,
    /// When the first that is held began to wait for what is missing now.
    pub(super) waits_since: Instant,
    pub(super) used_at: Instant,
}

impl SellerQueue {
    pub(super) fn new(partition: u32) -> Self {
        Self {
            partition,
            last: None,
            held: BTreeMap::new(),
            buried: BTreeMap::new(),
            proof: HoleProof::Open,
            waits_since: Instant::now(),
            used_at: Instant::now(),
        }
    }

    pub(super) fn is_known(&self) -> bool {
        self.last.is_some()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.held.is_empty()
    }

    /// Keeps a message until its turn. `false`: it is stored or held already.
    pub(super) fn hold(&mut self, held: HeldNotification) -> bool {
        self.used_at = Instant::now();
        let sequence = held.notification.sequence;
        if self.last.is_some_and(|last| sequence <= last) {
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

    /// The events `first..=sequence` will not come.
    pub(super) fn bury(&mut self, first: i64, sequence: i64) {
        if first <= sequence && self.last.is_none_or(|last| sequence > last) {
            self.buried.insert(sequence, first);
        }
    }

    /// What can be stored now, in order; the first after a loss names it.
    pub(super) fn ready(&self) -> Vec<Notification> {
        let Some(last) = self.last else {
            return Vec::new();
        };
        let (mut next, mut lost_from) = (last.saturating_add(1), None);
        let mut ready = Vec::new();
        while ready.len() < MAX_READY {
            if let Some((_, held)) = self.held.range(next..).next()
                && held.notification.first() <= next
            {
                let lost_from = lost_from.take();
                ready.push(Notification {
                    lost_from,
                    ..held.notification.clone()
                });
                next = held.notification.sequence.saturating_add(1);
            } else if let Some((sequence, first)) = self.buried.range(next..).next()
                && *first <= next
            {
                lost_from.get_or_insert(next);
                next = sequence.saturating_add(1);
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
            self.proof = HoleProof::Open;
            self.waits_since = Instant::now();
        }
        let from = last.saturating_add(1);
        self.buried = self.buried.split_off(&from);
        let waiting = self.held.split_off(&from);
        std::mem::replace(&mut self.held, waiting)
            .into_values()
            .collect()
    }

    /// A message that cannot be stored.
    pub(super) fn reject(&mut self, sequence: i64) -> Option<HeldNotification> {
        let held = self.held.remove(&sequence)?;
        self.buried.insert(sequence, held.notification.first());
        Some(held)
    }

    /// Whether something is held that nothing but a missing event keeps from being stored.
    pub(super) fn has_hole(&self) -> bool {
        self.is_known() && !self.held.is_empty() && self.ready().is_empty()
    }

    /// Whether what is missing cannot come through this topic after what was read of it: a later
    /// event of the seller came through it already, or it was read up to `end`.
    pub(super) fn has_passed(&self, topic: Topic, reached: i64, end: i64) -> bool {
        reached >= end
            || self
                .held
                .values()
                .any(|held| held.delivery.record.topic == topic)
    }

    /// What is missing before the first that is held.
    pub(super) fn hole(&self) -> Option<(i64, i64)> {
        let first = self.held.values().next()?.notification.first();
        Some((self.last?.saturating_add(1), first - 1))
    }

    /// What is missing before the first that is held will not come.
    pub(super) fn conclude(&mut self) {
        if let Some((first, last)) = self.hole() {
            self.bury(first, last);
        }
    }

    /// Forgets what is read again by another member, and what it thinks is stored.
    pub(super) fn forget(&mut self, partitions: &[(Topic, u32)]) -> Vec<HeldNotification> {
        let gone = |held: &HeldNotification| {
            partitions.contains(&(held.delivery.record.topic, held.delivery.partition))
        };
        let all = std::mem::take(&mut self.held);
        let (forgotten, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, held)| gone(held));
        self.held = kept.into_iter().collect();
        (self.last, self.proof) = (None, HoleProof::Open);
        forgotten.into_iter().map(|(_, held)| held).collect()
    }
}

#[cfg(test)]
mod tests {
    use pm_common::domain::{
        clock::Timestamp, notification::NotificationKind, record::Record, seller::SellerId,
    };

    use super::*;

    fn held(first: i64, sequence: i64) -> HeldNotification {
        HeldNotification {
            notification: Notification {
                id: format!("s-{sequence}"),
                seller_id: SellerId::parse("s").unwrap(),
                kind: NotificationKind::ProductCreated,
                message: String::new(),
                data: serde_json::Value::Null,
                timestamp: 0,
                read: false,
                sequence,
                first_sequence: (first < sequence).then_some(first),
                lost_from: None,
            },
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
        let mut queue = SellerQueue::new(0);
        queue.stored(last);
        for (first, sequence) in sequences {
            queue.hold(held(*first, *sequence));
        }
        queue
    }

    /// Sequence and `lostFrom` of what can be stored.
    fn ready(queue: &SellerQueue) -> Vec<(i64, Option<i64>)> {
        let ready = queue.ready();
        let pair = |told: &Notification| (told.sequence, told.lost_from);
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

    /// Red when: a buried message blocks its seller, or nothing says that it is lost.
    #[test]
    fn what_is_buried_is_named_by_the_next() {
        let mut queue = queue(0, &[(1, 1), (4, 4)]);
        queue.bury(2, 2);
        assert_eq!(ready(&queue), [(1, None)]);
        queue.bury(3, 3);
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
        queue.conclude();
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
}
