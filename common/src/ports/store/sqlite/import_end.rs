//! How an import ends.

use sqlx::SqliteConnection;

use super::{
    counters::{self, SqliteCounterDelta},
    outbox,
};
use crate::{
    domain::{
        error::{Conflict, Result},
        import_job::{ImportJob, ImportStatus},
    },
    ports::store::sqlite::failed,
    ports::store::{ImportEnd, block, import_end::Ended},
};

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
    let one = SqliteCounterDelta {
        events: 1,
        blocks: 1,
        ..SqliteCounterDelta::default()
    };
    let numbers = counters::take(&mut *connection, &job.seller_id, one).await?;
    let blocks = block::pack(vec![draft], numbers.sequence, at, None);
    outbox::append(connection, &job.seller_id, numbers.block, blocks, at).await?;
    Ok(job)
}
