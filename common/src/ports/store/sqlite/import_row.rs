//! How import jobs are found in their table, and what a batch writes there.

use sqlx::{SqliteConnection, SqliteExecutor};

use crate::{
    domain::{clock::Timestamp, error::Result, import_job::ImportJob, seller::SellerId},
    ports::store::{
        sql::import_row::{ImportJobRow, bind_progress},
        sqlite::failure::failed,
    },
};

/// One job of the seller.
pub(super) async fn find<'e>(
    executor: impl SqliteExecutor<'e>,
    seller: &SellerId,
    id: &str,
) -> Result<Option<ImportJobRow>> {
    sqlx::query_as("SELECT * FROM imports WHERE seller_id = ? AND id = ?")
        .bind(seller.as_str())
        .bind(id)
        .fetch_optional(executor)
        .await
        .map_err(failed)
}

/// The job's counts and checkpoint, and a new lease.
pub(super) async fn save(
    connection: &mut SqliteConnection,
    job: &ImportJob,
    at: Timestamp,
) -> Result<()> {
    let update = sqlx::query(
        "UPDATE imports SET batch = ?, position = ?, rows = ?, created = ?, updated = ?, \
         unchanged = ?, skipped = ?, rejected = ?, warned = ?, warnings = ?, skips = ?, \
         without_key = ?, low_stock = ?, changes = ?, deleted = ?, lease_until = ? + lease_ms \
         WHERE seller_id = ? AND id = ?",
    );
    bind_progress(update, job, &job.low_stock)
        .bind(at.millis())
        .bind(job.seller_id.as_str())
        .bind(&job.id)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}
