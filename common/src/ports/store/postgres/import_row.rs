//! How import jobs are found in their table and locked, and what a batch writes there.

use sqlx::PgConnection;

use super::failure::DbResult;
use crate::{
    domain::{
        import_job::{ImportJob, LowStockDigest},
        seller::SellerId,
    },
    ports::store::sql::import_row::{ImportJobRow, bind_progress},
};

/// The columns of an `ImportJobRow`; its warnings and changes are the given expressions.
macro_rules! import_columns {
    () => {
        $crate::ports::store::postgres::import_row::import_columns!("warnings", "changes")
    };
    ($warnings:literal, $changes:literal) => {
        concat!(
            "seller_id, id, status, file_name, bytes_total, sha256, plan, batch, position, rows, \
             created, updated, unchanged, skipped, rejected, warned, skips, without_key, low_stock, \
             cancel_requested, dry_run, max_errors, undo_kept, undo_of, undone_by, undone, deleted, error, owner, lease_ms, \
             (extract(epoch FROM created_at) * 1000)::bigint AS created_at, \
             (extract(epoch FROM started_at) * 1000)::bigint AS started_at, \
             (extract(epoch FROM finished_at) * 1000)::bigint AS finished_at, ",
            $warnings,
            " AS warnings, ",
            $changes,
            " AS changes"
        )
    };
}
pub(super) use import_columns;

macro_rules! select_import {
    ($lock:literal) => {
        concat!(
            "SELECT ",
            import_columns!(),
            " FROM imports WHERE seller_id = $1 AND id = $2",
            $lock
        )
    };
}

/// One job of the seller.
pub(super) async fn find(
    connection: &mut PgConnection,
    seller: &SellerId,
    id: &str,
) -> DbResult<Option<ImportJobRow>> {
    read(connection, select_import!(""), seller, id).await
}

/// One job of the seller, locked until the end of the transaction.
pub(super) async fn lock(
    connection: &mut PgConnection,
    seller: &SellerId,
    id: &str,
) -> DbResult<Option<ImportJobRow>> {
    read(connection, select_import!(" FOR NO KEY UPDATE"), seller, id).await
}

async fn read(
    connection: &mut PgConnection,
    select: &'static str,
    seller: &SellerId,
    id: &str,
) -> DbResult<Option<ImportJobRow>> {
    let row = sqlx::query_as(select).bind(seller.as_str()).bind(id);
    Ok(row.fetch_optional(connection).await?)
}

/// The job's counts and checkpoint, and a new lease. Its length is given: a distributed table takes no
/// sum with a column of type interval, nor a clock that runs on during the statement.
pub(super) async fn save(
    connection: &mut PgConnection,
    job: &ImportJob,
    lease_ms: Option<i64>,
    low_stock: &LowStockDigest,
) -> DbResult<()> {
    let update = sqlx::query(
        "UPDATE imports SET batch = $1, position = $2, rows = $3, created = $4, updated = $5, \
         unchanged = $6, skipped = $7, rejected = $8, warned = $9, warnings = $10, skips = $11, \
         without_key = $12, low_stock = $13, changes = $14, deleted = $15, \
         lease_until = statement_timestamp() + $16 * interval '1 millisecond' \
         WHERE seller_id = $17 AND id = $18",
    );
    bind_progress(update, job, low_stock)
        .bind(lease_ms)
        .bind(job.seller_id.as_str())
        .bind(&job.id)
        .execute(connection)
        .await?;
    Ok(())
}
