//! The end of an import, and the wish for one.

use sqlx::PgConnection;

use super::{
    counters::{self, CounterDelta},
    failure::DbResult,
    outbox,
    types::PgMoment,
};
use crate::{
    domain::import_job::{ImportJob, ImportStatus},
    ports::store::{
        ImportEnd, block,
        import_end::{Ended, cancel_ends},
    },
};

/// Ends a job that waits; asks the worker of one that runs. The job's row is locked.
pub(super) async fn cancel(connection: &mut PgConnection, job: ImportJob) -> DbResult<ImportJob> {
    if cancel_ends(&job)? {
        return end(connection, job, ImportEnd::Cancelled).await;
    }
    let ask = "UPDATE imports SET cancel_requested = TRUE WHERE seller_id = $1 AND id = $2";
    sqlx::query(ask)
        .bind(job.seller_id.as_str())
        .bind(&job.id)
        .execute(connection)
        .await?;
    Ok(ImportJob {
        cancel_requested: true,
        ..job
    })
}

/// Ends a job that has not ended, and says so in an event. The job's row is locked.
pub(super) async fn end(
    connection: &mut PgConnection,
    job: ImportJob,
    end: ImportEnd,
) -> DbResult<ImportJob> {
    let Ended { job, at, draft } = Ended::new(job, end);
    sqlx::query(
        "UPDATE imports SET status = $3, error = $4, finished_at = $5, owner = NULL, \
         lease_until = NULL WHERE seller_id = $1 AND id = $2",
    )
    .bind(job.seller_id.as_str())
    .bind(&job.id)
    .bind(job.status.as_str())
    .bind(&job.error)
    .bind(PgMoment(at))
    .execute(&mut *connection)
    .await?;
    if let Some(undone) = &job.undo_of {
        // One that did not complete may be tried again.
        let complete = job.status == ImportStatus::Completed;
        sqlx::query(
            "UPDATE imports SET undone = $3, undone_by = CASE WHEN $3 THEN undone_by END \
             WHERE seller_id = $1 AND id = $2",
        )
        .bind(job.seller_id.as_str())
        .bind(undone)
        .bind(complete)
        .execute(&mut *connection)
        .await?;
    }
    let Some(draft) = draft else {
        return Ok(job);
    };
    let one = CounterDelta {
        events: 1,
        ..CounterDelta::default()
    };
    let sequence = counters::take(&mut *connection, &job.seller_id, one).await?;
    let blocks = block::pack(vec![draft], sequence, at, None);
    outbox::append(connection, &job.seller_id, &blocks, at).await?;
    Ok(job)
}
