//! Import jobs and rejected rows as both engines read them. Moments are milliseconds since the Unix
//! epoch; a statement that reads them names the columns so.

use sqlx::{ColumnIndex, Database, Decode, Encode, FromRow, Row, Type, query::Query};

use crate::{
    domain::{
        clock::Timestamp,
        error::{Conflict, Error, Result},
        import_job::{
            Checkpoint, ImportCounts, ImportId, ImportJob, ImportNotes, ImportStatus,
            LowStockDigest, RunOptions,
        },
        product_csv::{ErrorLimit, RejectSummary, RejectedRow},
        query::Page,
        seller::SellerId,
    },
    ports::store::column::{from_json, json, stored},
};

/// A row of `imports`.
#[derive(FromRow)]
pub(in crate::ports::store) struct ImportJobRow {
    seller_id: String,
    id: String,
    status: String,
    file_name: String,
    bytes_total: i64,
    sha256: String,
    plan: String,
    batch: i64,
    position: String,
    rows: i64,
    created: i64,
    updated: i64,
    unchanged: i64,
    skipped: i64,
    rejected: i64,
    warned: i64,
    warnings: String,
    skips: String,
    without_key: i64,
    low_stock: String,
    dry_run: bool,
    max_errors: Option<String>,
    changes: String,
    undo_kept: bool,
    undo_of: Option<String>,
    undone_by: Option<String>,
    undone: bool,
    deleted: i64,
    cancel_requested: bool,
    created_at: i64,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    error: Option<String>,
    owner: Option<String>,
    /// How long the owner's lease is from each batch on.
    pub(in crate::ports::store) lease_ms: Option<i64>,
}

impl ImportJobRow {
    /// Whether this worker has the job and may go on with it.
    pub(in crate::ports::store) fn is_held_by(&self, worker: &str) -> bool {
        self.status == ImportStatus::Processing.as_str() && self.owner.as_deref() == Some(worker)
    }

    pub(in crate::ports::store) fn into_job(self) -> Result<ImportJob> {
        let seller = SellerId::parse(&self.seller_id);
        Ok(ImportJob {
            counts: self.counts(),
            notes: self.notes()?,
            run: self.run()?,
            undo_of: self.undo_of,
            undone_by: self.undone_by,
            undone: self.undone,
            undo_kept: self.undo_kept,
            id: self.id,
            seller_id: seller.map_err(|error| Error::Corrupt(error.to_string()))?,
            status: status(&self.status)?,
            file_name: self.file_name,
            bytes_total: self.bytes_total.unsigned_abs(),
            sha256: self.sha256,
            plan: from_json(&self.plan)?,
            checkpoint: Checkpoint {
                batch: self.batch.unsigned_abs(),
                position: from_json(&self.position)?,
            },
            low_stock: from_json(&self.low_stock)?,
            cancel_requested: self.cancel_requested,
            created_at: Timestamp::from_millis(self.created_at),
            started_at: self.started_at.map(Timestamp::from_millis),
            finished_at: self.finished_at.map(Timestamp::from_millis),
            error: self.error,
        })
    }

    fn counts(&self) -> ImportCounts {
        ImportCounts {
            rows: self.rows.unsigned_abs(),
            created: self.created.unsigned_abs(),
            updated: self.updated.unsigned_abs(),
            unchanged: self.unchanged.unsigned_abs(),
            skipped: self.skipped.unsigned_abs(),
            rejected: self.rejected.unsigned_abs(),
        }
    }

    fn run(&self) -> Result<RunOptions> {
        let limit = self.max_errors.as_deref().map(|text| {
            ErrorLimit::parse(text)
                .ok_or_else(|| Error::Corrupt(format!("{text:?} is no limit of errors")))
        });
        Ok(RunOptions {
            dry_run: self.dry_run,
            max_errors: limit.transpose()?,
        })
    }

    fn notes(&self) -> Result<ImportNotes> {
        Ok(ImportNotes {
            warned: self.warned.unsigned_abs(),
            warnings: from_json(&self.warnings)?,
            skips: from_json(&self.skips)?,
            without_key: self.without_key.unsigned_abs(),
            deleted: self.deleted.unsigned_abs(),
            changes: from_json(&self.changes)?,
        })
    }
}

fn status(name: &str) -> Result<ImportStatus> {
    ImportStatus::from_name(name)
        .ok_or_else(|| Error::Corrupt(format!("{name:?} is no status of an import")))
}

/// Binds what a batch changes in its job, in this order: batch, position, rows, created, updated,
/// unchanged, skipped, rejected, warned, warnings, skips, `without_key`, `low_stock`.
pub(in crate::ports::store) fn bind_progress<'q, DB: Database>(
    update: Query<'q, DB, DB::Arguments>,
    job: &ImportJob,
    low_stock: &LowStockDigest,
) -> Query<'q, DB, DB::Arguments>
where
    i64: Encode<'q, DB> + Type<DB>,
    String: Encode<'q, DB> + Type<DB>,
{
    let (counts, notes) = (&job.counts, &job.notes);
    update
        .bind(stored(job.checkpoint.batch))
        .bind(json(&job.checkpoint.position))
        .bind(stored(counts.rows))
        .bind(stored(counts.created))
        .bind(stored(counts.updated))
        .bind(stored(counts.unchanged))
        .bind(stored(counts.skipped))
        .bind(stored(counts.rejected))
        .bind(stored(notes.warned))
        .bind(json(&notes.warnings))
        .bind(json(&notes.skips))
        .bind(stored(notes.without_key))
        .bind(json(low_stock))
        .bind(json(&notes.changes))
        .bind(stored(notes.deleted))
}

/// A page of jobs that was read together with `total`: the number of all jobs in every row, and one
/// row without a job when the page has none.
pub(in crate::ports::store) fn page<'r, R>(rows: &'r [R], offset: u64) -> Result<Page<ImportJob>>
where
    R: Row,
    ImportJobRow: FromRow<'r, R>,
    &'r str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
{
    let corrupt = |error: sqlx::Error| Error::Corrupt(error.to_string());
    let mut total = 0;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        total = row
            .try_get::<i64, _>("total")
            .map_err(corrupt)?
            .unsigned_abs();
        let id: Option<String> = row.try_get("id").map_err(corrupt)?;
        if id.is_some() {
            items.push(ImportJobRow::from_row(row).map_err(corrupt)?.into_job()?);
        }
    }
    Ok(Page {
        more: !items.is_empty() && offset.saturating_add(items.len() as u64) < total,
        items,
        total: Some(total),
    })
}

/// Ended imports with the numbers of their rejected rows, from such columns.
pub(in crate::ports::store) fn ended(
    rows: Vec<(String, ImportId, i64)>,
) -> Result<Vec<(SellerId, ImportId, i64)>> {
    let parsed = rows.into_iter().map(|(seller, id, rejected)| {
        let seller = SellerId::parse(&seller);
        let seller = seller.map_err(|error| Error::Corrupt(error.to_string()))?;
        Ok((seller, id, rejected))
    });
    parsed.collect()
}

/// The refusal of bytes that this earlier import brought in.
pub(in crate::ports::store) fn refuse_repeat(earlier: Option<(String, i64)>) -> Result<()> {
    match earlier {
        None => Ok(()),
        Some((import_id, without_key)) => Err(Conflict::AlreadyImported {
            import_id,
            without_key: without_key.unsigned_abs(),
        }
        .into()),
    }
}

/// A row of `import_rejects`.
#[derive(FromRow)]
pub(in crate::ports::store) struct RejectRow {
    no: i64,
    line: i64,
    column_name: String,
    code: String,
    message: String,
    hint: String,
    record: Vec<u8>,
}

impl RejectRow {
    pub(in crate::ports::store) fn into_numbered(self) -> (i64, RejectedRow) {
        let reject = RejectedRow {
            line: self.line.unsigned_abs(),
            column: self.column_name,
            code: self.code,
            message: self.message,
            hint: self.hint,
            record: self.record,
        };
        (self.no, reject)
    }
}

/// The same without the row's own text.
#[derive(FromRow)]
pub(in crate::ports::store) struct RejectSummaryRow {
    line: i64,
    column_name: String,
    code: String,
    message: String,
    hint: String,
}

impl From<RejectSummaryRow> for RejectSummary {
    fn from(row: RejectSummaryRow) -> Self {
        Self {
            line: row.line.unsigned_abs(),
            column: row.column_name,
            code: row.code,
            message: row.message,
            hint: row.hint,
        }
    }
}
