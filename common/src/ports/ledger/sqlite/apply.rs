//! How events are applied: the events above the watermark are folded and added to the seller's rows.

use sqlx::SqliteConnection;

use super::{failed, rows};
use crate::{
    domain::{error::Result, event::Event, record::Topic, seller::SellerId, stats::EventFold},
    ports::ledger::above_watermark,
};

pub(super) async fn apply(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    topic: Topic,
    events: &[Event],
) -> Result<()> {
    let stored = watermark(connection, seller, topic).await?;
    let fresh = above_watermark(events, stored);
    let Some(last) = fresh.last().map(|event| event.sequence) else {
        return Ok(());
    };
    let newest = fresh
        .iter()
        .map(|event| event.timestamp)
        .max()
        .unwrap_or_default();
    let fold = EventFold::of(fresh);
    rows::add_totals(connection, seller, &fold.totals, newest).await?;
    for category in fold.categories.values() {
        rows::add_category(connection, seller, category).await?;
    }
    for day in fold.days.values() {
        rows::add_day(connection, seller, day).await?;
    }
    sqlx::query(
        "INSERT OR REPLACE INTO watermarks (seller_id, topic, sequence) VALUES (?1, ?2, ?3)",
    )
    .bind(seller.as_str())
    .bind(topic.as_str())
    .bind(last)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn watermark(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    topic: Topic,
) -> Result<i64> {
    let sequence: Option<i64> =
        sqlx::query_scalar("SELECT sequence FROM watermarks WHERE seller_id = ?1 AND topic = ?2")
            .bind(seller.as_str())
            .bind(topic.as_str())
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    Ok(sequence.unwrap_or(0))
}
