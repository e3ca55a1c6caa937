//! The commit of one batch of an import: products, events, rejected rows, counts and the
//! checkpoint, all in one transaction.
//!
//! What costs time beside SQL (merging rows, building and packing events) is done on the pool for
//! blocking work, and events are packed while SQLite's own thread writes the products.

use sqlx::SqliteConnection;

use super::{
    counters::{self, SqliteCounterDelta},
    import_products,
    import_row::{find, save},
    import_staged, import_undo, outbox,
};
use crate::{
    domain::{
        clock::{self, Timestamp},
        error::Result,
        event::{EventContext, EventDraft},
        import_job::{BatchOutcome, ImportBatch, ImportJob},
        product::Product,
        seller::SellerId,
    },
    ports::store::{
        batch::{self, Booked, Merged, apart},
        block,
        change::Rules,
        column::stored,
        undo::UndoRecords,
    },
};

/// Commits the batch if the job is still this worker's and its checkpoint is where the batch starts.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    rules: Rules,
    seller: &SellerId,
    id: &str,
    worker: &str,
    batch: ImportBatch,
) -> Result<BatchOutcome> {
    let job = match find(&mut *connection, seller, id).await? {
        Some(row) if row.is_held_by(worker) => row.into_job()?,
        _ => return Ok(BatchOutcome::Stopped),
    };
    if job.cancel_requested || job.checkpoint != batch.from {
        return Ok(BatchOutcome::Stopped);
    }
    let at = clock::now();
    let mut known = import_products::known(&mut *connection, seller, &batch.rows).await?;
    let dry_run = job.run.dry_run;
    if dry_run {
        known.extend(import_staged::known(&mut *connection, &job, &batch.rows).await?);
    }
    let Booked {
        job,
        merged,
        rejects,
    } = apart(move || batch::book(job, batch, known, at)).await?;
    let job = if dry_run {
        import_staged::keep(&mut *connection, &job, merged).await?;
        job
    } else {
        write(&mut *connection, rules, job, merged, at).await?
    };
    import_products::write_rejects(&mut *connection, &job, rejects).await?;
    save(connection, &job, at).await?;
    Ok(BatchOutcome::Committed(job.counts))
}

/// Writes the products and their events; adds low-stock warnings to the job.
async fn write(
    connection: &mut SqliteConnection,
    rules: Rules,
    mut job: ImportJob,
    mut merged: Merged,
    at: Timestamp,
) -> Result<ImportJob> {
    if merged.writes.is_empty() {
        return Ok(job);
    }
    let seller = job.seller_id.clone();
    let created = merged.created();
    let ids = SqliteCounterDelta {
        ids: created,
        live: stored(created as u64),
        ..SqliteCounterDelta::default()
    };
    let first_id = counters::take(&mut *connection, &seller, ids).await?.id;
    let (job, drafts, products, records) = apart(move || {
        merged.number(first_id..);
        let context = EventContext {
            import_id: Some(&job.id),
            ..rules.context()
        };
        let drafts = merged.events(context, &mut job.low_stock);
        let records = UndoRecords::of(&merged.writes);
        let writes = merged.writes.into_iter();
        let products: Vec<Product> = writes.map(|write| write.after).collect();
        (job, drafts, products, records)
    })
    .await?;
    write_numbered(&mut *connection, &job, drafts, products, at).await?;
    import_undo::record(connection, &job, records).await?;
    Ok(job)
}

async fn write_numbered(
    connection: &mut SqliteConnection,
    job: &ImportJob,
    drafts: Vec<EventDraft>,
    products: Vec<Product>,
    at: Timestamp,
) -> Result<()> {
    let seller = &job.seller_id;
    let take = SqliteCounterDelta {
        events: drafts.len(),
        blocks: block::blocks(drafts.len()),
        ..SqliteCounterDelta::default()
    };
    let numbers = counters::take(&mut *connection, seller, take).await?;
    let group = block::import_group(job, numbers.sequence);
    let packing = apart(move || block::pack(drafts, numbers.sequence, at, Some(group)));
    import_products::write(&mut *connection, seller, products).await?;
    let blocks = packing.await?;
    outbox::append(connection, seller, numbers.block, blocks, at).await
}
