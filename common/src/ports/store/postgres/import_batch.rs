//! The commit of one batch of an import: products, events, rejected rows, counts and the
//! checkpoint, all in one transaction.
//!
//! Nothing is locked but the job until the merge has said which products change: rows that leave
//! everything as it is cost a read. The seller's counters come last, so that its other changes
//! wait for little more than the commit. Events are packed while the server writes the products,
//! under the sequence that is most likely; if others took it in between, they are packed again.

use std::sync::Arc;

use sqlx::{Executor, PgConnection};

use super::{
    counters::{self, CounterDelta},
    failure::{DbFailure, DbResult},
    import_products::{self, LockMode},
    import_row::{lock, save},
    import_staged, import_undo, outbox,
};
use crate::{
    domain::{
        clock::{self, Timestamp},
        event::EventContext,
        import_job::{BatchOutcome, ImportBatch, ImportCounts, ImportJob, LowStockDigest},
        seller::SellerId,
    },
    ports::store::{
        batch::{self, Booked, Merged, apart},
        block::{self, Block},
        change::Rules,
        column::stored,
        undo::UndoRecords,
    },
};

/// Commits the batch if the job is still this worker's and its checkpoint is where the batch starts.
pub(super) async fn commit(
    connection: &mut PgConnection,
    rules: Rules,
    seller: &SellerId,
    id: &str,
    worker: &str,
    batch: &ImportBatch,
) -> DbResult<BatchOutcome> {
    let (lease_ms, job) = match lock(&mut *connection, seller, id).await? {
        Some(row) if row.is_held_by(worker) => (row.lease_ms, row.into_job()?),
        _ => return Ok(BatchOutcome::Stopped),
    };
    if job.cancel_requested || job.checkpoint != batch.from {
        return Ok(BatchOutcome::Stopped);
    }
    // A product that is created with a sku of the batch in between undoes the batch. Then it has one
    // sku more to find, so this ends however many do so.
    connection.execute("SAVEPOINT batch").await?;
    loop {
        match write(&mut *connection, rules, (job.clone(), lease_ms), batch).await {
            Err(DbFailure::Retryable(_)) => connection.execute("ROLLBACK TO batch").await?,
            counts => return counts.map(BatchOutcome::Committed),
        };
    }
}

/// Writes the batch and what becomes of its job.
async fn write(
    connection: &mut PgConnection,
    rules: Rules,
    (job, lease_ms): (ImportJob, Option<i64>),
    batch: &ImportBatch,
) -> DbResult<ImportCounts> {
    let at = clock::now();
    let Booked {
        job,
        mut merged,
        rejects,
    } = merge(&mut *connection, job, batch, at).await?;
    import_products::write_rejects(&mut *connection, &job, rejects).await?;
    let counts = job.counts;
    if job.run.dry_run {
        import_staged::keep(&mut *connection, &job, &merged).await?;
        save(connection, &job, lease_ms, &job.low_stock).await?;
    } else if merged.writes.is_empty() {
        save(connection, &job, lease_ms, &job.low_stock).await?;
    } else {
        let ids = counters::ids(&mut *connection, merged.created()).await?;
        merged.number(ids);
        let plan = WritePlan {
            job,
            lease_ms,
            merged: Arc::new(merged),
            rules,
            at,
        };
        Arc::new(plan).write(connection).await?;
    }
    Ok(counts)
}

/// Decides what every row does; the products that change are locked from here on. When one was
/// altered between being read and being locked, all are read again, locked this time.
async fn merge(
    connection: &mut PgConnection,
    job: ImportJob,
    batch: &ImportBatch,
    at: Timestamp,
) -> DbResult<Booked> {
    let mut lock_mode = LockMode::Plain;
    loop {
        let mut known =
            import_products::known(&mut *connection, &job.seller_id, &batch.rows, lock_mode)
                .await?;
        if job.run.dry_run {
            known.extend(import_staged::known(&mut *connection, &job, &batch.rows).await?);
        }
        let (before, rows) = (job.clone(), batch.clone());
        let booked = apart(move || batch::book(before, rows, known, at)).await?;
        if job.run.dry_run
            || lock_mode == LockMode::Locked
            || import_products::lock(&mut *connection, &job.seller_id, &booked.merged).await?
        {
            return Ok(booked);
        }
        lock_mode = LockMode::Locked;
    }
}

/// What a batch writes, and what its events need.
#[derive(Debug)]
struct WritePlan {
    /// The job after the batch, without the batch's low-stock warnings.
    job: ImportJob,
    lease_ms: Option<i64>,
    merged: Arc<Merged>,
    rules: Rules,
    at: Timestamp,
}

/// The events of a batch, ready for the outbox.
struct PackedEvents {
    first_sequence: i64,
    blocks: Vec<Block>,
    events: usize,
    /// The job's warnings with those of the batch.
    low_stock: LowStockDigest,
}

impl WritePlan {
    async fn write(self: Arc<Self>, connection: &mut PgConnection) -> DbResult<()> {
        let seller = &self.job.seller_id;
        let likely = counters::next(&mut *connection, seller).await?;
        let packing = self.packed(likely);
        import_products::write(&mut *connection, seller, &self.merged).await?;
        let records = UndoRecords::of(&self.merged.writes);
        import_undo::record(&mut *connection, &self.job, records).await?;
        let mut packed = packing.await?;
        save(
            &mut *connection,
            &self.job,
            self.lease_ms,
            &packed.low_stock,
        )
        .await?;
        let take = CounterDelta {
            events: packed.events,
            live: stored(self.merged.created() as u64),
            ..CounterDelta::default()
        };
        let first = counters::take(&mut *connection, seller, take).await?;
        if first != packed.first_sequence {
            packed = self.packed(first).await?;
        }
        outbox::append(connection, seller, &packed.blocks, self.at).await
    }

    /// Packs the events with sequences from `first` on. It starts at once.
    fn packed(
        self: &Arc<Self>,
        first: i64,
    ) -> impl Future<Output = crate::domain::error::Result<PackedEvents>> + Send + use<> {
        let plan = Arc::clone(self);
        apart(move || plan.pack(first))
    }

    fn pack(&self, first_sequence: i64) -> PackedEvents {
        let job = &self.job;
        let context = EventContext {
            import_id: Some(&job.id),
            ..self.rules.context()
        };
        let group = block::import_group(job, first_sequence);
        let mut low_stock = job.low_stock.clone();
        let drafts = self.merged.events(context, &mut low_stock);
        PackedEvents {
            first_sequence,
            events: drafts.len(),
            blocks: block::pack(drafts, first_sequence, self.at, Some(group)),
            low_stock,
        }
    }
}
