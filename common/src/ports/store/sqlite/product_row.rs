//! How a product is stored in its table, and how it is written there.

use std::sync::Arc;

use sqlx::{Row, Sqlite, SqliteExecutor, query::Query, sqlite::SqliteArguments};

use crate::{
    domain::{
        clock::Timestamp,
        error::{Conflict, Error, Result},
        money::Price,
        product::{Product, ProductId},
        seller::SellerId,
    },
    ports::store::sqlite::failed,
    ports::store::{
        change::Found,
        column::{from_json, json},
    },
};

/// What `decode` reads, in its order.
macro_rules! product_columns {
    () => {
        "products.id, name, description, price, quantity, category, sku, low_stock_threshold, \
         attributes, version, created_at, updated_at"
    };
}
pub(super) use product_columns;

/// A row of `product_columns!` of this seller's.
pub(super) fn decode(row: &sqlx::sqlite::SqliteRow, seller: &SellerId) -> Result<Product> {
    let read = || -> sqlx::Result<_> {
        let product = Product {
            id: row.try_get(0)?,
            seller_id: seller.clone(),
            name: row.try_get(1)?,
            description: row.try_get(2)?,
            price: Price::from_cents(row.try_get(3)?).map_err(|e| sqlx::Error::Decode(e.into()))?,
            quantity: row.try_get(4)?,
            category: row.try_get(5)?,
            sku: row.try_get(6)?,
            low_stock_threshold: row.try_get(7)?,
            attributes: None,
            version: row.try_get(9)?,
            created_at: Timestamp::from_millis(row.try_get(10)?),
            updated_at: Timestamp::from_millis(row.try_get(11)?),
        };
        Ok((product, row.try_get::<Option<String>, _>(8)?))
    };
    let (mut product, attributes) = read().map_err(failed)?;
    product.attributes = attributes.map(|json| from_json(&json)).transpose()?;
    Ok(product)
}

/// Rows of `product_columns!`.
pub(super) fn decode_all(
    rows: &[sqlx::sqlite::SqliteRow],
    seller: &SellerId,
) -> Result<Vec<Product>> {
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
    let deleted_at: Option<i64> = row.try_get("deleted_at").map_err(failed)?;
    let product = decode(&row, seller)?;
    Ok(Some((product, deleted_at.map(Timestamp::from_millis))))
}

/// Writes a product, new or known: one as a whole, more as head, rows and tail.
macro_rules! put_product {
    () => {
        concat!(
            put_product!(head),
            "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            put_product!(tail)
        )
    };
    (head) => {
        "INSERT INTO products (seller_id, id, name, description, price, quantity, category, sku, \
         low_stock_threshold, attributes, version, created_at, updated_at, deleted_at) VALUES "
    };
    (tail) => {
        " ON CONFLICT (seller_id, id) DO UPDATE SET name = excluded.name, \
         description = excluded.description, price = excluded.price, \
         quantity = excluded.quantity, category = excluded.category, sku = excluded.sku, \
         low_stock_threshold = excluded.low_stock_threshold, attributes = excluded.attributes, \
         version = excluded.version, updated_at = excluded.updated_at, \
         deleted_at = excluded.deleted_at"
    };
}
pub(super) use put_product;

/// Binds what one row of `put_product!` needs.
pub(super) fn bind(
    query: Query<'_, Sqlite, SqliteArguments>,
    seller: Arc<str>,
    product: Product,
    deleted_at: Option<Timestamp>,
) -> Query<'_, Sqlite, SqliteArguments> {
    query
        .bind(seller)
        .bind(product.id)
        .bind(product.name)
        .bind(product.description)
        .bind(product.price.cents())
        .bind(product.quantity)
        .bind(product.category)
        .bind(product.sku)
        .bind(product.low_stock_threshold)
        .bind(product.attributes.as_ref().map(json))
        .bind(product.version)
        .bind(product.created_at.millis())
        .bind(product.updated_at.millis())
        .bind(deleted_at.map(Timestamp::millis))
}

/// The error of a write of `product`: its sku may be taken.
pub(super) fn write_failed(error: sqlx::Error, sku: Option<&str>) -> Error {
    let taken = error.as_database_error().is_some_and(|error| {
        error.is_unique_violation() && error.message().contains("products.sku")
    });
    match sku {
        Some(sku) if taken => Conflict::DuplicateSku {
            sku: sku.to_owned(),
        }
        .into(),
        _ => failed(error),
    }
}
