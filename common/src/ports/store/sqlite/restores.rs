//! Restores from a backup: numbers that were given before are passed over, and products are counted
//! anew for the totals.

use futures_util::TryStreamExt;
use sqlx::SqliteConnection;

use super::{SqliteStore, failure::failed};
use crate::{
    domain::{
        clock::{self, Timestamp},
        error::{Error, Result},
        money::Price,
        seller::SellerId,
        stats::{CategoryTotals, SellerRecount},
    },
    ports::store::NumberFloor,
};

/// Sequence and deleted products of the seller, then a product: category, price, quantity, threshold.
type SqliteCountedRow = (
    i64,
    i64,
    Option<String>,
    Option<i64>,
    Option<i32>,
    Option<i32>,
);

impl SqliteStore {
    pub(super) async fn recount(&self, seller: &SellerId) -> Result<SellerRecount> {
        // One statement sees one moment.
        let mut rows = sqlx::query_as::<_, SqliteCountedRow>(
            "SELECT coalesce(sequence, 0), coalesce(deleted, 0), category, price, quantity, \
                 low_stock_threshold \
             FROM (SELECT ? AS seller) LEFT JOIN sellers ON sellers.seller_id = seller \
             LEFT JOIN products ON products.seller_id = seller AND deleted_at IS NULL",
        )
        .bind(seller.as_str())
        .fetch(self.db.readers());
        let mut recount = SellerRecount::default();
        let mut is_first = true;
        while let Some((sequence, deleted, category, price, quantity, threshold)) =
            rows.try_next().await.map_err(failed)?
        {
            if std::mem::take(&mut is_first) {
                recount = SellerRecount::new(sequence, deleted);
            }
            let (Some(category), Some(price), Some(quantity)) = (category, price, quantity) else {
                continue;
            };
            let price = Price::from_cents(price);
            let price = price.map_err(|error| Error::Corrupt(error.to_string()))?;
            let product = CategoryTotals {
                category,
                active_products: 1,
                total_quantity: quantity.into(),
                total_value: price.times(quantity),
                price_sum: price.into(),
            };
            let is_low = quantity < threshold.unwrap_or(self.rules.low_stock_threshold);
            recount.add(&product, is_low.into());
        }
        Ok(recount)
    }
}

/// The sellers' sequences and the products' ids go on above the floor.
pub(super) async fn note(
    connection: &mut SqliteConnection,
    floor: NumberFloor,
    at: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO restores (sequence_floor, noticed_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING; \
         UPDATE sellers SET sequence = max(sequence, ?1); \
         UPDATE counters SET product_id = max(product_id, ?3)",
    )
    .bind(floor.sequence)
    .bind(at.millis())
    .bind(floor.product_id)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

pub(super) async fn done(connection: &mut SqliteConnection, sequence_floor: i64) -> Result<()> {
    sqlx::query(
        "UPDATE restores SET counted_at = ? WHERE sequence_floor <= ? AND counted_at IS NULL",
    )
    .bind(clock::now().millis())
    .bind(sequence_floor)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}
