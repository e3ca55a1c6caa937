//! How import jobs are found in their table.

use sqlx::SqliteExecutor;

use crate::{
    domain::{error::Result, seller::SellerId},
    ports::store::{sql::import_row::ImportJobRow, sqlite::failed},
};

/// One job of the seller.
pub(super) async fn find<'e>(
    executor: impl SqliteExecutor<'e>,
    seller: &SellerId,
    id: &str,
) -> Result<Option<ImportJobRow>> {
    sqlx::query_as("SELECT * FROM imports WHERE seller_id = ? AND id = ?")
        .bind(seller.as_str())
        .bind(id)
        .fetch_optional(executor)
        .await
        .map_err(failed)
}
