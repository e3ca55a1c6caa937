//! Between the threads that talk to the cluster and the handler: a bounded number of messages that
//! wait for it, the offsets it is done with, and which partitions are this member's.
//!
//! One lock holds all of it. So when a partition is taken away, its waiting messages go, nothing of
//! it can be committed any more and the handler is told, all in one step.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

use super::{
    super::{Delivery, Offset, Polled},
    away,
};
use crate::domain::{error::Result, record::Topic};

/// Messages and bytes that wait at most; one more may always come.
const MESSAGES: usize = 10_000;
const BYTES: usize = 8 * 1024 * 1024;

type Partition = (Topic, u32);

#[derive(Debug, Default)]
pub(super) struct Shelf {
    state: Mutex<State>,
    filled: Notify,
    emptied: Condvar,
    done: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Delivery>,
    bytes: usize,
    owned: BTreeMap<Partition, Progress>,
    /// What the handler has yet to be told.
    revoked: Vec<Partition>,
    closing: bool,
    failure: Option<String>,
}

/// How far an owned partition is: `done` by the handler, `committed` to the cluster.
#[derive(Debug, Default)]
struct Progress {
    done: i64,
    committed: i64,
}

impl State {
    fn is_full(&self) -> bool {
        self.waiting.len() >= MESSAGES || self.bytes >= BYTES
    }

    /// Done and not yet committed.
    fn open(&self) -> impl Iterator<Item = Offset> {
        let behind = |(_, progress): &(_, &Progress)| progress.done > progress.committed;
        let open = self.owned.iter().filter(behind);
        open.map(|((topic, partition), progress)| Offset {
            topic: *topic,
            partition: *partition,
            next: progress.done,
        })
    }

    fn drop_waiting(&mut self, partition: Partition) {
        let gone = |waiting: &Delivery| (waiting.record.topic, waiting.partition) == partition;
        self.waiting.retain(|waiting| !gone(waiting));
        self.bytes = self.waiting.iter().map(size).sum();
    }
}

/// What the reading thread may do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Free,
    Full,
    Closing,
}

/// The side of the reading thread.
impl Shelf {
    /// Waits for room, not longer than this.
    pub(super) fn room(&self, patience: Duration) -> Room {
        let state = self.state();
        let must_wait = |state: &mut State| state.is_full() && !state.closing;
        let waited = self.emptied.wait_timeout_while(state, patience, must_wait);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match (state.closing, state.is_full()) {
            (true, _) => Room::Closing,
            (false, true) => Room::Full,
            (false, false) => Room::Free,
        }
    }

    pub(super) fn put(&self, delivery: Delivery) {
        let mut state = self.state();
        state.bytes += size(&delivery);
        state.waiting.push_back(delivery);
        drop(state);
        self.filled.notify_one();
    }

    pub(super) fn assign(&self, partitions: &[Partition]) {
        let mut state = self.state();
        let fresh = |partition: &Partition| (*partition, Progress::default());
        state.owned.extend(partitions.iter().map(fresh));
    }

    pub(super) fn revoke(&self, partitions: &[Partition]) {
        let mut state = self.state();
        for partition in partitions {
            state.owned.remove(partition);
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

/// The side of the committing thread.
impl Shelf {
    /// Waits until there is something to commit; `None` when this member is about to leave.
    pub(super) fn to_commit(&self) -> Option<Vec<Offset>> {
        let idle = |state: &mut State| !state.closing && state.open().next().is_none();
        let waited = self.done.wait_while(self.state(), idle);
        let state = waited.unwrap_or_else(PoisonError::into_inner);
        (!state.closing).then(|| state.open().collect())
    }

    /// Everything that is to be committed now.
    pub(super) fn open(&self) -> Vec<Offset> {
        self.state().open().collect()
    }

    pub(super) fn committed(&self, offsets: &[Offset]) {
        let mut state = self.state();
        for offset in offsets {
            let owned = state.owned.get_mut(&(offset.topic, offset.partition));
            if let Some(progress) = owned {
                progress.committed = offset.next.max(progress.committed);
            }
        }
    }
}

/// The side of the handler.
impl Shelf {
    /// Waits for messages, or for partitions to be taken away. Nothing is lost when the future is
    /// dropped.
    pub(super) async fn next(&self, max: usize) -> Result<Polled> {
        loop {
            if let Some(polled) = self.take(max)? {
                return Ok(polled);
            }
            self.filled.notified().await;
        }
    }

    fn take(&self, max: usize) -> Result<Option<Polled>> {
        let mut state = self.state();
        if let Some(reason) = &state.failure {
            return Err(away(reason));
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
        Ok(Some(Polled {
            revoked,
            deliveries,
        }))
    }

    /// Notes offsets for the committing thread, those of partitions that are owned and have been
    /// since the handler was told of them.
    pub(super) fn note(&self, offsets: &[Offset]) -> Result<()> {
        let mut state = self.state();
        if let Some(reason) = &state.failure {
            return Err(away(reason));
        }
        let State { owned, revoked, .. } = &mut *state;
        for offset in offsets {
            let partition = (offset.topic, offset.partition);
            if let Some(progress) = owned.get_mut(&partition)
                && !revoked.contains(&partition)
            {
                progress.done = offset.next.max(progress.done);
            }
        }
        drop(state);
        self.done.notify_one();
        Ok(())
    }

    pub(super) fn close(&self) {
        self.state().closing = true;
        self.emptied.notify_one();
        self.done.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

    const OURS: Partition = (Topic::ProductCreated, 1);
    const OTHER: Partition = (Topic::ProductCreated, 2);

    fn delivery((topic, partition): Partition, offset: i64) -> Delivery {
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

    fn offset((topic, partition): Partition, next: i64) -> Offset {
        Offset {
            topic,
            partition,
            next,
        }
    }

    /// Red when: what waits is kept, or offsets that were done before are committed for the next
    /// owner.
    #[test]
    fn a_partition_that_is_taken_away_leaves_nothing_behind() {
        let shelf = Shelf::default();
        shelf.assign(&[OURS, OTHER]);
        shelf.put(delivery(OURS, 0));
        shelf.put(delivery(OTHER, 0));
        shelf.note(&[offset(OURS, 5), offset(OTHER, 6)]).unwrap();
        shelf.revoke(&[OTHER]);
        assert_eq!(shelf.open(), [offset(OURS, 5)]);
        // It is back before the handler was told that it was gone.
        shelf.assign(&[OTHER]);
        shelf.note(&[offset(OTHER, 7)]).unwrap();
        assert_eq!(shelf.open(), [offset(OURS, 5)]);
        let polled = shelf.take(10).unwrap().unwrap();
        assert_eq!(polled.revoked, [OTHER]);
        assert_eq!(polled.deliveries, [delivery(OURS, 0)]);
        shelf.note(&[offset(OTHER, 8)]).unwrap();
        assert_eq!(shelf.open(), [offset(OURS, 5), offset(OTHER, 8)]);
    }

    #[test]
    fn offsets_go_forward_and_are_committed_once() {
        let shelf = Shelf::default();
        shelf.assign(&[OURS]);
        shelf.note(&[offset(OURS, 5)]).unwrap();
        shelf.note(&[offset(OURS, 3)]).unwrap();
        assert_eq!(shelf.to_commit(), Some(vec![offset(OURS, 5)]));
        shelf.committed(&[offset(OURS, 5)]);
        shelf.note(&[offset(OURS, 4)]).unwrap();
        assert!(shelf.open().is_empty());
        shelf.close();
        assert_eq!(shelf.to_commit(), None);
    }

    #[test]
    fn it_is_full_by_bytes_and_has_room_again() {
        let shelf = Shelf::default();
        shelf.assign(&[OURS]);
        let mut count = 0;
        while shelf.room(Duration::ZERO) == Room::Free {
            shelf.put(delivery(OURS, count));
            count += 1;
        }
        assert!(count < 8400, "{count} messages of 1,000 bytes");
        assert_eq!(shelf.take(10).unwrap().unwrap().deliveries.len(), 10);
        assert_eq!(shelf.room(Duration::ZERO), Room::Free);
        shelf.revoke(&[OURS]);
        assert!(shelf.take(10).unwrap().unwrap().deliveries.is_empty());
        assert_eq!(shelf.state().bytes, 0);
    }

    #[test]
    fn whoever_waits_hears_that_it_has_ended() {
        let shelf = Shelf::default();
        shelf.fail("first".to_owned());
        shelf.fail("second".to_owned());
        let reason = shelf.take(1).unwrap_err().to_string();
        assert!(reason.contains("first"), "{reason}");
        assert!(shelf.note(&[]).is_err());
    }
}
