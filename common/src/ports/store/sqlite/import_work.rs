//! Who works on an import, and how it ends.

use std::time::Duration;

use sqlx::{SqliteConnection, SqliteExecutor};

use super::{
    import_row::ImportRow,
    numbers::{self, Take},
    outbox,
};
use crate::{
    domain::{
        clock,
        error::{Conflict, Result},
        import_job::{ImportJob, ImportStatus},
        seller::SellerId,
    },
    ports::store::sqlite::failed,
    ports::store::{ImportEnd, block, ended::Ended},
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
    let row: Option<ImportRow> = sqlx::query_as(concat!(
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
    row.map(ImportRow::into_job).transpose()
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

/// Ends a job that waits; asks the worker of one that runs.
pub(super) async fn cancel(connection: &mut SqliteConnection, job: ImportJob) -> Result<ImportJob> {
    match job.status {
        ImportStatus::Queued => end(connection, job, ImportEnd::Cancelled).await,
        ImportStatus::Processing => {
            sqlx::query("UPDATE imports SET cancel_requested = 1 WHERE seller_id = ? AND id = ?")
                .bind(job.seller_id.as_str())
                .bind(&job.id)
                .execute(connection)
                .await
                .map_err(failed)?;
            Ok(ImportJob {
                cancel_requested: true,
                ..job
            })
        }
        ended => Err(Conflict::NotCancellable {
            status: ended.as_str(),
        }
        .into()),
    }
}

/// Ends a job that has not ended, and says so in an event.
pub(super) async fn end(
    connection: &mut SqliteConnection,
    job: ImportJob,
    end: ImportEnd,
) -> Result<ImportJob> {
    let Ended { job, at, draft } = Ended::new(job, end);
    sqlx::query(
        "UPDATE imports SET status = ?, error = ?, finished_at = ?, owner = NULL, \
         lease_until = NULL WHERE seller_id = ? AND id = ?",
    )
    .bind(job.status.as_str())
    .bind(&job.error)
    .bind(at.millis())
    .bind(job.seller_id.as_str())
    .bind(&job.id)
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    let one = Take {
        events: 1,
        blocks: 1,
        ..Take::default()
    };
    let numbers = numbers::take(&mut *connection, &job.seller_id, one).await?;
    let blocks = block::pack(vec![draft], numbers.sequence, at, None);
    outbox::append(connection, &job.seller_id, numbers.block, blocks, at).await?;
    Ok(job)
}
