//! Events on their way into the outbox: sealed with their sequences and packed into blocks, the
//! same for every engine.

use crate::domain::{
    clock::Timestamp,
    event::{EventDraft, ImportGroup},
    import_job::ImportJob,
    record::{self, Record},
};

/// Events of one row of the outbox.
pub(super) const MAX_BLOCK_EVENTS: usize = 1000;

/// What one row of the outbox holds.
#[derive(Debug)]
pub(super) struct Block {
    pub messages: i64,
    pub bytes: Vec<u8>,
}

/// Rows that so many events fill.
pub(super) const fn blocks(events: usize) -> usize {
    events.div_ceil(MAX_BLOCK_EVENTS)
}

/// Seals the drafts with sequences from `first` on and packs them; the last event carries `group`.
pub(super) fn pack(
    drafts: Vec<EventDraft>,
    first: i64,
    at: Timestamp,
    mut group: Option<ImportGroup>,
) -> Vec<Block> {
    let mut sequence = first;
    let mut packed = Vec::with_capacity(blocks(drafts.len()));
    let mut drafts = drafts.into_iter();
    while drafts.len() > 0 {
        let mut records = Vec::with_capacity(drafts.len().min(MAX_BLOCK_EVENTS));
        while records.len() < MAX_BLOCK_EVENTS
            && let Some(draft) = drafts.next()
        {
            let mut event = draft.seal(sequence, at);
            if drafts.len() == 0 {
                event.import = group.take();
            }
            records.push(Record::of(&event));
            sequence += 1;
        }
        packed.push(Block {
            messages: i64::try_from(records.len()).unwrap_or(i64::MAX),
            bytes: record::encode_block(&records),
        });
    }
    packed
}

/// What the last event of a batch says of its import; the batch's events begin with `first_sequence`.
pub(super) fn import_group(job: &ImportJob, first_sequence: i64) -> ImportGroup {
    ImportGroup {
        import_id: job.id.clone(),
        file_name: job.file_name.clone(),
        first_sequence,
        bytes_done: job.checkpoint.position.byte,
        bytes_total: job.bytes_total,
        counts: job.counts,
    }
}
