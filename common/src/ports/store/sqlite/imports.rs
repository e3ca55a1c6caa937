//! Import jobs as their seller sees them; the worker's side is in `import_take` and `import_batch`.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{SqliteConnection, SqliteExecutor};

use super::{
    SqliteStore, idempotency, import_batch, import_end, import_row::find, import_staged,
    import_take, import_undo,
};
use crate::{
    domain::{
        clock,
        error::{Error, Result},
        idempotency::Claim,
        import_job::{
            BatchOutcome, Checkpoint, ImportBatch, ImportId, ImportJob, ImportStatus,
            LowStockDigest, NewImport,
        },
        product_csv::{RejectSummary, RejectedRow, RepeatPolicy},
        query::Page,
        seller::SellerId,
    },
    ports::store::{
        ImportEnd, ImportStore, MAX_STEP_BYTES,
        column::{json, stored},
        sql::import_row::{self as rows, ImportJobRow, RejectRow, RejectSummaryRow},
        sqlite::failure::failed,
        undo::new_undo,
    },
};

#[async_trait]
impl ImportStore for SqliteStore {
    async fn import_create(
        &self,
        seller: &SellerId,
        new: NewImport,
        claim: Option<&Claim>,
    ) -> Result<ImportJob> {
        let (seller, claim) = (seller.clone(), claim.cloned());
        self.db
            .write(move |connection| {
                Box::pin(async move { create(connection, &seller, new, claim.as_ref()).await })
            })
            .await
    }

    async fn import_claimed(&self, seller: &SellerId, claim: &Claim) -> Result<Option<ImportJob>> {
        let id: Option<ImportId> =
            idempotency::answered(self.db.readers(), seller, Some(claim)).await?;
        match id {
            Some(id) => self.import_get(seller, &id).await,
            None => Ok(None),
        }
    }

    async fn import_get(&self, seller: &SellerId, id: &str) -> Result<Option<ImportJob>> {
        let row = find(self.db.readers(), seller, id).await?;
        row.map(ImportJobRow::into_job).transpose()
    }

    async fn import_list(
        &self,
        seller: &SellerId,
        offset: u64,
        limit: u32,
    ) -> Result<Page<ImportJob>> {
        list(self.db.readers(), seller, offset, limit).await
    }

    async fn import_cancel(
        &self,
        seller: &SellerId,
        id: &str,
        claim: Option<&Claim>,
    ) -> Result<Option<ImportJob>> {
        let (seller, id, claim) = (seller.clone(), id.to_owned(), claim.cloned());
        self.db
            .write(move |connection| {
                Box::pin(async move { cancel(connection, &seller, &id, claim.as_ref()).await })
            })
            .await
    }

    async fn import_rejects(
        &self,
        seller: &SellerId,
        id: &str,
        after: i64,
        limit: u32,
    ) -> Result<Vec<(i64, RejectedRow)>> {
        rejects(self.db.readers(), seller, id, after, limit).await
    }

    async fn import_errors(
        &self,
        seller: &SellerId,
        id: &str,
        limit: u32,
    ) -> Result<Vec<RejectSummary>> {
        errors(self.db.readers(), seller, id, limit).await
    }

    async fn import_take(&self, worker: &str, lease: Duration) -> Result<Option<ImportJob>> {
        // Most looks find nothing; those do not disturb the writer.
        if !import_take::any_to_take(self.db.readers(), worker).await? {
            return Ok(None);
        }
        let worker = worker.to_owned();
        self.db
            .write(move |connection| {
                Box::pin(async move { import_take::take(connection, &worker, lease).await })
            })
            .await
    }

    async fn import_commit(
        &self,
        seller: &SellerId,
        id: &str,
        worker: &str,
        batch: &ImportBatch,
    ) -> Result<BatchOutcome> {
        let (rules, seller, id) = (self.rules, seller.clone(), id.to_owned());
        let (worker, batch) = (worker.to_owned(), batch.clone());
        self.db
            .write(move |connection| {
                Box::pin(async move {
                    import_batch::commit(connection, rules, &seller, &id, &worker, batch).await
                })
            })
            .await
    }

    async fn import_finish(
        &self,
        seller: &SellerId,
        id: &str,
        worker: &str,
        end: ImportEnd,
    ) -> Result<Option<ImportJob>> {
        let (seller, id, worker) = (seller.clone(), id.to_owned(), worker.to_owned());
        self.db
            .write(move |connection| {
                Box::pin(async move {
                    match find(&mut *connection, &seller, &id).await? {
                        Some(row) if row.is_held_by(&worker) => {
                            let job = row.into_job()?;
                            import_end::end(connection, job, end).await.map(Some)
                        }
                        _ => Ok(None),
                    }
                })
            })
            .await
    }

    async fn import_undo(
        &self,
        seller: &SellerId,
        id: &str,
        undo: ImportId,
        claim: Option<&Claim>,
    ) -> Result<Option<ImportJob>> {
        let (seller, id, claim) = (seller.clone(), id.to_owned(), claim.cloned());
        self.db
            .write(move |connection| {
                Box::pin(
                    async move { self::undo(connection, &seller, &id, undo, claim.as_ref()).await },
                )
            })
            .await
    }

    async fn import_undo_commit(
        &self,
        seller: &SellerId,
        id: &str,
        worker: &str,
        from: &Checkpoint,
    ) -> Result<BatchOutcome> {
        let (rules, seller, id) = (self.rules, seller.clone(), id.to_owned());
        let (worker, from) = (worker.to_owned(), from.clone());
        self.db
            .write(move |connection| {
                Box::pin(async move {
                    import_undo::commit(connection, rules, &seller, &id, &worker, &from).await
                })
            })
            .await
    }

    async fn import_clear_staged(&self, seller: &SellerId, id: &str) -> Result<()> {
        import_staged::clear(&self.db, seller, id).await
    }

    async fn import_release(&self, seller: &SellerId, id: &str, worker: &str) -> Result<()> {
        let (seller, id, worker) = (seller.clone(), id.to_owned(), worker.to_owned());
        self.db
            .write(move |connection| {
                Box::pin(async move { import_take::free(connection, &seller, &id, &worker).await })
            })
            .await
    }
}

async fn create(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    new: NewImport,
    claim: Option<&Claim>,
) -> Result<ImportJob> {
    if let Some(job) = claimed(connection, seller, claim).await? {
        return Ok(job);
    }
    refuse_repeat(&mut *connection, seller, &new).await?;
    insert(&mut *connection, seller, &new).await?;
    idempotency::keep(&mut *connection, seller, claim, &new.id).await?;
    present(connection, seller, &new.id).await
}

async fn insert(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    new: &NewImport,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO imports (seller_id, id, status, file_name, bytes_total, sha256, plan, batch, \
         position, low_stock, created_at, dry_run, max_errors, undo_of, undo_kept) \
         VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, 1)",
    )
    .bind(seller.as_str())
    .bind(&new.id)
    .bind(ImportStatus::Queued.as_str())
    .bind(&new.file_name)
    .bind(stored(new.bytes_total))
    .bind(&new.sha256)
    .bind(json(&new.plan))
    .bind(json(&new.plan.start))
    .bind(json(&LowStockDigest::default()))
    .bind(clock::now().millis())
    .bind(new.run.dry_run)
    .bind(new.run.max_errors.map(|limit| limit.to_string()))
    .bind(&new.undo_of)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn undo(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    id: &str,
    undo: ImportId,
    claim: Option<&Claim>,
) -> Result<Option<ImportJob>> {
    if let Some(job) = claimed(&mut *connection, seller, claim).await? {
        return Ok(Some(job));
    }
    let Some(row) = find(&mut *connection, seller, id).await? else {
        return Ok(None);
    };
    let new = new_undo(&row.into_job()?, undo)?;
    insert(&mut *connection, seller, &new).await?;
    sqlx::query("UPDATE imports SET undone_by = ? WHERE seller_id = ? AND id = ?")
        .bind(&new.id)
        .bind(seller.as_str())
        .bind(id)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    idempotency::keep(&mut *connection, seller, claim, &new.id).await?;
    present(connection, seller, &new.id).await.map(Some)
}

/// Refuses bytes whose earlier import created products without a key, when that is asked for.
async fn refuse_repeat(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    new: &NewImport,
) -> Result<()> {
    if new.on_repeat == RepeatPolicy::Accept {
        return Ok(());
    }
    let earlier: Option<(String, i64)> = sqlx::query_as(
        "SELECT id, without_key FROM imports WHERE seller_id = ? AND sha256 = ? \
         AND without_key > 0 AND dry_run = 0 ORDER BY created_at DESC, id DESC LIMIT 1",
    )
    .bind(seller.as_str())
    .bind(&new.sha256)
    .fetch_optional(connection)
    .await
    .map_err(failed)?;
    rows::refuse_repeat(earlier)
}

async fn cancel(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    id: &str,
    claim: Option<&Claim>,
) -> Result<Option<ImportJob>> {
    if let Some(job) = claimed(connection, seller, claim).await? {
        return Ok(Some(job));
    }
    let Some(row) = find(&mut *connection, seller, id).await? else {
        return Ok(None);
    };
    let job = import_end::cancel(connection, row.into_job()?).await?;
    idempotency::keep(connection, seller, claim, &job.id).await?;
    Ok(Some(job))
}

/// The import that an earlier request with this claim was about, in its present state.
async fn claimed(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    claim: Option<&Claim>,
) -> Result<Option<ImportJob>> {
    let id: Option<ImportId> = idempotency::answered(&mut *connection, seller, claim).await?;
    let Some(id) = id else { return Ok(None) };
    let row = find(connection, seller, &id).await?;
    row.map(ImportJobRow::into_job).transpose()
}

/// A job that must be there.
async fn present(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    id: &str,
) -> Result<ImportJob> {
    let row = find(connection, seller, id).await?;
    row.ok_or_else(|| Error::Corrupt(format!("the import {id} has vanished")))?
        .into_job()
}

async fn list<'e>(
    executor: impl SqliteExecutor<'e>,
    seller: &SellerId,
    offset: u64,
    limit: u32,
) -> Result<Page<ImportJob>> {
    // One statement, so that the page and the total are of one moment.
    let found = sqlx::query(concat!(
        "SELECT total, page.* FROM (SELECT count(*) AS total FROM imports WHERE seller_id = ?) ",
        // A page with no job still has one row: the total. A job's warnings may be long, and a list
        // does not show them.
        "LEFT JOIN (SELECT seller_id, id, status, file_name, bytes_total, sha256, plan, batch, \
             position, rows, created, updated, unchanged, skipped, rejected, warned, \
             '[]' AS warnings, skips, without_key, low_stock, cancel_requested, created_at, \
                 dry_run, max_errors, '[]' AS changes, undo_kept, undo_of, undone_by, undone, deleted, \
             started_at, finished_at, error, owner, lease_ms FROM imports \
             WHERE seller_id = ? ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?) AS page ",
        // A join keeps no order.
        "ORDER BY page.created_at DESC, page.id DESC",
    ))
    .bind(seller.as_str())
    .bind(seller.as_str())
    .bind(limit)
    .bind(stored(offset))
    .fetch_all(executor)
    .await
    .map_err(failed)?;
    rows::page(&found, offset)
}

async fn errors<'e>(
    executor: impl SqliteExecutor<'e>,
    seller: &SellerId,
    id: &str,
    limit: u32,
) -> Result<Vec<RejectSummary>> {
    let rows: Vec<RejectSummaryRow> = sqlx::query_as(
        "SELECT line, column_name, code, message, hint FROM import_rejects \
         WHERE seller_id = ? AND import_id = ? ORDER BY no LIMIT ?",
    )
    .bind(seller.as_str())
    .bind(id)
    .bind(limit)
    .fetch_all(executor)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(RejectSummary::from).collect())
}

async fn rejects<'e>(
    executor: impl SqliteExecutor<'e>,
    seller: &SellerId,
    id: &str,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, RejectedRow)>> {
    let rows: Vec<RejectRow> = sqlx::query_as(concat!(
        "SELECT * FROM import_rejects WHERE seller_id = ?1 AND import_id = ?2 AND no > ?3 ",
        // The last number of the step is found first, so that no record is read that does not fit.
        "AND no <= (SELECT max(no) FROM ( ",
        // What the rows before this one take: 0 for the first one, which therefore always fits.
        "SELECT no, sum(bytes) OVER (ORDER BY no) - bytes AS before FROM ( ",
        // The lengths alone are in each row's head: a long record is not read for its own. The limit is
        // inside, so that no more rows are measured than may be answered.
        "SELECT no, length(record) AS bytes FROM import_rejects WHERE seller_id = ?1 \
         AND import_id = ?2 AND no > ?3 ORDER BY no LIMIT ?4)) WHERE before < ?5) \
         ORDER BY no",
    ))
    .bind(seller.as_str())
    .bind(id)
    .bind(after)
    .bind(limit)
    .bind(MAX_STEP_BYTES)
    .fetch_all(executor)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(RejectRow::into_numbered).collect())
}
