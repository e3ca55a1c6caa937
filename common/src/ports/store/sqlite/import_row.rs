//! How an import job stands in its table.

use sqlx::{FromRow, SqliteExecutor};

use crate::{
    domain::{
        clock::Timestamp,
        error::{Error, Result},
        import_job::{Checkpoint, ImportCounts, ImportJob, ImportStatus},
        seller::SellerId,
    },
    ports::store::column::from_json,
    ports::store::sqlite::failed,
};

/// A row of `imports`, read by `SELECT *`.
#[derive(FromRow)]
pub(super) struct ImportRow {
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
    low_stock: String,
    cancel_requested: bool,
    created_at: i64,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    error: Option<String>,
    owner: Option<String>,
}

impl ImportRow {
    /// Whether this worker has the job and may go on with it.
    pub(super) fn is_held_by(&self, worker: &str) -> bool {
        self.status == ImportStatus::Processing.as_str() && self.owner.as_deref() == Some(worker)
    }

    pub(super) fn into_job(self) -> Result<ImportJob> {
        let counts = ImportCounts {
            rows: self.rows.unsigned_abs(),
            created: self.created.unsigned_abs(),
            updated: self.updated.unsigned_abs(),
            unchanged: self.unchanged.unsigned_abs(),
            skipped: self.skipped.unsigned_abs(),
            rejected: self.rejected.unsigned_abs(),
        };
        let seller = SellerId::parse(&self.seller_id);
        Ok(ImportJob {
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
            counts,
            low_stock: from_json(&self.low_stock)?,
            cancel_requested: self.cancel_requested,
            created_at: Timestamp::from_millis(self.created_at),
            started_at: self.started_at.map(Timestamp::from_millis),
            finished_at: self.finished_at.map(Timestamp::from_millis),
            error: self.error,
        })
    }
}

fn status(name: &str) -> Result<ImportStatus> {
    ImportStatus::from_name(name)
        .ok_or_else(|| Error::Corrupt(format!("{name:?} is no status of an import")))
}

/// One job of the seller.
pub(super) async fn find<'e>(
    executor: impl SqliteExecutor<'e>,
    seller: &SellerId,
    id: &str,
) -> Result<Option<ImportRow>> {
    sqlx::query_as("SELECT * FROM imports WHERE seller_id = ? AND id = ?")
        .bind(seller.as_str())
        .bind(id)
        .fetch_optional(executor)
        .await
        .map_err(failed)
}

/// A number of ours as SQLite stores it.
pub(super) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
