//! What the notification group has read of each partition, what of it may be committed, and how
//! much memory it takes to hold messages.
//!
//! An offset of a partition:
//!
//! | state | kept in | moved by | to |
//! |---|---|---|---|
//! | held: its notification waits for earlier ones | `held` | `release`, when it is stored | done |
//! | skipped: there was no memory to hold it | from `skipped_from` on | starting over | read again |
//! | done | below the first that is held or skipped | `take_committable` | committed |
//!
//! The memory for what is held:
//!
//! | state | partitions with something held | a message that fills no hole | moved by | to |
//! |---|---|---|---|---|
//! | `Free` | are read | is held | more than [`MAX_HELD_BYTES`] are held | `Full` |
//! | `Full` | are paused | is held | half of it is stored | `Free` |
//! | | | | nothing moves for [`SKIM_AFTER`] | `Skimming` |
//! | `Skimming` | are read | is skipped | half of it is stored | starts over as `Free` |
//!
//! Pausing cannot block while what is missing is in the log, because the relay publishes a seller's
//! events in order: of all events that are not read yet, take the one that was published first.
//! Nothing in its partition is held, for what is held waits for something that was published before
//! it. Only events that are lost are waited for in vain, and the proof of that needs all topics to
//! be read to their ends: that is what skimming is for.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use pm_common::{
    domain::record::Topic,
    ports::broker::{Delivery, PartitionOffset},
};

/// Held bytes from which on the partitions that hold anything are not read any further.
const MAX_HELD_BYTES: usize = 8 << 20;
/// Bytes that a held message takes beside its value, about.
const HELD_OVERHEAD_BYTES: usize = 1_024;
/// How long nothing moves until skimming starts.
const SKIM_AFTER: Duration = Duration::from_secs(10);

pub(super) type PartitionKey = (Topic, u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeldMemory {
    Free,
    Full,
    Skimming,
}

/// All partitions that this member reads.
#[derive(Debug)]
pub(super) struct PartitionReads {
    partitions: BTreeMap<PartitionKey, PartitionRead>,
    held_bytes: usize,
    memory: HeldMemory,
    /// When something was read, stored, or known to be on its way.
    moved_at: Instant,
}

#[derive(Debug, Default)]
struct PartitionRead {
    /// Everything before it was delivered.
    read_to: i64,
    held: BTreeSet<i64>,
    skipped_from: Option<i64>,
    committable: i64,
}

impl PartitionRead {
    /// Everything before it is done.
    fn done(&self) -> i64 {
        let held = self.held.first().copied();
        let open = [held, self.skipped_from];
        open.into_iter().flatten().fold(self.read_to, i64::min)
    }
}

impl PartitionReads {
    pub(super) fn new() -> Self {
        Self {
            partitions: BTreeMap::new(),
            held_bytes: 0,
            memory: HeldMemory::Free,
            moved_at: Instant::now(),
        }
    }

    fn partition(&mut self, delivery: &Delivery) -> &mut PartitionRead {
        let key = (delivery.record.topic, delivery.partition);
        self.partitions.entry(key).or_default()
    }

    pub(super) fn hold(&mut self, delivery: &Delivery) {
        self.partition(delivery).held.insert(delivery.offset);
        self.held_bytes += held_bytes(delivery);
    }

    /// It is stored, or read again by another member.
    pub(super) fn release(&mut self, delivery: &Delivery) {
        self.partition(delivery).held.remove(&delivery.offset);
        self.held_bytes = self.held_bytes.saturating_sub(held_bytes(delivery));
        self.moved_at = Instant::now();
    }

    pub(super) fn skip(&mut self, delivery: &Delivery) {
        let skipped = &mut self.partition(delivery).skipped_from;
        *skipped = Some(skipped.map_or(delivery.offset, |from| from.min(delivery.offset)));
    }

    /// Everything before these offsets was delivered.
    pub(super) fn mark_read(&mut self, offsets: &[PartitionOffset]) {
        for offset in offsets {
            let key = (offset.topic, offset.partition);
            let partition = self.partitions.entry(key).or_default();
            partition.read_to = offset.next.max(partition.read_to);
            self.moved_at = Instant::now();
        }
    }

    /// An engine is away, so that nothing can move.
    pub(super) fn excuse(&mut self) {
        self.moved_at = Instant::now();
    }

    pub(super) fn read_to(&self, key: PartitionKey) -> i64 {
        self.partitions
            .get(&key)
            .map_or(0, |partition| partition.read_to)
    }

    /// Other members read these from now on.
    pub(super) fn forget(&mut self, partitions: &[PartitionKey]) {
        self.partitions.retain(|key, _| !partitions.contains(key));
    }

    /// The offsets that may be committed and were not yet taken.
    pub(super) fn take_committable(&mut self) -> Vec<PartitionOffset> {
        let mut taken = Vec::new();
        for ((topic, partition), read) in &mut self.partitions {
            let next = read.done();
            if next > read.committable {
                read.committable = next;
                taken.push(PartitionOffset {
                    topic: *topic,
                    partition: *partition,
                    next,
                });
            }
        }
        taken
    }

    /// Moves the memory's state on.
    pub(super) fn check_memory(&mut self) {
        self.memory = match self.memory {
            HeldMemory::Free if self.held_bytes > MAX_HELD_BYTES => HeldMemory::Full,
            HeldMemory::Full if self.held_bytes <= MAX_HELD_BYTES / 2 => HeldMemory::Free,
            HeldMemory::Full if self.moved_at.elapsed() >= SKIM_AFTER => {
                tracing::info!("events are missing: the topics are read to their ends for a proof");
                HeldMemory::Skimming
            }
            unchanged => unchanged,
        };
    }

    pub(super) fn is_skimming(&self) -> bool {
        self.memory == HeldMemory::Skimming
    }

    /// What was skipped can be held now.
    pub(super) fn must_start_over(&self) -> bool {
        self.is_skimming() && self.held_bytes <= MAX_HELD_BYTES / 2
    }

    pub(super) fn paused(&self) -> BTreeSet<PartitionKey> {
        if self.memory != HeldMemory::Full {
            return BTreeSet::new();
        }
        let holding = self
            .partitions
            .iter()
            .filter(|(_, partition)| !partition.held.is_empty());
        holding.map(|(key, _)| *key).collect()
    }
}

fn held_bytes(delivery: &Delivery) -> usize {
    // The message, and the notification made of it.
    2 * delivery.record.value.len() + HELD_OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use pm_common::domain::{clock::Timestamp, record::Record};

    use super::*;

    fn delivery(offset: i64, bytes: usize) -> Delivery {
        Delivery {
            partition: 0,
            offset,
            appended_at: Timestamp::from_millis(0),
            record: Record {
                topic: Topic::ProductCreated,
                key: "s".to_owned(),
                headers: Vec::new(),
                value: vec![0; bytes].into(),
            },
        }
    }

    fn read_to(next: i64) -> [PartitionOffset; 1] {
        [PartitionOffset {
            topic: Topic::ProductCreated,
            partition: 0,
            next,
        }]
    }

    /// Red when: an offset after a held or skipped one is committed.
    #[test]
    fn nothing_after_what_is_open_is_committed() {
        let mut reads = PartitionReads::new();
        reads.hold(&delivery(3, 1));
        reads.mark_read(&read_to(9));
        assert_eq!(reads.take_committable(), read_to(3));
        assert!(reads.take_committable().is_empty());
        reads.skip(&delivery(7, 1));
        reads.skip(&delivery(8, 1));
        reads.release(&delivery(3, 1));
        assert_eq!(reads.take_committable(), read_to(7));
        assert_eq!(reads.held_bytes, 0);
    }

    /// Red when: what is held has no bound, or two partitions that wait for each other's proof stay
    /// paused for ever.
    #[test]
    fn memory_is_bounded_and_a_standstill_ends() {
        let mut reads = PartitionReads::new();
        for offset in 0..5 {
            reads.hold(&delivery(offset, 1 << 20));
        }
        assert!(reads.paused().is_empty());
        reads.check_memory();
        assert_eq!(reads.paused().len(), 1);
        reads.moved_at -= SKIM_AFTER;
        reads.check_memory();
        assert!(reads.is_skimming() && reads.paused().is_empty());
        for offset in 0..4 {
            assert!(!reads.must_start_over());
            reads.release(&delivery(offset, 1 << 20));
        }
        assert!(reads.must_start_over());
    }
}
