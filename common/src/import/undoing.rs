//! Running an undo: part after part, until no record of the import is left.

use super::{ImportRunner, RunEnd};
use crate::{
    domain::{
        error::Result,
        import_job::{BatchOutcome, Checkpoint, ImportJob},
    },
    ports::store::ImportEnd,
};

impl ImportRunner {
    /// Puts back what the import changed that this job undoes.
    pub(super) async fn undo_all(&self, job: &ImportJob) -> Result<RunEnd> {
        let mut checkpoint = job.checkpoint.clone();
        let mut rows = job.counts.rows;
        loop {
            if self.stop.is_cancelled() {
                return Ok(RunEnd::Released);
            }
            match self.undo_next(job, &checkpoint).await? {
                BatchOutcome::Stopped => return self.why_stopped(job).await,
                // A part without products is the last one.
                BatchOutcome::Committed(counts) if counts.rows == rows => {
                    return Ok(RunEnd::Finish(ImportEnd::Completed));
                }
                BatchOutcome::Committed(counts) => rows = counts.rows,
            }
            checkpoint.batch += 1;
        }
    }

    async fn undo_next(&self, job: &ImportJob, from: &Checkpoint) -> Result<BatchOutcome> {
        let (imports, seller, worker) = (&self.imports, &job.seller_id, &self.worker);
        self.until_known(job, from.batch, || {
            imports.import_undo_commit(seller, &job.id, worker, from)
        })
        .await
    }
}
