//! What a group member knows of its partitions and messages, shared by the thread that reads, the
//! thread that commits, and the handler.
//!
//! One lock guards all of it. So when a partition is revoked, its waiting messages are dropped, its
//! offsets can no longer be committed, and the handler will learn of it, all in one step.
//!
//! An offset, while this member owns its partition (`done` and `committed` only grow):
//!
//! | state | kept in | moved by | to |
//! |---|---|---|---|
//! | fetched | `waiting`, at most so many messages and bytes | `next` | delivered |
//! | delivered | the handler alone | `mark_done` of it or of a later offset | done |
//! | done | below `done`, not below `committed` | a commit, then `mark_committed` | committed |
//! | committed | below `committed` | nothing | |
//! | any but committed | | `revoke` | forgotten here, read again by the next owner |
//!
//! A partition:
//!
//! | state | in `owned` | in `revoked` | `mark_done` | moved by |
//! |---|---|---|---|---|
//! | foreign | no | no | ignored | `assign`: owned |
//! | owned | yes | no | counts | `revoke`: revoked |
//! | revoked | no | yes | ignored | `next` reports it to the handler: foreign; `assign`: returned |
//! | returned | yes | yes | ignored, the offsets may be of before | `next`: owned; `revoke`: revoked |
//!
//! The commit thread commits what is done again and again; a rebalance commits the rest just before
//! `revoke`, unless the partitions are lost already. After `close` the threads end; after `fail` the
//! handler gets the first reason as its error.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Condvar, Mutex, MutexGuard},
    time::Duration,
};

use tokio::sync::Notify;

use super::{
    super::{Delivery, PartitionOffset, PollBatch},
    unavailable,
};
use crate::domain::{error::Result, record::Topic};
use crate::unpoisoned::unpoisoned;

/// At this number of waiting messages or bytes no more are fetched; one may still arrive.
const MAX_WAITING_MESSAGES: usize = 10_000;
const MAX_WAITING_BYTES: usize = 8 * 1024 * 1024;

type TopicPartition = (Topic, u32);

#[derive(Debug, Default)]
pub(super) struct ConsumerState {
    state: Mutex<LockedState>,
    /// Messages, revoked partitions or a failure for the handler.
    filled: Notify,
    emptied: Condvar,
    done: Condvar,
}

#[derive(Debug, Default)]
struct LockedState {
    waiting: VecDeque<Delivery>,
    bytes: usize,
    owned: BTreeMap<TopicPartition, OwnedPartition>,
    /// Not yet reported to the handler.
    revoked: Vec<TopicPartition>,
    /// The handler has enough of these for now.
    paused: BTreeSet<TopicPartition>,
    closing: bool,
    failure: Option<String>,
}

/// How far an owned partition is: `done` by the handler, `committed` to the cluster.
#[derive(Debug, Default)]
struct OwnedPartition {
    done: i64,
    committed: i64,
}

impl LockedState {
    fn is_full(&self) -> bool {
        self.waiting.len() >= MAX_WAITING_MESSAGES || self.bytes >= MAX_WAITING_BYTES
    }

    /// Done and not yet committed.
    fn uncommitted(&self) -> impl Iterator<Item = PartitionOffset> {
        let ahead = |(_, owned): &(_, &OwnedPartition)| owned.done > owned.committed;
        let uncommitted = self.owned.iter().filter(ahead);
        uncommitted.map(|((topic, partition), owned)| PartitionOffset {
            topic: *topic,
            partition: *partition,
            next: owned.done,
        })
    }

    fn drop_waiting(&mut self, partition: TopicPartition) {
        let gone = |waiting: &Delivery| (waiting.record.topic, waiting.partition) == partition;
        self.waiting.retain(|waiting| !gone(waiting));
        self.bytes = self.waiting.iter().map(size).sum();
    }
}

/// What the read thread may do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Capacity {
    Available,
    Full,
    Closing,
}

/// Used by the read thread.
impl ConsumerState {
    /// Waits until more messages may be fetched, at most for `wait_time`.
    pub(super) fn wait_capacity(&self, wait_time: Duration) -> Capacity {
        let state = self.state();
        let must_wait = |state: &mut LockedState| state.is_full() && !state.closing;
        let waited = self.emptied.wait_timeout_while(state, wait_time, must_wait);
        let (state, _) = unpoisoned(waited);
        match (state.closing, state.is_full()) {
            (true, _) => Capacity::Closing,
            (false, true) => Capacity::Full,
            (false, false) => Capacity::Available,
        }
    }

    /// The partitions that the handler wants no more of for now.
    pub(super) fn paused(&self) -> BTreeSet<TopicPartition> {
        self.state().paused.clone()
    }

    pub(super) fn push(&self, delivery: Delivery) {
        let mut state = self.state();
        state.bytes += size(&delivery);
        state.waiting.push_back(delivery);
        drop(state);
        self.filled.notify_one();
    }

    pub(super) fn assign(&self, partitions: &[TopicPartition]) {
        let mut state = self.state();
        let new = |partition: &TopicPartition| (*partition, OwnedPartition::default());
        state.owned.extend(partitions.iter().map(new));
    }

    pub(super) fn revoke(&self, partitions: &[TopicPartition]) {
        let mut state = self.state();
        for partition in partitions {
            state.owned.remove(partition);
            state.paused.remove(partition);
            state.drop_waiting(*partition);
            if !state.revoked.contains(partition) {
                state.revoked.push(*partition);
            }
        }
        drop(state);
        self.filled.notify_one();
    }

    pub(super) fn fail(&self, reason: String) {
        self.state().failure.get_or_insert(reason);
        self.filled.notify_one();
    }
}

/// Used by the commit thread.
impl ConsumerState {
    /// Waits for offsets to commit; `None` when this member is about to leave.
    pub(super) fn wait_uncommitted(&self) -> Option<Vec<PartitionOffset>> {
        let idle = |state: &mut LockedState| !state.closing && state.uncommitted().next().is_none();
        let waited = self.done.wait_while(self.state(), idle);
        let state = unpoisoned(waited);
        (!state.closing).then(|| state.uncommitted().collect())
    }

    /// The offsets to commit now.
    pub(super) fn uncommitted(&self) -> Vec<PartitionOffset> {
        self.state().uncommitted().collect()
    }

    pub(super) fn mark_committed(&self, offsets: &[PartitionOffset]) {
        let mut state = self.state();
        for offset in offsets {
            let owned = state.owned.get_mut(&(offset.topic, offset.partition));
            if let Some(owned) = owned {
                owned.committed = offset.next.max(owned.committed);
            }
        }
    }
}

/// Used by the handler.
impl ConsumerState {
    /// Waits for messages or revoked partitions. Nothing is lost when the future is dropped.
    pub(super) async fn next(&self, max: usize) -> Result<PollBatch> {
        loop {
            if let Some(polled) = self.take(max)? {
                return Ok(polled);
            }
            self.filled.notified().await;
        }
    }

    fn take(&self, max: usize) -> Result<Option<PollBatch>> {
        let mut state = self.state();
        if let Some(reason) = &state.failure {
            return Err(unavailable(reason));
        }
        if state.waiting.is_empty() && state.revoked.is_empty() {
            return Ok(None);
        }
        let count = max.max(1).min(state.waiting.len());
        let deliveries: Vec<_> = state.waiting.drain(..count).collect();
        state.bytes -= deliveries.iter().map(size).sum::<usize>();
        let revoked = std::mem::take(&mut state.revoked);
        drop(state);
        self.emptied.notify_one();
        Ok(Some(PollBatch {
            revoked,
            deliveries,
        }))
    }

    /// Passes offsets to the commit thread. Ignores those of partitions that were revoked, and not
    /// reported to the handler, since they were read.
    pub(super) fn mark_done(&self, offsets: &[PartitionOffset]) -> Result<()> {
        let mut state = self.state();
        if let Some(reason) = &state.failure {
            return Err(unavailable(reason));
        }
        let LockedState { owned, revoked, .. } = &mut *state;
        for offset in offsets {
            let partition = (offset.topic, offset.partition);
            if let Some(owned) = owned.get_mut(&partition)
                && !revoked.contains(&partition)
            {
                owned.done = offset.next.max(owned.done);
            }
        }
        drop(state);
        self.done.notify_one();
        Ok(())
    }

    pub(super) fn set_paused(&self, partitions: &BTreeSet<TopicPartition>) {
        let mut state = self.state();
        if state.paused != *partitions {
            state.paused.clone_from(partitions);
        }
    }

    pub(super) fn close(&self) {
        self.state().closing = true;
        self.emptied.notify_one();
        self.done.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, LockedState> {
        unpoisoned(self.state.lock())
    }
}

fn size(delivery: &Delivery) -> usize {
    let headers = delivery.record.headers.iter();
    let headers: usize = headers.map(|(key, value)| key.len() + value.len()).sum();
    delivery.record.key.len() + delivery.record.value.len() + headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{clock::Timestamp, record::Record};

    const OURS: TopicPartition = (Topic::ProductCreated, 1);
    const OTHER: TopicPartition = (Topic::ProductCreated, 2);

    fn delivery((topic, partition): TopicPartition, offset: i64) -> Delivery {
        Delivery {
            partition,
            offset,
            appended_at: Timestamp::from_millis(0),
            record: Record {
                topic,
                key: String::new(),
                headers: Vec::new(),
                value: vec![7; 1000].into(),
            },
        }
    }

    fn offset((topic, partition): TopicPartition, next: i64) -> PartitionOffset {
        PartitionOffset {
            topic,
            partition,
            next,
        }
    }

    /// Red when: waiting messages are kept, or earlier offsets are committed for the next owner.
    #[test]
    fn a_revoked_partition_leaves_no_messages_or_offsets() {
        let state = ConsumerState::default();
        state.assign(&[OURS, OTHER]);
        state.push(delivery(OURS, 0));
        state.push(delivery(OTHER, 0));
        state
            .mark_done(&[offset(OURS, 5), offset(OTHER, 6)])
            .unwrap();
        state.revoke(&[OTHER]);
        assert_eq!(state.uncommitted(), [offset(OURS, 5)]);
        // It returns before the handler learns that it was revoked.
        state.assign(&[OTHER]);
        state.mark_done(&[offset(OTHER, 7)]).unwrap();
        assert_eq!(state.uncommitted(), [offset(OURS, 5)]);
        let polled = state.take(10).unwrap().unwrap();
        assert_eq!(polled.revoked, [OTHER]);
        assert_eq!(polled.deliveries, [delivery(OURS, 0)]);
        state.mark_done(&[offset(OTHER, 8)]).unwrap();
        assert_eq!(state.uncommitted(), [offset(OURS, 5), offset(OTHER, 8)]);
    }

    #[test]
    fn offsets_only_grow_and_are_committed_once() {
        let state = ConsumerState::default();
        state.assign(&[OURS]);
        state.mark_done(&[offset(OURS, 5)]).unwrap();
        state.mark_done(&[offset(OURS, 3)]).unwrap();
        assert_eq!(state.wait_uncommitted(), Some(vec![offset(OURS, 5)]));
        state.mark_committed(&[offset(OURS, 5)]);
        state.mark_done(&[offset(OURS, 4)]).unwrap();
        assert!(state.uncommitted().is_empty());
        state.close();
        assert_eq!(state.wait_uncommitted(), None);
    }

    #[test]
    fn it_is_full_by_bytes_and_has_capacity_again() {
        let state = ConsumerState::default();
        state.assign(&[OURS]);
        let mut count = 0;
        while state.wait_capacity(Duration::ZERO) == Capacity::Available {
            state.push(delivery(OURS, count));
            count += 1;
        }
        assert!(count < 8400, "{count} messages of 1,000 bytes");
        assert_eq!(state.take(10).unwrap().unwrap().deliveries.len(), 10);
        assert_eq!(state.wait_capacity(Duration::ZERO), Capacity::Available);
        state.revoke(&[OURS]);
        assert!(state.take(10).unwrap().unwrap().deliveries.is_empty());
        assert_eq!(state.state().bytes, 0);
    }

    #[test]
    fn after_a_failure_every_call_returns_the_first_reason() {
        let state = ConsumerState::default();
        state.fail("first".to_owned());
        state.fail("second".to_owned());
        let reason = state.take(1).unwrap_err().to_string();
        assert!(reason.contains("first"), "{reason}");
        assert!(state.mark_done(&[]).is_err());
    }
}
