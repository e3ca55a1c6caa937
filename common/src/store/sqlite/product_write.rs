//! The writing half of a change of one product: numbers, row and events.

use sqlx::SqliteConnection;

use super::{
    Rules,
    numbers::{self, Numbers, Take},
    outbox::{self, insert_outbox},
    product_row::{self, put_product},
};
use crate::{
    clock::{self, Timestamp},
    error::{Error, Result},
    event::{self, EventDraft},
    product::{NewProduct, Product},
    seller::SellerId,
};

/// Whether a product is for sale after a change, and what that adds to the seller's counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    deleted_at: Option<Timestamp>,
    live: i64,
    deleted: i64,
}

impl Standing {
    pub(super) const STAYS: Self = Self {
        deleted_at: None,
        live: 0,
        deleted: 0,
    };
    const ENTERS: Self = Self {
        live: 1,
        ..Self::STAYS
    };
    pub(super) const RETURNS: Self = Self {
        deleted: -1,
        ..Self::ENTERS
    };

    pub(super) const fn leaves(at: Timestamp) -> Self {
        Self {
            deleted_at: Some(at),
            live: -1,
            deleted: 1,
        }
    }

    const fn take(self, ids: usize, events: usize) -> Take {
        Take {
            ids,
            events,
            blocks: 1,
            live: self.live,
            deleted: self.deleted,
        }
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
    let events = event::created(&product, rules.context()).len();
    let numbers = numbers::take(connection, seller, Standing::ENTERS.take(1, events)).await?;
    product.id = numbers.id;
    let drafts = event::created(&product, rules.context());
    write(connection, &product, None, drafts, numbers).await?;
    Ok(product)
}

/// Writes the new state of a known product with its events.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    product: &Product,
    standing: Standing,
    drafts: Vec<EventDraft>,
) -> Result<()> {
    let take = standing.take(0, drafts.len());
    let numbers = numbers::take(connection, &product.seller_id, take).await?;
    write(connection, product, standing.deleted_at, drafts, numbers).await
}

/// The product's row and its one row of the outbox, in one trip.
async fn write(
    connection: &mut SqliteConnection,
    product: &Product,
    deleted_at: Option<Timestamp>,
    drafts: Vec<EventDraft>,
    numbers: Numbers,
) -> Result<()> {
    let at = product.updated_at;
    let block = outbox::pack(drafts, numbers, at, None).pop();
    let block = block.ok_or_else(|| Error::Corrupt("a change without events".to_owned()))?;
    let query = sqlx::query(concat!(put_product!(), "; ", insert_outbox!()));
    let seller = product.seller_id.as_str();
    product_row::bind(query, seller.into(), product.clone(), deleted_at)
        .bind(seller)
        .bind(block.id)
        .bind(block.messages)
        .bind(block.bytes)
        .bind(at.millis())
        .execute(connection)
        .await
        .map_err(|error| product_row::write_failed(error, product.sku.as_deref()))?;
    Ok(())
}
