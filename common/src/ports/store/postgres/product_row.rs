//! A product as a row, and how it is read.

use sqlx::{FromRow, PgConnection, Row, postgres::PgRow};

use super::{
    failure::{DbResult, failed},
    types::{PgCents, PgMoment},
};
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
         attributes::text, version, created_at, updated_at"
    };
}
pub(super) use product_columns;

/// A row of `product_columns!` of this seller's.
pub(super) fn decode(row: &PgRow, seller: &SellerId) -> Result<Product> {
    ProductRow::<PgCents, PgMoment>::from_row(row)
        .map_err(|error| failed(&error))?
        .into_product(seller)
}

/// Rows of `product_columns!`.
pub(super) fn decode_all(rows: &[PgRow], seller: &SellerId) -> Result<Vec<Product>> {
    rows.iter().map(|row| decode(row, seller)).collect()
}

/// A product, deleted or not, locked until the transaction ends.
pub(super) async fn lock(
    connection: &mut PgConnection,
    seller: &SellerId,
    id: ProductId,
) -> DbResult<Found> {
    let row = sqlx::query(concat!(
        "SELECT ",
        product_columns!(),
        ", deleted_at FROM products WHERE seller_id = $1 AND id = $2 FOR UPDATE"
    ))
    .bind(seller.as_str())
    .bind(id)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let deleted_at: Option<PgMoment> = row.try_get("deleted_at")?;
    Ok(Some((decode(&row, seller)?, deleted_at.map(Into::into))))
}
