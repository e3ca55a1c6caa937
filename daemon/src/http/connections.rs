//! The connections that are open, within the process' share of descriptors.
//!
//! When all are in use, those that wait for their client make room, the longest silent first: a
//! client that connects and sends nothing, or a byte now and then, keeps none from others. A
//! connection whose request is worked on or answered is never taken. What still finds no room is
//! served from a small reserve, which answers liveness and refuses the rest.

use pm_common::unpoisoned::unpoisoned;
use std::{
    collections::HashMap,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use axum::http::{Extensions, Method};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Which part of the waiting connections makes room at once, so that a flood is not sorted anew for
/// each of its connections.
const EVICTED_PART: usize = 16;
/// Connections beyond the share that are answered at all.
const MAX_RESERVE_CONNECTIONS: usize = 16;

/// The table of connections. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct ConnectionTable(Arc<ConnectionTableState>);

#[derive(Debug)]
struct ConnectionTableState {
    most: usize,
    start: Instant,
    open: Mutex<OpenConnections>,
    /// A connection has ended.
    ended: Notify,
}

#[derive(Debug, Default)]
struct OpenConnections {
    next_id: u64,
    regular: HashMap<u64, Arc<ConnectionActivity>>,
    /// How many of the regular ones were asked to make room, and still have their descriptors.
    evicted: usize,
    reserve: usize,
}

/// Whether there is room for a connection.
enum Admission {
    Admitted(ConnectionSlot),
    /// There soon is.
    RoomIsMade,
    Full,
}

/// What a connection is doing.
#[derive(Debug)]
pub(super) struct ConnectionActivity {
    start: Instant,
    /// Milliseconds from `start` to the last byte of the client, or the last answer.
    last_progress: AtomicU64,
    /// A request is worked on or answered: nothing is waited for.
    at_work: AtomicBool,
    /// Requests that were begun, and answers that are out: odd while one is in progress.
    turn: AtomicU64,
    /// One more than the turn in which the client has begun a head.
    begun: AtomicU64,
    evicted: CancellationToken,
}

/// Marks the requests of a connection beyond the share.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReserveConnection;

/// A request on its way; when this is dropped, its answer is out.
#[derive(Debug)]
pub(super) struct RequestActivity(Arc<ConnectionActivity>);

/// An entry of the table; dropping it takes it out.
#[derive(Debug)]
pub(super) struct ConnectionSlot {
    table: ConnectionTable,
    activity: Arc<ConnectionActivity>,
    /// `None` in the reserve.
    id: Option<u64>,
}

impl ConnectionTable {
    /// For as many connections, and a few more that hear that there is no room.
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(ConnectionTableState {
            most,
            start: Instant::now(),
            open: Mutex::default(),
            ended: Notify::new(),
        }))
    }

    /// A slot for a new connection; `None` when even the reserve is in use. Waits while connections
    /// that were asked to make room end.
    pub(super) async fn admit(&self) -> Option<ConnectionSlot> {
        loop {
            let mut ended = pin!(self.0.ended.notified());
            ended.as_mut().enable();
            match self.try_admit() {
                Admission::Admitted(slot) => return Some(slot),
                Admission::Full => return None,
                Admission::RoomIsMade => ended.await,
            }
        }
    }

    fn try_admit(&self) -> Admission {
        let mut open = self.open();
        let full = open.regular.len() >= self.0.most;
        if full && open.evicted == 0 {
            open.evict();
        }
        let activity = Arc::new(ConnectionActivity::new(self.0.start));
        let id = match (full, open.evicted) {
            (false, _) => {
                let id = open.next_id;
                open.next_id += 1;
                open.regular.insert(id, Arc::clone(&activity));
                Some(id)
            }
            (true, 1..) => return Admission::RoomIsMade,
            (true, 0) if open.reserve < MAX_RESERVE_CONNECTIONS => {
                open.reserve += 1;
                None
            }
            (true, 0) => return Admission::Full,
        };
        Admission::Admitted(ConnectionSlot {
            table: self.clone(),
            activity,
            id,
        })
    }

    fn open(&self) -> MutexGuard<'_, OpenConnections> {
        unpoisoned(self.0.open.lock())
    }
}

impl OpenConnections {
    /// Ends the connections that have waited longest for their clients.
    fn evict(&mut self) {
        let mut waiting: Vec<_> = self
            .regular
            .iter()
            .filter(|(_, activity)| !activity.at_work.load(Relaxed))
            .map(|(id, activity)| (activity.last_progress.load(Relaxed), *id))
            .collect();
        waiting.sort_unstable();
        waiting.truncate(waiting.len().div_ceil(EVICTED_PART));
        for (_, id) in waiting {
            if let Some(activity) = self.regular.get(&id) {
                activity.evicted.cancel();
                self.evicted += 1;
            }
        }
    }
}

impl ConnectionActivity {
    fn new(start: Instant) -> Self {
        let activity = Self {
            start,
            last_progress: AtomicU64::new(0),
            at_work: AtomicBool::new(false),
            turn: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            evicted: CancellationToken::new(),
        };
        activity.progressed();
        activity
    }

    /// The client has sent something.
    pub(super) fn progressed(&self) {
        let passed: Duration = self.start.elapsed();
        let millis = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        self.last_progress.store(millis, Relaxed);
    }

    fn begin_work(&self) {
        self.at_work.store(true, Relaxed);
    }

    /// Which head is being read; `None` while a request is in progress.
    pub(super) fn head_turn(&self) -> Option<u64> {
        let turn = self.turn.load(Relaxed);
        turn.is_multiple_of(2).then_some(turn)
    }

    /// The client has sent a part of the head of this turn.
    pub(super) fn begin_head(&self, turn: u64) {
        self.begun.store(turn + 1, Relaxed);
    }

    /// Whether a head is begun and not yet complete.
    pub(super) fn is_within_head(&self) -> bool {
        let turn = self.head_turn();
        turn.is_some_and(|turn| self.begun.load(Relaxed) == turn + 1)
    }
}

impl RequestActivity {
    /// A request whose head is in; one that only reads is in as a whole.
    pub(super) fn begin(activity: &Arc<ConnectionActivity>, method: &Method) -> Self {
        if method.is_safe() {
            activity.begin_work();
        }
        activity.turn.fetch_add(1, Relaxed);
        Self(Arc::clone(activity))
    }
}

impl Drop for RequestActivity {
    fn drop(&mut self) {
        self.0.progressed();
        self.0.turn.fetch_add(1, Relaxed);
        self.0.at_work.store(false, Relaxed);
    }
}

/// The body of the request with these extensions is in.
pub(super) fn begin_work(extensions: &Extensions) {
    if let Some(activity) = extensions.get::<Arc<ConnectionActivity>>() {
        activity.begin_work();
    }
}

impl ConnectionSlot {
    /// What the connection is doing.
    pub(super) const fn activity(&self) -> &Arc<ConnectionActivity> {
        &self.activity
    }

    /// Whether it is one of those beyond the share.
    pub(super) const fn is_reserve(&self) -> bool {
        self.id.is_none()
    }

    /// Ends when the connection has to make room.
    pub(super) async fn evicted(&self) {
        self.activity.evicted.cancelled().await;
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut open = self.table.open();
        match self.id {
            Some(id) => {
                open.regular.remove(&id);
                open.evicted -= usize::from(self.activity.evicted.is_cancelled());
            }
            None => open.reserve -= 1,
        }
        drop(open);
        self.table.0.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn evicted(slot: &ConnectionSlot) -> bool {
        slot.activity.evicted.is_cancelled()
    }

    async fn slots(table: &ConnectionTable, count: usize) -> Vec<ConnectionSlot> {
        let mut slots = Vec::new();
        for _ in 0..count {
            slots.push(table.admit().await.unwrap());
        }
        slots
    }

    /// Red when: a full table refuses, takes one that was heard of a moment ago, or has more open
    /// than it may while one that was asked to end has not ended.
    #[tokio::test]
    async fn the_longest_silent_makes_room() {
        let table = ConnectionTable::new(3);
        let mut slots = slots(&table, 3).await;
        for (slot, silent) in slots.iter().zip([5, 1, 3]) {
            slot.activity.last_progress.store(10 - silent, Relaxed);
        }
        let mut newest = pin!(table.admit());
        assert!(newest.as_mut().now_or_never().is_none());
        let ended: Vec<_> = slots.iter().map(evicted).collect();
        assert_eq!(ended, [true, false, false]);
        slots.remove(0);
        assert!(!newest.await.unwrap().is_reserve());
    }

    /// Red when: a request that is worked on is taken, or the reserve has no end.
    #[tokio::test]
    async fn work_is_left_alone_and_the_reserve_is_small() {
        let table = ConnectionTable::new(2);
        let mut regular = slots(&table, 2).await;
        for slot in &regular {
            slot.activity.begin_work();
        }
        let reserve = slots(&table, MAX_RESERVE_CONNECTIONS).await;
        assert!(reserve.iter().all(ConnectionSlot::is_reserve));
        assert!(table.admit().await.is_none());
        assert!(!regular.iter().any(evicted));
        drop(RequestActivity(Arc::clone(&regular[1].activity)));
        let mut next = pin!(table.admit());
        assert!(next.as_mut().now_or_never().is_none());
        assert!(evicted(&regular[1]) && !evicted(&regular[0]));
        regular.pop();
        assert!(!next.await.unwrap().is_reserve());
    }
}
