//! How import jobs are found in their table, and locked.

use sqlx::PgConnection;

use super::failure::DbResult;
use crate::{domain::seller::SellerId, ports::store::sql::import_row::ImportJobRow};

/// The columns of an `ImportJobRow`; its warnings and changes are the given expressions.
macro_rules! import_columns {
    () => {
        $crate::ports::store::postgres::import_row::import_columns!("warnings", "changes")
    };
    ($warnings:literal, $changes:literal) => {
        concat!(
            "seller_id, id, status, file_name, bytes_total, sha256, plan, batch, position, rows, \
             created, updated, unchanged, skipped, rejected, warned, skips, without_key, low_stock, \
             cancel_requested, dry_run, max_errors, undo_kept, undo_of, undone_by, undone, deleted, error, owner, lease_ms, \
             (extract(epoch FROM created_at) * 1000)::bigint AS created_at, \
             (extract(epoch FROM started_at) * 1000)::bigint AS started_at, \
             (extract(epoch FROM finished_at) * 1000)::bigint AS finished_at, ",
            $warnings,
            " AS warnings, ",
            $changes,
            " AS changes"
        )
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

/// One job of the seller.
pub(super) async fn find(
    connection: &mut PgConnection,
    seller: &SellerId,
    id: &str,
) -> DbResult<Option<ImportJobRow>> {
    read(connection, select_import!(""), seller, id).await
}

/// One job of the seller, locked until the end of the transaction.
pub(super) async fn lock(
    connection: &mut PgConnection,
    seller: &SellerId,
    id: &str,
) -> DbResult<Option<ImportJobRow>> {
    read(connection, select_import!(" FOR NO KEY UPDATE"), seller, id).await
}

async fn read(
    connection: &mut PgConnection,
    select: &'static str,
    seller: &SellerId,
    id: &str,
) -> DbResult<Option<ImportJobRow>> {
    let row = sqlx::query_as(select).bind(seller.as_str()).bind(id);
    Ok(row.fetch_optional(connection).await?)
}
