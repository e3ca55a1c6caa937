//! An import job as a row.

use sqlx::{FromRow, PgConnection};

use super::{failure::DbResult, types::PgMoment};
use crate::{
    domain::{
        error::{Error, Result},
        import_job::{Checkpoint, ImportCounts, ImportJob, ImportStatus},
        seller::SellerId,
    },
    ports::store::column::from_json,
};

/// What an `ImportRow` reads.
macro_rules! import_columns {
    () => {
        "seller_id, id, status, file_name, bytes_total, sha256, plan, batch, position, rows, \
         created, updated, unchanged, skipped, rejected, low_stock, cancel_requested, created_at, \
         started_at, finished_at, error, owner, lease_ms"
    };
}
pub(super) use import_columns;

macro_rules! select_import {
    ($lock:literal) => {
        concat!(
            "SELECT ",
            import_columns!(),
            " FROM imports WHERE seller_id = $1 AND id = $2",
            $lock
        )
    };
}

/// A row of `imports`.
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
    created_at: PgMoment,
    started_at: Option<PgMoment>,
    finished_at: Option<PgMoment>,
    error: Option<String>,
    owner: Option<String>,
    /// How long the owner's lease is from each batch on.
    pub(super) lease_ms: Option<i64>,
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
            created_at: self.created_at.0,
            started_at: self.started_at.map(|moment| moment.0),
            finished_at: self.finished_at.map(|moment| moment.0),
            error: self.error,
        })
    }
}

fn status(name: &str) -> Result<ImportStatus> {
    ImportStatus::from_name(name)
        .ok_or_else(|| Error::Corrupt(format!("{name:?} is no status of an import")))
}

/// One job of the seller.
pub(super) async fn find(
    connection: &mut PgConnection,
    seller: &SellerId,
    id: &str,
) -> DbResult<Option<ImportRow>> {
    read(connection, select_import!(""), seller, id).await
}

/// One job of the seller, locked until the end of the transaction.
pub(super) async fn lock(
    connection: &mut PgConnection,
    seller: &SellerId,
    id: &str,
) -> DbResult<Option<ImportRow>> {
    read(connection, select_import!(" FOR NO KEY UPDATE"), seller, id).await
}

async fn read(
    connection: &mut PgConnection,
    select: &'static str,
    seller: &SellerId,
    id: &str,
) -> DbResult<Option<ImportRow>> {
    let row = sqlx::query_as(select).bind(seller.as_str()).bind(id);
    Ok(row.fetch_optional(connection).await?)
}

/// A number of ours as PostgreSQL stores it.
pub(super) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
