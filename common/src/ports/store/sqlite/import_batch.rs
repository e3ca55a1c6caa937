//! The commit of one batch of an import: products, events, rejected rows, counts and the
//! checkpoint, all in one transaction.
//!
//! What costs time beside SQL (merging rows, building and packing events) is done on the pool for
//! blocking work, and events are packed while SQLite's own thread writes the products.

use std::collections::HashMap;

use sqlx::{Row, SqliteConnection};

use super::{
    bulk,
    counters::{self, SqliteCounterDelta},
    import_row::{find, stored},
    outbox,
    product_row::{self, product_columns},
};
use crate::{
    domain::{
        clock::{self, Timestamp},
        error::Result,
        event::{EventContext, EventDraft, ImportGroup},
        import_job::{BatchOutcome, ImportBatch, ImportJob},
        product::Product,
        product_csv::{ParsedRow, RejectedRow},
        seller::SellerId,
    },
    ports::store::sqlite::failed,
    ports::store::{
        batch::{self, Booked, Merged, apart},
        block,
        change::Rules,
        column::json,
    },
};

/// Commits the batch if the job is still this worker's and stands where the batch starts.
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
    let by_sku = known(&mut *connection, seller, &batch.rows).await?;
    let Booked {
        job,
        merged,
        rejects,
    } = apart(move || batch::book(job, batch, by_sku, at)).await?;
    let job = write(&mut *connection, rules, job, merged, at).await?;
    insert_rejects(&mut *connection, &job, rejects).await?;
    save(connection, &job, at).await?;
    Ok(BatchOutcome::Committed(job.counts))
}

/// The seller's live products that have a sku of these rows.
async fn known(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    rows: &[ParsedRow],
) -> Result<HashMap<String, Product>> {
    let skus: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.product.sku.as_deref())
        .collect();
    if skus.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query(concat!(
        "SELECT ",
        product_columns!(),
        " FROM (SELECT DISTINCT value AS given FROM json_each(?)) CROSS JOIN products \
         ON seller_id = ? AND sku = given AND sku IS NOT NULL AND deleted_at IS NULL"
    ))
    .bind(json(&skus))
    .bind(seller.as_str())
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    rows.iter()
        .map(|row| {
            let sku = row.try_get("sku").map_err(failed)?;
            Ok((sku, product_row::decode(row, seller)?))
        })
        .collect()
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
    let (job, drafts, products) = apart(move || {
        merged.number(first_id..);
        let context = EventContext {
            import_id: Some(&job.id),
            ..rules.context()
        };
        let drafts = merged.events(context, &mut job.low_stock);
        let writes = merged.writes.into_iter();
        let products: Vec<Product> = writes.map(|write| write.after).collect();
        (job, drafts, products)
    })
    .await?;
    write_numbered(connection, &job, drafts, products, at).await?;
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
    let group = ImportGroup {
        import_id: job.id.clone(),
        file_name: job.file_name.clone(),
        first_sequence: numbers.sequence,
        bytes_done: job.checkpoint.position.byte,
        bytes_total: job.bytes_total,
        counts: job.counts,
    };
    let packing = apart(move || block::pack(drafts, numbers.sequence, at, Some(group)));
    product_row::put_all(&mut *connection, seller, products).await?;
    let blocks = packing.await?;
    outbox::append(connection, seller, numbers.block, blocks, at).await
}

async fn insert_rejects(
    connection: &mut SqliteConnection,
    job: &ImportJob,
    rejects: Vec<(u64, RejectedRow)>,
) -> Result<()> {
    const TABLE: bulk::BulkTable = bulk::BulkTable {
        head: "INSERT INTO import_rejects (seller_id, import_id, no, line, column_name, code, \
               message, hint, record) VALUES ",
        columns: 9,
        tail: "",
    };
    let (seller, id) = (job.seller_id.as_str(), job.id.as_str());
    bulk::insert(connection, &TABLE, rejects, |query, (no, reject)| {
        query
            .bind(seller.to_owned())
            .bind(id.to_owned())
            .bind(stored(no))
            .bind(stored(reject.line))
            .bind(reject.column)
            .bind(reject.code)
            .bind(reject.message)
            .bind(reject.hint)
            .bind(reject.record)
    })
    .await
}

/// The job's counts and checkpoint, and a new lease.
async fn save(connection: &mut SqliteConnection, job: &ImportJob, at: Timestamp) -> Result<()> {
    sqlx::query(
        "UPDATE imports SET batch = ?, position = ?, rows = ?, created = ?, updated = ?, \
         unchanged = ?, skipped = ?, rejected = ?, warned = ?, warnings = ?, skips = ?, \
         without_key = ?, low_stock = ?, lease_until = ? + lease_ms \
         WHERE seller_id = ? AND id = ?",
    )
    .bind(stored(job.checkpoint.batch))
    .bind(json(&job.checkpoint.position))
    .bind(stored(job.counts.rows))
    .bind(stored(job.counts.created))
    .bind(stored(job.counts.updated))
    .bind(stored(job.counts.unchanged))
    .bind(stored(job.counts.skipped))
    .bind(stored(job.counts.rejected))
    .bind(stored(job.notes.warned))
    .bind(json(&job.notes.warnings))
    .bind(json(&job.notes.skips))
    .bind(stored(job.notes.without_key))
    .bind(json(&job.low_stock))
    .bind(at.millis())
    .bind(job.seller_id.as_str())
    .bind(&job.id)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}
