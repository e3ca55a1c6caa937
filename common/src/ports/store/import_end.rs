//! How an import ends, and its last event: the same for every engine.

use super::ImportEnd;
use crate::domain::{
    clock::{self, Timestamp},
    error::{Conflict, Result},
    event::{self, EventDraft, ImportData},
    import_job::{ImportJob, ImportStatus},
};

/// Whether the cancellation of a job ends it at once: one that runs is asked, and its worker ends it.
/// An error when it has ended already.
pub(super) fn cancel_ends(job: &ImportJob) -> Result<bool> {
    match job.status {
        ImportStatus::Queued => Ok(true),
        ImportStatus::Processing => Ok(false),
        ended => Err(Conflict::NotCancellable {
            status: ended.as_str(),
        }
        .into()),
    }
}

/// A job that has just ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub job: ImportJob,
    pub at: Timestamp,
    /// Its ImportCompleted; none of a dry run, which is no event.
    pub draft: Option<EventDraft>,
}

impl Ended {
    pub(super) fn new(job: ImportJob, end: ImportEnd) -> Self {
        let (status, error) = match end {
            ImportEnd::Completed => (ImportStatus::Completed, None),
            ImportEnd::Cancelled => (ImportStatus::Cancelled, None),
            ImportEnd::Failed(why) => (ImportStatus::Failed, Some(why)),
        };
        let at = clock::now();
        let job = ImportJob {
            status,
            error,
            finished_at: Some(at),
            ..job
        };
        let draft = (!job.run.dry_run).then(|| event::import_completed(completed(&job, at)));
        Self { job, at, draft }
    }
}

fn completed(job: &ImportJob, finished_at: Timestamp) -> ImportData {
    ImportData {
        import_id: job.id.clone(),
        seller_id: job.seller_id.clone(),
        file_name: job.file_name.clone(),
        status: job.status,
        rows: job.counts.rows,
        created: job.counts.created,
        updated: job.counts.updated,
        unchanged: job.counts.unchanged,
        skipped: job.counts.skipped,
        rejected: job.counts.rejected,
        low_stock: job.low_stock.clone(),
        started_at: job.started_at,
        finished_at,
    }
}
