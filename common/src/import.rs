//! Running an import: read the spooled file from its checkpoint on, commit batch after batch, end
//! the job. Killed at any point, the next run goes on after the last committed batch.

mod undoing;

use std::{io, sync::Arc, time::Duration};

use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    domain::{
        error::{Error, Result},
        import_job::{
            BatchOutcome, Checkpoint, ImportBatch, ImportCounts, ImportJob, ImportStatus,
        },
        message_text::thousands,
        product_csv::{
            FilePosition, FileRow, ImportPlan, ParsedRow, RejectedRow, RowReader, SkipCounts,
        },
    },
    ports::{
        archive::{Archive, SpoolReader},
        store::{ImportEnd, ImportStore},
    },
};

/// Rows per batch: large enough to make a transaction cheap, small enough to keep it short.
const BATCH_ROWS: usize = 4_000;
/// Bytes of rows per batch, so that long rows do not fill the memory.
const BATCH_BYTES: usize = 2 << 20;
/// How long a worker may be silent before another takes its job over.
pub const LEASE_TIME: Duration = Duration::from_secs(15);
/// How long checking an upload may take: until the first batch nothing renews the lease, and another
/// worker would begin the same check.
const MAX_CHECK_TIME: Duration = Duration::from_secs(5);
/// Pause before a batch is tried again while the store is away.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// What a run needs.
#[derive(Debug, Clone)]
pub struct ImportRunner {
    pub imports: Arc<dyn ImportStore>,
    pub archive: Arc<dyn Archive>,
    /// The worker that took the job.
    pub worker: String,
    /// Ends the run after the present batch; the job goes back to the queue's front.
    pub stop: CancellationToken,
}

/// How reading and committing ended.
enum RunEnd {
    /// Everything is committed, or it cannot be.
    Finish(ImportEnd),
    /// This process stops; another run goes on.
    Released,
    /// Another worker owns the job, or it has ended.
    Lost,
}

impl ImportRunner {
    /// Runs a job to its end. `Some` is the ended job, `None` a job that goes on elsewhere.
    pub async fn run(&self, job: ImportJob) -> Result<Option<ImportJob>> {
        let ended = if job.cancel_requested {
            RunEnd::Finish(ImportEnd::Cancelled)
        } else if job.undo_of.is_some() {
            self.undo_all(&job).await?
        } else {
            self.commit_all(&job).await?
        };
        match ended {
            RunEnd::Finish(end) => self.finish(&job, end).await,
            RunEnd::Released => {
                let imports = &self.imports;
                imports
                    .import_release(&job.seller_id, &job.id, &self.worker)
                    .await?;
                Ok(None)
            }
            RunEnd::Lost => Ok(None),
        }
    }

    async fn finish(&self, job: &ImportJob, end: ImportEnd) -> Result<Option<ImportJob>> {
        let ended = self.end(job, end).await?;
        if ended.is_some() {
            // The rejected rows are kept with the job; the file itself is not needed any more.
            self.archive.spool_remove(&job.id).await?;
            if job.run.dry_run {
                self.imports
                    .import_clear_staged(&job.seller_id, &job.id)
                    .await?;
            }
        }
        Ok(ended)
    }

    /// Ends the job. An end whose answer was lost is asked for again, until it is known.
    async fn end(&self, job: &ImportJob, end: ImportEnd) -> Result<Option<ImportJob>> {
        let (imports, seller, id) = (&self.imports, &job.seller_id, &job.id);
        let mut uncertain = false;
        loop {
            let tried = imports.import_finish(seller, id, &self.worker, end.clone());
            match tried.await {
                Ok(None) if uncertain => {
                    let seen = imports.import_get(seller, id).await?;
                    return Ok(seen.filter(|seen| seen.finished_at.is_some()));
                }
                Err(error @ Error::OutcomeUnknown { .. }) => {
                    uncertain = true;
                    self.pause(job, error).await?;
                }
                answer => return answer,
            }
        }
    }

    /// Waits for a store that is away, unless this process stops.
    async fn pause(&self, job: &ImportJob, error: Error) -> Result<()> {
        tracing::warn!(import = job.id, %error, "an import waits for the store");
        tokio::select! {
            () = self.stop.cancelled() => Err(error),
            () = tokio::time::sleep(RETRY_PAUSE) => Ok(()),
        }
    }

    async fn commit_all(&self, job: &ImportJob) -> Result<RunEnd> {
        let from = job.checkpoint.position.clone();
        let mut counts = job.counts;
        // A run that was killed at its limit.
        if let Some(end) = too_many_errors(job, &counts, false) {
            return Ok(end);
        }
        if let Some(end) = self.damage(job).await? {
            return Ok(end);
        }
        let file = match self.archive.spool_open(&job.id, from.byte).await {
            Ok(file) => file,
            Err(Error::Corrupt(reason)) => return Ok(RunEnd::Finish(ImportEnd::Failed(reason))),
            Err(other) => return Err(other),
        };
        let mut batches = read_batches(file, job.plan.clone(), from);
        let mut checkpoint = job.checkpoint.clone();
        loop {
            let next = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(RunEnd::Released),
                next = batches.recv() => next,
            };
            let read = match next {
                None => {
                    let stopped = too_many_errors(job, &counts, true);
                    return Ok(stopped.unwrap_or(RunEnd::Finish(ImportEnd::Completed)));
                }
                Some(Err(error)) => return unreadable(error),
                Some(Ok(read)) => read,
            };
            let next = Checkpoint {
                batch: checkpoint.batch + 1,
                position: read.to.clone(),
            };
            match self.commit(job, read.starting_at(checkpoint)).await? {
                BatchOutcome::Committed(so_far) => (checkpoint, counts) = (next, so_far),
                BatchOutcome::Stopped => return self.why_stopped(job).await,
            }
            if let Some(end) = too_many_errors(job, &counts, false) {
                return Ok(end);
            }
        }
    }

    /// The end of a job whose upload is not the one that was accepted any more: it was cut or altered
    /// before its rows were read. Reading it twice costs little beside storing its rows.
    async fn damage(&self, job: &ImportJob) -> Result<Option<RunEnd>> {
        let mut file = match self.archive.spool_open(&job.id, 0).await {
            Ok(file) => file,
            Err(Error::Corrupt(reason)) => {
                return Ok(Some(RunEnd::Finish(ImportEnd::Failed(reason))));
            }
            Err(other) => return Err(other),
        };
        let hashing = tokio::task::spawn_blocking(move || {
            let mut hash = HashingWriter::default();
            io::copy(&mut file, &mut hash).map(|bytes| (bytes, hash.hex()))
        });
        let hashed = tokio::select! {
            () = self.stop.cancelled() => return Ok(Some(RunEnd::Released)),
            hashed = tokio::time::timeout(MAX_CHECK_TIME, hashing) => hashed,
        };
        let Ok(hashed) = hashed else {
            tracing::warn!(
                import = job.id,
                "the upload is imported unchecked: reading it is slow"
            );
            return Ok(None);
        };
        match hashed.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Err(error) => unreadable(error).map(Some),
            Ok((bytes, sha256)) if bytes == job.bytes_total && sha256 == job.sha256 => Ok(None),
            Ok((bytes, _)) => {
                let reason = format!(
                    "the uploaded file is damaged: {bytes} bytes are left of {}, or they are others; upload it again",
                    job.bytes_total
                );
                Ok(Some(RunEnd::Finish(ImportEnd::Failed(reason))))
            }
        }
    }

    /// Commits a batch, waiting for a store that is away. Whether a batch is done whose answer was
    /// lost, the job's own checkpoint says, after waiting for the lock of its commit: a second try is
    /// stopped there.
    async fn commit(&self, job: &ImportJob, batch: ImportBatch) -> Result<BatchOutcome> {
        let (imports, seller, worker) = (&self.imports, &job.seller_id, &self.worker);
        self.until_known(job, batch.from.batch, || {
            imports.import_commit(seller, &job.id, worker, &batch)
        })
        .await
    }

    /// Commits the batch of this number, again and again until it is known what became of it.
    async fn until_known<F>(
        &self,
        job: &ImportJob,
        number: u64,
        commit: impl Fn() -> F + Send,
    ) -> Result<BatchOutcome>
    where
        F: Future<Output = Result<BatchOutcome>> + Send,
    {
        let mut uncertain = false;
        loop {
            match commit().await {
                Ok(BatchOutcome::Stopped) if uncertain => return self.found(job, number).await,
                Err(error) if error.is_passing() => {
                    uncertain |= matches!(error, Error::OutcomeUnknown { .. });
                    self.pause(job, error).await?;
                }
                answer => return answer,
            }
        }
    }

    /// What became of a batch that may have been committed before.
    async fn found(&self, job: &ImportJob, number: u64) -> Result<BatchOutcome> {
        let seen = self.imports.import_get(&job.seller_id, &job.id).await?;
        Ok(match seen {
            Some(seen)
                if seen.checkpoint.batch == number + 1
                    && seen.status == ImportStatus::Processing =>
            {
                BatchOutcome::Committed(seen.counts)
            }
            _ => BatchOutcome::Stopped,
        })
    }

    async fn why_stopped(&self, job: &ImportJob) -> Result<RunEnd> {
        let seen = self.imports.import_get(&job.seller_id, &job.id).await?;
        let cancelled = seen
            .is_some_and(|seen| seen.cancel_requested && seen.status == ImportStatus::Processing);
        Ok(if cancelled {
            RunEnd::Finish(ImportEnd::Cancelled)
        } else {
            RunEnd::Lost
        })
    }
}

/// Hashes what is written to it.
#[derive(Default)]
struct HashingWriter(Sha256);

impl HashingWriter {
    fn hex(self) -> String {
        format!("{:x}", self.0.finalize())
    }
}

impl io::Write for HashingWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The end of an import that has rejected more rows than it may; `ended`: no row follows.
fn too_many_errors(job: &ImportJob, counts: &ImportCounts, ended: bool) -> Option<RunEnd> {
    let limit = job.run.max_errors?;
    if !limit.is_exceeded(counts.rows, counts.rejected, ended) {
        return None;
    }
    let [rows, rejected, created, updated] =
        [counts.rows, counts.rejected, counts.created, counts.updated].map(thousands);
    let stays = match job.run.dry_run {
        true => "nothing was changed".to_owned(),
        false => format!("{created} created and {updated} updated products stay"),
    };
    let reason = format!(
        "more rows were rejected than {limit}: {rejected} of the {rows} read so far; {stays}"
    );
    Some(RunEnd::Finish(ImportEnd::Failed(reason)))
}

/// A file that cannot be read fails its import; an archive that is away lets it wait.
fn unreadable(error: io::Error) -> Result<RunEnd> {
    match error.downcast() {
        Ok(away @ Error::Unavailable { .. }) => Err(away),
        Ok(error) => Ok(failed(&error)),
        Err(error) => Ok(failed(&error)),
    }
}

fn failed(error: &dyn std::error::Error) -> RunEnd {
    let reason = format!("the uploaded file cannot be read: {error}");
    RunEnd::Finish(ImportEnd::Failed(reason))
}

/// A batch as read, before it knows its checkpoint.
#[derive(Default)]
struct ReadBatch {
    rows: Vec<ParsedRow>,
    rejects: Vec<RejectedRow>,
    skips: SkipCounts,
    bytes: usize,
    to: FilePosition,
}

impl ReadBatch {
    fn add(&mut self, row: FileRow) {
        match row {
            FileRow::Product(row) => {
                self.bytes += row.record.len();
                self.rows.push(row);
            }
            FileRow::Rejected(reject) => {
                self.bytes += reject.record.len();
                self.rejects.push(reject);
            }
            FileRow::Skipped(reason) => self.skips.add(reason),
        }
    }

    fn is_full(&self) -> bool {
        let skipped = usize::try_from(self.skips.total()).unwrap_or(usize::MAX);
        let rows = self.rows.len() + self.rejects.len() + skipped;
        rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    fn starting_at(self, from: Checkpoint) -> ImportBatch {
        ImportBatch {
            from,
            to: self.to,
            rows: self.rows,
            rejects: self.rejects,
            skips: self.skips,
        }
    }
}

/// Reads on a thread of its own, one batch ahead of the commits. The last batch may be empty: it
/// moves the checkpoint to the end of the file.
fn read_batches(
    file: SpoolReader,
    plan: ImportPlan,
    from: FilePosition,
) -> mpsc::Receiver<io::Result<ReadBatch>> {
    let (sender, batches) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        let mut reader = RowReader::new(file, &plan, &from);
        loop {
            let (batch, ended) = match read_batch(&mut reader) {
                Ok((batch, ended)) => (Ok(batch), ended),
                Err(error) => (Err(error), true),
            };
            // The receiver is gone when the run has ended.
            if sender.blocking_send(batch).is_err() || ended {
                return;
            }
        }
    });
    batches
}

fn read_batch(reader: &mut RowReader<SpoolReader>) -> io::Result<(ReadBatch, bool)> {
    let mut batch = ReadBatch::default();
    let mut ended = false;
    while !ended && !batch.is_full() {
        match reader.next_row()? {
            Some(row) => batch.add(row),
            None => ended = true,
        }
    }
    batch.to = reader.position();
    Ok((batch, ended))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::port::Port;

    /// Red when: an archive that is away for a moment costs an import.
    #[test]
    fn only_a_file_that_is_lost_fails_its_import() {
        let away = Error::unavailable(Port::Archive, "S3", "it did not answer in time");
        let away = io::Error::other(away);
        assert!(matches!(unreadable(away), Err(Error::Unavailable { .. })));
        let corrupt = Error::Corrupt("it was replaced".to_owned());
        for lost in [io::Error::other(corrupt), io::ErrorKind::NotFound.into()] {
            let ended = unreadable(lost);
            assert!(matches!(ended, Ok(RunEnd::Finish(ImportEnd::Failed(_)))));
        }
    }
}
