//! Which worker runs which import.
//!
//! The best job is looked up without a lock, then taken only if it is still free: two workers that
//! found the same one do not both get it, and the loser looks again, so that the choice is fair
//! with several processes, too. Leases are counted by PostgreSQL's clock alone.

use std::time::Duration;

use sqlx::PgConnection;

use super::{failure::DbResult, import_row::import_columns, types::PgMoment};
use crate::{
    domain::{clock, import_job::ImportJob, seller::SellerId},
    ports::store::sql::import_row::ImportJobRow,
};

/// How often a worker that came too late looks again before it waits for its next turn.
const MAX_TAKE_ATTEMPTS: usize = 16;

/// Jobs that wait, those whose worker is gone, and those of worker `$1`: it runs one at a time,
/// so it was restarted.
macro_rules! to_take {
    () => {
        "status IN ('queued', 'processing') \
         AND (status = 'queued' OR lease_until <= now() OR owner = $1)"
    };
}

/// The job to take. Running ones are counted once per seller, not once per job that waits: a queue
/// of any length is read once.
const BEST_JOB: &str = concat!(
    // Materialized: merged into the join, it would be counted for each job. Both statuses are named,
    // so that the index of the jobs that have not ended serves.
    "WITH running AS MATERIALIZED (SELECT seller_id, count(*) AS jobs FROM imports \
         WHERE status IN ('queued', 'processing') AND lease_until > now() GROUP BY seller_id) ",
    // A seller of whom nothing runs has no row there, and comes first.
    "SELECT job.seller_id, id FROM imports AS job \
     LEFT JOIN running ON running.seller_id = job.seller_id WHERE ",
    to_take!(),
    // What this worker has tried already; others were faster.
    " AND id <> ALL($2) ",
    // Its own job first: the worker was restarted and may go on at once. Then sellers with less under
    // way, then the job that has waited longest.
    "ORDER BY owner IS DISTINCT FROM $1, coalesce(running.jobs, 0), created_at, id LIMIT 1"
);

/// Gives the worker the job it held before, else the oldest among the sellers with the fewest that
/// run.
pub(super) async fn take(
    connection: &mut PgConnection,
    worker: &str,
    lease: Duration,
) -> DbResult<Option<ImportJob>> {
    let mut seen = Vec::new();
    while seen.len() < MAX_TAKE_ATTEMPTS {
        let Some((seller, id)) = best(&mut *connection, worker, &seen).await? else {
            break;
        };
        let row = take_one(&mut *connection, worker, lease, &seller, &id).await?;
        if let Some(row) = row {
            return Ok(Some(row.into_job()?));
        }
        seen.push(id);
    }
    Ok(None)
}

/// The job to take, unless it is among those `seen`.
async fn best(
    connection: &mut PgConnection,
    worker: &str,
    seen: &[String],
) -> DbResult<Option<(String, String)>> {
    let best = sqlx::query_as(BEST_JOB)
        .bind(worker)
        .bind(seen)
        .fetch_optional(connection)
        .await?;
    Ok(best)
}

/// Takes the job if it is still free. One that is locked belongs to a worker that commits just
/// now: it is not waited for.
async fn take_one(
    connection: &mut PgConnection,
    worker: &str,
    lease: Duration,
    seller: &str,
    id: &str,
) -> DbResult<Option<ImportJobRow>> {
    let taken = sqlx::query_as(concat!(
        "UPDATE imports SET status = 'processing', owner = $1, lease_ms = $2, \
         lease_until = now() + $2 * interval '1 millisecond', \
         started_at = coalesce(started_at, $3) \
         WHERE seller_id = $4 AND id IN (SELECT id FROM imports \
             WHERE seller_id = $4 AND id = $5 AND ",
        to_take!(),
        // The condition is asked again under the lock: another worker may have taken the job since.
        " FOR UPDATE SKIP LOCKED) RETURNING ",
        import_columns!()
    ))
    .bind(worker)
    .bind(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX))
    .bind(PgMoment(clock::now()))
    .bind(seller)
    .bind(id)
    .fetch_optional(connection)
    .await?;
    Ok(taken)
}

/// Gives one job back.
pub(super) async fn free(
    connection: &mut PgConnection,
    seller: &SellerId,
    id: &str,
    worker: &str,
) -> DbResult<()> {
    sqlx::query(
        "UPDATE imports SET owner = NULL, lease_until = now() \
         WHERE seller_id = $1 AND id = $2 AND owner = $3 AND status = 'processing'",
    )
    .bind(seller.as_str())
    .bind(id)
    .bind(worker)
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::AssertSqlSafe;

    use super::BEST_JOB;
    use crate::ports::store::tests::postgres::TestDatabase;

    /// Red when: the running jobs are counted anew for each job that waits, which is quadratic in a
    /// seller's queue.
    #[tokio::test]
    #[ignore = "needs dev/engines"]
    async fn running_jobs_are_counted_once() {
        let database = TestDatabase::migrated().await;
        let mut connection = database.connect().await;
        let explain = AssertSqlSafe(format!("EXPLAIN {BEST_JOB}"));
        let steps: Vec<String> = sqlx::query_scalar(explain)
            .bind("w")
            .bind(Vec::<String>::new())
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let plan = steps.join("\n");
        assert!(
            !plan.contains("SubPlan") && plan.contains("CTE Scan on running"),
            "{plan}"
        );
    }
}
