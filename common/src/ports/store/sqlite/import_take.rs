//! Which worker runs an import.

use std::time::Duration;

use sqlx::{SqliteConnection, SqliteExecutor};

use crate::{
    domain::{clock, error::Result, import_job::ImportJob, seller::SellerId},
    ports::store::{sql::import_row::ImportJobRow, sqlite::failed},
};

/// The jobs that wait, those whose worker is gone by the time bound first, and those of the
/// worker bound second: it runs one at a time, so it was restarted.
macro_rules! to_take {
    () => {
        "status IN ('queued', 'processing') \
         AND (status = 'queued' OR lease_until <= ? OR owner = ?)"
    };
}

/// Whether there is a job for the worker to take.
pub(super) async fn any_to_take<'e>(
    executor: impl SqliteExecutor<'e>,
    worker: &str,
) -> Result<bool> {
    sqlx::query_scalar(concat!(
        "SELECT EXISTS (SELECT 1 FROM imports WHERE ",
        to_take!(),
        ")"
    ))
    .bind(clock::now().millis())
    .bind(worker)
    .fetch_one(executor)
    .await
    .map_err(failed)
}

/// Gives the worker the job it held before, else the oldest among the sellers with the fewest that
/// run.
pub(super) async fn take(
    connection: &mut SqliteConnection,
    worker: &str,
    lease: Duration,
) -> Result<Option<ImportJob>> {
    let now = clock::now();
    let lease_until = now.plus(lease);
    let row: Option<ImportJobRow> = sqlx::query_as(concat!(
        "UPDATE imports SET status = 'processing', owner = ?, lease_ms = ?, lease_until = ?, \
         started_at = coalesce(started_at, ?) WHERE (seller_id, id) = ( \
             SELECT seller_id, id FROM imports AS job WHERE ",
        to_take!(),
        "    ORDER BY job.owner IS NOT ?, (SELECT count(*) FROM imports AS running \
                 WHERE running.seller_id = job.seller_id \
                 AND running.status IN ('queued', 'processing') AND running.lease_until > ?), \
             created_at, id LIMIT 1) RETURNING *"
    ))
    .bind(worker)
    .bind(lease_until.millis() - now.millis())
    .bind(lease_until.millis())
    .bind(now.millis())
    .bind(now.millis())
    .bind(worker)
    .bind(worker)
    .bind(now.millis())
    .fetch_optional(connection)
    .await
    .map_err(failed)?;
    row.map(ImportJobRow::into_job).transpose()
}

/// Gives one job back.
pub(super) async fn free(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    id: &str,
    worker: &str,
) -> Result<()> {
    sqlx::query(
        "UPDATE imports SET owner = NULL, lease_until = 0 \
         WHERE seller_id = ? AND id = ? AND owner = ? AND status = 'processing'",
    )
    .bind(seller.as_str())
    .bind(id)
    .bind(worker)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}
