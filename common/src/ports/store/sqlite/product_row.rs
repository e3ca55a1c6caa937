//! A product as a row, and how it is read.

use sqlx::{FromRow, Row, SqliteExecutor, sqlite::SqliteRow};

use super::{failure::failed, types::SqliteMoment};
use crate::{
    domain::{
        error::Result,
        product::{Product, ProductId},
        seller::SellerId,
    },
    ports::store::{change::Found, sql::product_row::ProductRow},
};

/// What `decode` reads.
macro_rules! product_columns {
    () => {
        "products.id, name, description, price, quantity, category, sku, low_stock_threshold, \
         attributes, version, created_at, updated_at"
    };
}
pub(super) use product_columns;

/// A row of `product_columns!` of this seller's.
pub(super) fn decode(row: &SqliteRow, seller: &SellerId) -> Result<Product> {
    ProductRow::<i64, SqliteMoment>::from_row(row)
        .map_err(failed)?
        .into_product(seller)
}

/// Rows of `product_columns!`.
pub(super) fn decode_all(rows: &[SqliteRow], seller: &SellerId) -> Result<Vec<Product>> {
    rows.iter().map(|row| decode(row, seller)).collect()
}

/// A product, deleted or not, and when it was deleted.
pub(super) async fn find<'e>(
    executor: impl SqliteExecutor<'e>,
    seller: &SellerId,
    id: ProductId,
) -> Result<Found> {
    let row = sqlx::query(concat!(
        "SELECT ",
        product_columns!(),
        ", deleted_at FROM products WHERE seller_id = ? AND id = ?"
    ))
    .bind(seller.as_str())
    .bind(id)
    .fetch_optional(executor)
    .await
    .map_err(failed)?;
    let Some(row) = row else { return Ok(None) };
    let deleted_at: Option<SqliteMoment> = row.try_get("deleted_at").map_err(failed)?;
    Ok(Some((decode(&row, seller)?, deleted_at.map(Into::into))))
}
