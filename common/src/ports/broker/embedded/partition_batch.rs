//! Sorts published messages into rows of the log.

use std::collections::HashMap;

use crate::domain::record::{self, Record, Topic};

/// The size of a block, so that reading it is a small step.
const MAX_BLOCK_MESSAGES: usize = 1000;
const MAX_BLOCK_BYTES: usize = 1024 * 1024;

/// Messages of one topic and partition, packed.
pub(super) struct PackedBlock {
    pub(super) topic: Topic,
    pub(super) partition: u32,
    pub(super) messages: i64,
    pub(super) packed: Vec<u8>,
}

/// Sorts messages by topic and partition, each in its order, and packs them; blocks come in the
/// order of their first messages.
pub(super) async fn pack_records(records: Vec<Record>, partitions: u32) -> Vec<PackedBlock> {
    let mut batches: Vec<PartitionBatch> = Vec::new();
    let mut current: HashMap<(Topic, u32), usize> = HashMap::new();
    for record in records {
        let partition = record::partition_of(record.key.as_bytes(), partitions);
        let key = (record.topic, partition);
        let index = current.entry(key).or_insert(batches.len());
        if batches.get(*index).is_none_or(PartitionBatch::is_full) {
            *index = batches.len();
            batches.push(PartitionBatch::new(record.topic, partition));
        }
        batches[*index].push(record);
    }
    let mut blocks = Vec::with_capacity(batches.len());
    for batch in batches {
        if !blocks.is_empty() {
            // Compressing a large publish takes a while; other tasks get their turn.
            tokio::task::yield_now().await;
        }
        blocks.push(batch.pack());
    }
    blocks
}

/// Messages that will be one block.
struct PartitionBatch {
    topic: Topic,
    partition: u32,
    bytes: usize,
    records: Vec<Record>,
}

impl PartitionBatch {
    const fn new(topic: Topic, partition: u32) -> Self {
        Self {
            topic,
            partition,
            bytes: 0,
            records: Vec::new(),
        }
    }

    const fn is_full(&self) -> bool {
        self.records.len() >= MAX_BLOCK_MESSAGES || self.bytes >= MAX_BLOCK_BYTES
    }

    fn push(&mut self, record: Record) {
        self.bytes += record.value.len();
        self.records.push(record);
    }

    fn pack(self) -> PackedBlock {
        PackedBlock {
            topic: self.topic,
            partition: self.partition,
            messages: i64::try_from(self.records.len()).unwrap_or(i64::MAX),
            packed: record::encode_block(&self.records),
        }
    }
}
