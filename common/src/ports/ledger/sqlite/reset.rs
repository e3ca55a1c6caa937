//! How a seller's totals are replaced by a recount.

use sqlx::SqliteConnection;

use super::{failed, rows};
use crate::domain::{
    clock::Timestamp,
    error::Result,
    record::Topic,
    seller::SellerId,
    stats::{DayTotals, SellerRecount, SellerTotals},
};

pub(super) async fn reset(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    recount: &SellerRecount,
    at: Timestamp,
) -> Result<bool> {
    let counted: Option<i64> =
        sqlx::query_scalar("SELECT max(sequence) FROM watermarks WHERE seller_id = ?1")
            .bind(seller.as_str())
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
    if counted.is_some_and(|counted| counted > recount.sequence) {
        return Ok(false);
    }
    let before = match rows::totals(&mut *connection, seller).await? {
        Some(row) => row.read()?,
        None => SellerTotals::default(),
    };
    sqlx::query(
        "DELETE FROM totals WHERE seller_id = ?; DELETE FROM categories WHERE seller_id = ?",
    )
    .bind(seller.as_str())
    .bind(seller.as_str())
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    rows::add_totals(connection, seller, &recount.totals, at).await?;
    for category in recount.categories.values() {
        rows::add_category(connection, seller, category).await?;
    }
    if let Some(day) = DayTotals::correction(at, &before, &recount.totals) {
        rows::add_day(connection, seller, &day).await?;
    }
    for topic in Topic::EVENTS {
        sqlx::query(
            "INSERT OR REPLACE INTO watermarks (seller_id, topic, sequence) VALUES (?1, ?2, ?3)",
        )
        .bind(seller.as_str())
        .bind(topic.as_str())
        .bind(recount.sequence)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    }
    Ok(true)
}
