//! Sorting what is published into the rows of the log.

use std::collections::{HashMap, hash_map::Entry};

use crate::domain::record::{self, Record, Topic};

/// Messages and bytes of a block at most, so that reading one is a small step.
const BLOCK_MESSAGES: usize = 1000;
const BLOCK_BYTES: usize = 1024 * 1024;

/// Messages of one topic and partition, packed.
pub(super) struct Block {
    pub(super) topic: Topic,
    pub(super) partition: u32,
    pub(super) messages: i64,
    pub(super) packed: Vec<u8>,
}

/// Sorts messages by topic and partition, each in its order, and packs them; blocks come in the
/// order of their first messages.
pub(super) async fn pack(records: Vec<Record>, partitions: u32) -> Vec<Block> {
    let mut runs: Vec<Run> = Vec::new();
    let mut open: HashMap<(Topic, u32), usize> = HashMap::new();
    for record in records {
        let partition = record::partition_of(record.key.as_bytes(), partitions);
        let fresh = runs.len();
        let place = match open.entry((record.topic, partition)) {
            Entry::Occupied(mut place) => {
                if runs[*place.get()].is_full() {
                    place.insert(fresh);
                }
                *place.get()
            }
            Entry::Vacant(place) => *place.insert(fresh),
        };
        if place == fresh {
            runs.push(Run::new(record.topic, partition));
        }
        runs[place].push(record);
    }
    let mut blocks = Vec::with_capacity(runs.len());
    for run in runs {
        if !blocks.is_empty() {
            // Compressing a large publish takes a while; others get their turn.
            tokio::task::yield_now().await;
        }
        blocks.push(run.pack());
    }
    blocks
}

/// Messages that will be one block.
struct Run {
    topic: Topic,
    partition: u32,
    bytes: usize,
    records: Vec<Record>,
}

impl Run {
    const fn new(topic: Topic, partition: u32) -> Self {
        Self {
            topic,
            partition,
            bytes: 0,
            records: Vec::new(),
        }
    }

    const fn is_full(&self) -> bool {
        self.records.len() >= BLOCK_MESSAGES || self.bytes >= BLOCK_BYTES
    }

    fn push(&mut self, record: Record) {
        self.bytes += record.value.len();
        self.records.push(record);
    }

    fn pack(self) -> Block {
        Block {
            topic: self.topic,
            partition: self.partition,
            messages: i64::try_from(self.records.len()).unwrap_or(i64::MAX),
            packed: record::encode_block(&self.records),
        }
    }
}
