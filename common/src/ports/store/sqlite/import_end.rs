//! The end of an import, and the wish for one.

use sqlx::SqliteConnection;

use super::{
    counters::{self, SqliteCounterDelta},
    failure::failed,
    outbox,
};
use crate::{
    domain::{
        error::Result,
        import_job::{ImportJob, ImportStatus},
    },
    ports::store::{
        ImportEnd, block,
        import_end::{Ended, cancel_ends},
    },
};

/// Ends a job that waits; asks the worker of one that runs.
pub(super) async fn cancel(connection: &mut SqliteConnection, job: ImportJob) -> Result<ImportJob> {
    if cancel_ends(&job)? {
        return end(connection, job, ImportEnd::Cancelled).await;
    }
    let ask = "UPDATE imports SET cancel_requested = 1 WHERE seller_id = ? AND id = ?";
    sqlx::query(ask)
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
    if let Some(undone) = &job.undo_of {
        // One that did not complete may be tried again.
        let complete = job.status == ImportStatus::Completed;
        sqlx::query(
            "UPDATE imports SET undone = ?1, undone_by = iif(?1, undone_by, NULL) \
             WHERE seller_id = ?2 AND id = ?3",
        )
        .bind(complete)
        .bind(job.seller_id.as_str())
        .bind(undone)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    }
    let Some(draft) = draft else {
        return Ok(job);
    };
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
