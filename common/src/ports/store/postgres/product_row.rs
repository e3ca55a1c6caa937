//! A product as a row, read and written.

use sqlx::{PgConnection, Row, postgres::PgRow};

use super::{
    failure::{DbFailure, DbResult, failed},
    types::{PgCents, PgMoment},
};
use crate::{
    domain::{
        clock::Timestamp,
        error::{Conflict, Result},
        money::Price,
        product::{Product, ProductId},
        seller::SellerId,
    },
    ports::store::{
        change::Found,
        column::{from_json, json},
    },
};

/// What `decode` reads, in its order.
macro_rules! product_columns {
    () => {
        "products.id, name, description, price, quantity, category, sku, low_stock_threshold, \
         attributes::text, version, created_at, updated_at"
    };
}
pub(super) use product_columns;

/// A row of `product_columns!` of this seller's.
pub(super) fn decode(row: &PgRow, seller: &SellerId) -> Result<Product> {
    let read = || -> sqlx::Result<_> {
        let price = Price::from_cents(row.try_get::<PgCents, _>(3)?.0);
        let product = Product {
            id: row.try_get(0)?,
            seller_id: seller.clone(),
            name: row.try_get(1)?,
            description: row.try_get(2)?,
            price: price.map_err(|error| sqlx::Error::Decode(error.into()))?,
            quantity: row.try_get(4)?,
            category: row.try_get(5)?,
            sku: row.try_get(6)?,
            low_stock_threshold: row.try_get(7)?,
            attributes: None,
            version: row.try_get(9)?,
            created_at: row.try_get::<PgMoment, _>(10)?.0,
            updated_at: row.try_get::<PgMoment, _>(11)?.0,
        };
        Ok((product, row.try_get::<Option<&str>, _>(8)?))
    };
    let (mut product, attributes) = read().map_err(|error| failed(&error))?;
    product.attributes = attributes.map(from_json).transpose()?;
    Ok(product)
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
    let deleted_at: Option<PgMoment> = row.try_get(12)?;
    Ok(Some((
        decode(&row, seller)?,
        deleted_at.map(|moment| moment.0),
    )))
}

/// Writes the next version of a product that is locked.
pub(super) async fn update(
    connection: &mut PgConnection,
    product: &Product,
    deleted_at: Option<Timestamp>,
) -> DbResult<()> {
    sqlx::query(
        "UPDATE products SET name = $3, description = $4, price = $5, quantity = $6, \
         category = $7, sku = $8, low_stock_threshold = $9, attributes = $10::json, \
         version = $11, updated_at = $12, deleted_at = $13 WHERE seller_id = $1 AND id = $2",
    )
    .bind(product.seller_id.as_str())
    .bind(product.id)
    .bind(&product.name)
    .bind(&product.description)
    .bind(PgCents(product.price.cents()))
    .bind(product.quantity)
    .bind(&product.category)
    .bind(&product.sku)
    .bind(product.low_stock_threshold)
    .bind(product.attributes.as_ref().map(json))
    .bind(product.version)
    .bind(PgMoment(product.updated_at))
    .bind(deleted_at.map(PgMoment))
    .execute(connection)
    .await
    .map_err(|error| write_failed(error, product.sku.as_deref()))?;
    Ok(())
}

/// What the failure of a write means: a sku may be taken.
pub(super) fn write_failed(error: sqlx::Error, sku: Option<&str>) -> DbFailure {
    match sku {
        Some(sku) if takes_a_sku(&error) => Conflict::DuplicateSku {
            sku: sku.to_owned(),
        }
        .into(),
        _ => error.into(),
    }
}

/// No two live products of a seller have the same sku in it.
const SKU_INDEX: &str = "idx_products_seller_sku";

/// Whether the write met a live product with the same sku. From a distributed table the index has a
/// suffix for its shard, is in the message only, and a COPY gives its error another code.
pub(super) fn takes_a_sku(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        let index = error.constraint();
        let code = error.code();
        matches!(code.as_deref(), Some("23505" | "XX000"))
            && (index.is_some_and(|index| index.starts_with(SKU_INDEX))
                || error.message().contains(SKU_INDEX))
    })
}
