//! Import jobs as their seller sees them; the worker's side is in `import_take` and
//! `import_batch`.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::PgConnection;

use super::{
    PostgresStore,
    failure::{DbResult, unavailable},
    idempotency, import_batch, import_end,
    import_row::{find, import_columns, lock},
    import_staged, import_take, import_undo,
    types::PgMoment,
};
use crate::{
    domain::{
        clock,
        error::Result,
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
        undo::new_undo,
    },
};

#[async_trait]
impl ImportStore for PostgresStore {
    async fn import_create(
        &self,
        seller: &SellerId,
        new: NewImport,
        claim: Option<&Claim>,
    ) -> Result<ImportJob> {
        let new = &new;
        let created = self.connections.write_repeatable(|mut session| async move {
            create(&mut session, seller, new, claim).await
        });
        created.await
    }

    async fn import_claimed(&self, seller: &SellerId, claim: &Claim) -> Result<Option<ImportJob>> {
        self.connections
            .run(|mut session| async move {
                let id = idempotency::answered(&mut session, seller, claim).await?;
                named(&mut session, seller, id).await
            })
            .await
    }

    async fn import_get(&self, seller: &SellerId, id: &str) -> Result<Option<ImportJob>> {
        self.connections
            .run(
                |mut session| async move { named(&mut session, seller, Some(id.to_owned())).await },
            )
            .await
    }

    async fn import_list(
        &self,
        seller: &SellerId,
        offset: u64,
        limit: u32,
    ) -> Result<Page<ImportJob>> {
        self.connections
            .run(|mut session| async move { list(&mut session, seller, offset, limit).await })
            .await
    }

    async fn import_cancel(
        &self,
        seller: &SellerId,
        id: &str,
        claim: Option<&Claim>,
    ) -> Result<Option<ImportJob>> {
        self.write(claim, |mut session| async move {
            cancel(&mut session, seller, id, claim).await
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
        self.connections
            .run(|mut session| async move { rejects(&mut session, seller, id, after, limit).await })
            .await
    }

    async fn import_errors(
        &self,
        seller: &SellerId,
        id: &str,
        limit: u32,
    ) -> Result<Vec<RejectSummary>> {
        self.connections
            .run(|mut session| async move { errors(&mut session, seller, id, limit).await })
            .await
    }

    async fn import_take(&self, worker: &str, lease: Duration) -> Result<Option<ImportJob>> {
        self.importing
            .run(|mut session| async move { import_take::take(&mut session, worker, lease).await })
            .await
    }

    async fn import_commit(
        &self,
        seller: &SellerId,
        id: &str,
        worker: &str,
        batch: &ImportBatch,
    ) -> Result<BatchOutcome> {
        let rules = self.rules;
        let outcome = self
            .importing
            .write(|mut session| async move {
                import_batch::commit(&mut session, rules, seller, id, worker, batch).await
            })
            .await?;
        self.committed.notify_one();
        Ok(outcome)
    }

    async fn import_finish(
        &self,
        seller: &SellerId,
        id: &str,
        worker: &str,
        end: ImportEnd,
    ) -> Result<Option<ImportJob>> {
        let end = &end;
        let ended = self
            .importing
            .write(|mut session| async move {
                let job = match lock(&mut session, seller, id).await? {
                    Some(row) if row.is_held_by(worker) => row.into_job()?,
                    _ => return Ok(None),
                };
                let ended = import_end::end(&mut session, job, end.clone()).await?;
                Ok(Some(ended))
            })
            .await?;
        self.committed.notify_one();
        Ok(ended)
    }

    async fn import_undo(
        &self,
        seller: &SellerId,
        id: &str,
        undo: ImportId,
        claim: Option<&Claim>,
    ) -> Result<Option<ImportJob>> {
        let undo = &undo;
        // Acts once however often it is committed: the undo has its id already.
        self.write_repeatable(|mut session| async move {
            self::undo(&mut session, seller, id, undo, claim).await
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
        let rules = self.rules;
        let outcome = self
            .importing
            .write(|mut session| async move {
                import_undo::commit(&mut session, rules, seller, id, worker, from).await
            })
            .await?;
        self.committed.notify_one();
        Ok(outcome)
    }

    async fn import_clear_staged(&self, seller: &SellerId, id: &str) -> Result<()> {
        import_staged::clear(&self.importing, seller, id).await
    }

    async fn import_release(&self, seller: &SellerId, id: &str, worker: &str) -> Result<()> {
        self.importing
            .run(|mut session| async move {
                import_take::free(&mut session, seller, id, worker).await
            })
            .await
    }
}

/// May run again after a commit whose answer was lost: the id is the caller's, so a job that has it
/// is this one.
async fn create(
    connection: &mut PgConnection,
    seller: &SellerId,
    new: &NewImport,
    claim: Option<&Claim>,
) -> DbResult<ImportJob> {
    let id: Option<ImportId> = idempotency::claim(&mut *connection, seller, claim).await?;
    if let Some(job) = named(&mut *connection, seller, id).await? {
        return Ok(job);
    }
    refuse_repeat(&mut *connection, seller, new).await?;
    let job = insert(&mut *connection, seller, new).await?;
    idempotency::keep(connection, seller, claim, Some(&new.id)).await?;
    Ok(job)
}

/// The id is the caller's: a job that has it is this one, inserted before.
async fn insert(
    connection: &mut PgConnection,
    seller: &SellerId,
    new: &NewImport,
) -> DbResult<ImportJob> {
    let row: Option<ImportJobRow> = sqlx::query_as(concat!(
        "INSERT INTO imports (seller_id, id, status, file_name, bytes_total, sha256, plan, batch, \
         position, low_stock, created_at, dry_run, max_errors, undo_of, undo_kept) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, $11, $12, $13, TRUE) \
         ON CONFLICT (seller_id, id) DO NOTHING RETURNING ",
        import_columns!()
    ))
    .bind(seller.as_str())
    .bind(&new.id)
    .bind(ImportStatus::Queued.as_str())
    .bind(&new.file_name)
    .bind(stored(new.bytes_total))
    .bind(&new.sha256)
    .bind(json(&new.plan))
    .bind(json(&new.plan.start))
    .bind(json(&LowStockDigest::default()))
    .bind(PgMoment(clock::now()))
    .bind(new.run.dry_run)
    .bind(new.run.max_errors.map(|limit| limit.to_string()))
    .bind(&new.undo_of)
    .fetch_optional(&mut *connection)
    .await?;
    let row = match row {
        None => find(&mut *connection, seller, &new.id).await?,
        row => row,
    };
    let Some(row) = row else {
        return Err(unavailable("the import was deleted just now").into());
    };
    Ok(row.into_job()?)
}

async fn undo(
    connection: &mut PgConnection,
    seller: &SellerId,
    id: &str,
    undo: &ImportId,
    claim: Option<&Claim>,
) -> DbResult<Option<ImportJob>> {
    let done: Option<ImportId> = idempotency::claim(&mut *connection, seller, claim).await?;
    if let Some(job) = named(&mut *connection, seller, done).await? {
        return Ok(Some(job));
    }
    let Some(row) = lock(&mut *connection, seller, id).await? else {
        return Ok(None);
    };
    let job = row.into_job()?;
    if job.undone_by.as_ref() == Some(undo) {
        // A repetition after a commit whose answer was lost.
        return named(connection, seller, Some(undo.clone())).await;
    }
    let new = new_undo(&job, undo.clone())?;
    let job = insert(&mut *connection, seller, &new).await?;
    sqlx::query("UPDATE imports SET undone_by = $3 WHERE seller_id = $1 AND id = $2")
        .bind(seller.as_str())
        .bind(id)
        .bind(undo)
        .execute(&mut *connection)
        .await?;
    idempotency::keep(connection, seller, claim, Some(&new.id)).await?;
    Ok(Some(job))
}

/// Refuses bytes whose earlier import created products without a key, when that is asked for.
async fn refuse_repeat(
    connection: &mut PgConnection,
    seller: &SellerId,
    new: &NewImport,
) -> DbResult<()> {
    if new.on_repeat == RepeatPolicy::Accept {
        return Ok(());
    }
    let earlier: Option<(String, i64)> = sqlx::query_as(
        "SELECT id, without_key FROM imports WHERE seller_id = $1 AND sha256 = $2 \
         AND without_key > 0 AND NOT dry_run AND id <> $3 ORDER BY imports.created_at DESC, id DESC LIMIT 1",
    )
    .bind(seller.as_str())
    .bind(&new.sha256)
    .bind(&new.id)
    .fetch_optional(connection)
    .await?;
    Ok(rows::refuse_repeat(earlier)?)
}

async fn cancel(
    connection: &mut PgConnection,
    seller: &SellerId,
    id: &str,
    claim: Option<&Claim>,
) -> DbResult<Option<ImportJob>> {
    let done: Option<ImportId> = idempotency::claim(&mut *connection, seller, claim).await?;
    if let Some(job) = named(&mut *connection, seller, done).await? {
        return Ok(Some(job));
    }
    let job = match lock(&mut *connection, seller, id).await? {
        Some(row) => Some(import_end::cancel(&mut *connection, row.into_job()?).await?),
        None => None,
    };
    let answer = job.as_ref().map(|job| &job.id);
    idempotency::keep(connection, seller, claim, answer).await?;
    Ok(job)
}

/// The present state of the import with this id.
async fn named(
    connection: &mut PgConnection,
    seller: &SellerId,
    id: Option<ImportId>,
) -> DbResult<Option<ImportJob>> {
    let Some(id) = id else { return Ok(None) };
    let row = find(connection, seller, &id).await?;
    Ok(row.map(ImportJobRow::into_job).transpose()?)
}

async fn list(
    connection: &mut PgConnection,
    seller: &SellerId,
    offset: u64,
    limit: u32,
) -> DbResult<Page<ImportJob>> {
    // One statement, so that the page and the total are of one moment.
    let found = sqlx::query(concat!(
        "SELECT total, page.* FROM (SELECT count(*) AS total FROM imports WHERE seller_id = $1) \
         AS counted ",
        // A page with no job still has one row: the total.
        "LEFT JOIN (SELECT ",
        // A job's lists may be long, and the page does not show them.
        import_columns!("'[]'", "'[]'"),
        " FROM imports WHERE seller_id = $1 \
         ORDER BY imports.created_at DESC, id DESC LIMIT $2 OFFSET $3) AS page ON TRUE ",
        // A join keeps no order.
        "ORDER BY page.created_at DESC, page.id DESC"
    ))
    .bind(seller.as_str())
    .bind(i64::from(limit))
    .bind(stored(offset))
    .fetch_all(connection)
    .await?;
    Ok(rows::page(&found, offset)?)
}

async fn errors(
    connection: &mut PgConnection,
    seller: &SellerId,
    id: &str,
    limit: u32,
) -> DbResult<Vec<RejectSummary>> {
    let rows: Vec<RejectSummaryRow> = sqlx::query_as(
        "SELECT line, column_name, code, message, hint FROM import_rejects \
         WHERE seller_id = $1 AND import_id = $2 ORDER BY no LIMIT $3",
    )
    .bind(seller.as_str())
    .bind(id)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(RejectSummary::from).collect())
}

async fn rejects(
    connection: &mut PgConnection,
    seller: &SellerId,
    id: &str,
    after: i64,
    limit: u32,
) -> DbResult<Vec<(i64, RejectedRow)>> {
    let rows: Vec<RejectRow> = sqlx::query_as(concat!(
        "SELECT no, line, column_name, code, message, hint, record FROM import_rejects \
         WHERE seller_id = $1 AND import_id = $2 AND no > $3 ",
        // The last number of the step is found first, so that no record is sent that does not fit.
        "AND no <= (SELECT max(no) FROM ( ",
        // What the rows before this one take: 0 for the first one, which therefore always fits.
        "SELECT no, sum(bytes) OVER (ORDER BY no) - bytes AS before FROM ( ",
        // The limit is inside, so that no more rows are measured than may be answered.
        "SELECT no, octet_length(record) AS bytes FROM import_rejects WHERE seller_id = $1 \
         AND import_id = $2 AND no > $3 ORDER BY no LIMIT $4) AS found) AS step \
         WHERE before < $5) \
         ORDER BY no",
    ))
    .bind(seller.as_str())
    .bind(id)
    .bind(after)
    .bind(i64::from(limit))
    .bind(MAX_STEP_BYTES)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(RejectRow::into_numbered).collect())
}
