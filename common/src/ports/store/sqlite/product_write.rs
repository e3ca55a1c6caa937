//! The writing half of a change of one product: numbers, row and events.

use sqlx::SqliteConnection;

use super::{
    counters::{self, SqliteCounterDelta, TakenNumbers},
    outbox::insert_outbox,
    product_row::{self, put_product},
};
use crate::{
    domain::{
        clock::{self, Timestamp},
        error::{Error, Result},
        event::{self, EventDraft},
        product::{NewProduct, Product},
        seller::SellerId,
    },
    ports::store::{
        block,
        change::{Next, Rules, Standing},
    },
};

const fn take(standing: Standing, ids: usize, events: usize) -> SqliteCounterDelta {
    SqliteCounterDelta {
        ids,
        events,
        blocks: 1,
        live: standing.live,
        deleted: standing.deleted,
    }
}

/// Stores a new product with its events.
pub(super) async fn create(
    connection: &mut SqliteConnection,
    rules: Rules,
    seller: &SellerId,
    new: NewProduct,
) -> Result<Product> {
    let mut product = new.into_product(0, seller.clone(), clock::now());
    // How many events there are does not depend on the id, so all numbers come in one trip.
    let events = event::created_count(&product, rules.context());
    let numbers = counters::take(connection, seller, take(Standing::ENTERS, 1, events)).await?;
    product.id = numbers.id;
    let drafts = event::created(&product, rules.context());
    write(connection, &product, None, drafts, numbers).await?;
    Ok(product)
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
async fn write(
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
    product_row::bind(query, seller.into(), product.clone(), deleted_at)
        .bind(seller)
        .bind(numbers.block)
        .bind(block.messages)
        .bind(block.bytes)
        .bind(at.millis())
        .execute(connection)
        .await
        .map_err(|error| product_row::write_failed(error, product.sku.as_deref()))?;
    Ok(())
}
