//! Restores from a backup: numbers that were given before are passed over, and products are counted
//! anew for the totals.

use sqlx::PgConnection;

use super::{failure::DbResult, types::PgMoment};
use crate::{
    domain::{
        clock,
        error::{Error, Result},
        money::Amount,
        seller::SellerId,
        stats::{CategoryTotals, SellerRecount},
    },
    ports::store::NumberFloor,
};

/// Sequence and deleted products of the seller, then a category: its name, products, units, value and
/// prices in cents, products below their threshold.
type PgCountedRow = (
    i64,
    i64,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Option<String>,
    Option<i64>,
);

/// A seller's rows. One statement sees one moment, and asks only the node that has the seller.
pub(super) async fn counted_rows(
    connection: &mut PgConnection,
    seller: &SellerId,
    low_stock_threshold: i32,
) -> DbResult<Vec<PgCountedRow>> {
    let rows = sqlx::query_as(
        "SELECT own.sequence, own.deleted, category, products, units, value, prices, low FROM ( \
             SELECT coalesce(max(sequence), 0) AS sequence, \
                 coalesce(max(deleted), 0) AS deleted FROM sellers WHERE seller_id = $1 \
         ) AS own LEFT JOIN ( \
             SELECT category, count(*) AS products, sum(quantity)::bigint AS units, \
                 trunc(sum(price * quantity) * 100)::text AS value, \
                 trunc(sum(price) * 100)::text AS prices, \
                 count(*) FILTER (WHERE quantity < coalesce(low_stock_threshold, $2)) AS low \
             FROM products WHERE seller_id = $1 AND deleted_at IS NULL GROUP BY category \
         ) AS live ON true",
    )
    .bind(seller.as_str())
    .bind(low_stock_threshold)
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

pub(super) fn recount(rows: Vec<PgCountedRow>) -> Result<SellerRecount> {
    let mut rows = rows.into_iter().peekable();
    let mut recount = rows
        .peek()
        .map(|row| SellerRecount::new(row.0, row.1))
        .unwrap_or_default();
    for (_, _, category, products, units, value, prices, low) in rows {
        let (Some(category), Some(value), Some(prices)) = (category, value, prices) else {
            continue;
        };
        let totals = CategoryTotals {
            category,
            active_products: products.unwrap_or_default(),
            total_quantity: units.unwrap_or_default(),
            total_value: amount(&value)?,
            price_sum: amount(&prices)?,
        };
        recount.add(&totals, low.unwrap_or_default());
    }
    Ok(recount)
}

fn amount(cents: &str) -> Result<Amount> {
    let cents = cents.parse().map(Amount::from_cents);
    cents.map_err(|_| Error::Corrupt("a sum of prices is not a number".to_owned()))
}

pub(super) async fn sequence_floor(connection: &mut PgConnection) -> DbResult<i64> {
    let floor = sqlx::query_scalar("SELECT coalesce(max(sequence_floor), 0) FROM restores");
    Ok(floor.fetch_one(connection).await?)
}

/// The sellers' sequences and the products' ids go on above the floor.
pub(super) async fn note(connection: &mut PgConnection, floor: NumberFloor) -> DbResult<()> {
    sqlx::query(
        "INSERT INTO restores (sequence_floor, noticed_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    )
    .bind(floor.sequence)
    .bind(PgMoment(clock::now()))
    .execute(&mut *connection)
    .await?;
    sqlx::query("UPDATE sellers SET sequence = $1 WHERE sequence < $1")
        .bind(floor.sequence)
        .execute(&mut *connection)
        .await?;
    sqlx::query("SELECT setval('products_id_seq', greatest(last_value, $1)) FROM products_id_seq")
        .bind(floor.product_id)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn done(connection: &mut PgConnection, sequence_floor: i64) -> DbResult<()> {
    sqlx::query(
        "UPDATE restores SET counted_at = $1 WHERE sequence_floor <= $2 AND counted_at IS NULL",
    )
    .bind(PgMoment(clock::now()))
    .bind(sequence_floor)
    .execute(connection)
    .await?;
    Ok(())
}

/// The highest floor after which the totals were not corrected yet.
pub(super) async fn pending(connection: &mut PgConnection) -> DbResult<Option<i64>> {
    let floor = "SELECT max(sequence_floor) FROM restores WHERE counted_at IS NULL";
    Ok(sqlx::query_scalar(floor).fetch_one(connection).await?)
}

pub(super) async fn last_sequence(
    connection: &mut PgConnection,
    seller: &SellerId,
) -> DbResult<i64> {
    let last = "SELECT coalesce(max(sequence), 0) FROM sellers WHERE seller_id = $1";
    let last = sqlx::query_scalar(last).bind(seller.as_str());
    Ok(last.fetch_one(connection).await?)
}

pub(super) async fn sellers(connection: &mut PgConnection) -> DbResult<Vec<String>> {
    let all = sqlx::query_scalar("SELECT seller_id FROM sellers");
    Ok(all.fetch_all(connection).await?)
}
