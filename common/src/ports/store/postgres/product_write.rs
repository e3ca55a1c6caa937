//! The writing half of a change of one product: row, numbers and events.

use sqlx::PgConnection;

use super::{
    counters::{self, CounterDelta},
    failure::{DbFailure, DbResult},
    outbox,
    types::{PgCents, PgMoment},
};
use crate::{
    domain::{clock::Timestamp, error::Conflict, product::Product},
    ports::store::{block, change::Next, column::json},
};

/// Writes the next version of a locked product with its events. The row comes first: a sku may
/// have to wait for another transaction, and no transaction may wait while it holds the seller's counters.
pub(super) async fn put(connection: &mut PgConnection, next: Next) -> DbResult<Product> {
    let (product, standing) = (next.product, next.standing);
    update(&mut *connection, &product, standing.deleted_at).await?;
    let take = CounterDelta {
        events: next.drafts.len(),
        live: standing.live,
        deleted: standing.deleted,
    };
    let first = counters::take(&mut *connection, &product.seller_id, take).await?;
    let blocks = block::pack(next.drafts, first, product.updated_at, None);
    outbox::append(connection, &product.seller_id, &blocks, product.updated_at).await?;
    Ok(product)
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
