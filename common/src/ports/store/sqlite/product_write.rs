//! The writing half of a change of one product: numbers, row and events.

use std::sync::Arc;

use sqlx::{Sqlite, SqliteConnection, query::Query, sqlite::SqliteArguments};

use super::{
    counters::{self, SqliteCounterDelta, TakenNumbers},
    failure::failed,
    outbox::insert_outbox,
};
use crate::{
    domain::{
        clock::Timestamp,
        error::{Conflict, Error, Result},
        event::EventDraft,
        product::Product,
    },
    ports::store::{
        block,
        change::{Next, Standing},
        column::json,
    },
};

/// What a change of one product takes of the counters.
pub(super) const fn take(standing: Standing, ids: usize, events: usize) -> SqliteCounterDelta {
    SqliteCounterDelta {
        ids,
        events,
        blocks: 1,
        live: standing.live,
        deleted: standing.deleted,
    }
}

/// Writes the next version of a known product with its events.
pub(super) async fn put(connection: &mut SqliteConnection, next: Next) -> Result<Product> {
    let (product, standing) = (next.product, next.standing);
    let take = take(standing, 0, next.drafts.len());
    let numbers = counters::take(connection, &product.seller_id, take).await?;
    write(
        connection,
        &product,
        standing.deleted_at,
        next.drafts,
        numbers,
    )
    .await?;
    Ok(product)
}

/// The product's row and its one row of the outbox, in one trip.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    product: &Product,
    deleted_at: Option<Timestamp>,
    drafts: Vec<EventDraft>,
    numbers: TakenNumbers,
) -> Result<()> {
    let at = product.updated_at;
    let block = block::pack(drafts, numbers.sequence, at, None).pop();
    let block = block.ok_or_else(|| Error::Corrupt("a change without events".to_owned()))?;
    let query = sqlx::query(concat!(put_product!(), "; ", insert_outbox!()));
    let seller = product.seller_id.as_str();
    bind(query, seller.into(), product.clone(), deleted_at)
        .bind(seller)
        .bind(numbers.block)
        .bind(block.messages)
        .bind(block.bytes)
        .bind(at.millis())
        .execute(connection)
        .await
        .map_err(|error| write_failed(error, product.sku.as_deref()))?;
    Ok(())
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
