//! Which worker runs an import.

use std::time::Duration;

use sqlx::{SqliteConnection, SqliteExecutor};

use crate::{
    domain::{clock, error::Result, import_job::ImportJob, seller::SellerId},
    ports::store::{sql::import_row::ImportJobRow, sqlite::failure::failed},
};

/// The jobs that wait, those whose worker is gone by the time bound first, and those of the
/// worker bound second: it runs one at a time, so it was restarted.
macro_rules! to_take {
    () => {
        "status IN ('queued', 'processing') \
         AND (status = 'queued' OR lease_until <= ? OR owner = ?)"
    };
}

/// The job to take. Running ones are counted once per seller, not once per job that waits: a queue
/// of any length is read once.
macro_rules! choice {
    () => {
        concat!(
            // Both statuses are named, so that the index of the jobs that have not ended serves. A
            // seller of whom nothing runs has no row in `running`, and comes first.
            "SELECT job.seller_id, id FROM imports AS job LEFT JOIN ( \
                 SELECT seller_id, count(*) AS jobs FROM imports \
                 WHERE status IN ('queued', 'processing') AND lease_until > ? \
                 GROUP BY seller_id) AS running ON running.seller_id = job.seller_id WHERE ",
            to_take!(),
            // The worker's own job first: it was restarted and may go on at once. Then sellers with
            // less under way, then the job that has waited longest.
            " ORDER BY owner IS NOT ?, coalesce(running.jobs, 0), created_at, id LIMIT 1"
        )
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
         started_at = coalesce(started_at, ?) WHERE (seller_id, id) = (",
        choice!(),
        ") RETURNING *"
    ))
    .bind(worker)
    .bind(lease_until.millis() - now.millis())
    .bind(lease_until.millis())
    .bind(now.millis())
    .bind(now.millis())
    .bind(now.millis())
    .bind(worker)
    .bind(worker)
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

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use crate::{domain::port::Port, engines::sqlite_db::SqliteDb, ports::store::sqlite::MIGRATOR};

    /// Red when: the running jobs are counted anew for each job that waits, which is quadratic in a
    /// seller's queue.
    #[tokio::test]
    async fn running_jobs_are_counted_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let db = SqliteDb::open(Port::Store, &path, &MIGRATOR).await.unwrap();
        let explain = concat!("EXPLAIN QUERY PLAN ", choice!());
        let rows = sqlx::query(explain).fetch_all(db.readers()).await.unwrap();
        let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        let plan = steps.join("\n");
        assert!(!plan.contains("CORRELATED"), "{plan}");
        assert!(plan.contains("USING INDEX idx_imports_open"), "{plan}");
    }
}
