//! The counters of the store and of a seller: ids that are never used twice, the gapless sequence
//! of events, and how many products there are.

use sqlx::{Row, SqliteConnection};

use crate::{
    domain::{error::Result, seller::SellerId},
    ports::store::sqlite::failure::failed,
};

/// What a transaction needs of each, and what it adds to the seller's products.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SqliteCounterDelta {
    pub ids: usize,
    pub events: usize,
    /// Rows of the outbox.
    pub blocks: usize,
    pub live: i64,
    pub deleted: i64,
}

/// The first number of each run that was taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct TakenNumbers {
    pub id: i64,
    pub sequence: i64,
    pub block: i64,
}

/// Takes numbers; they are given back when the transaction does not commit.
pub(super) async fn take(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    take: SqliteCounterDelta,
) -> Result<TakenNumbers> {
    let [ids, events, blocks] =
        [take.ids, take.events, take.blocks].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    let rows = sqlx::query(concat!(
        // The counters of the whole store.
        "UPDATE counters SET product_id = product_id + ?, outbox_id = outbox_id + ?, \
         outbox_messages = outbox_messages + ? RETURNING product_id, outbox_id; ",
        // The seller's, in the same trip: two answers of one row each. The first change makes the row,
        // after a restore above all numbers that were given before it.
        "INSERT INTO sellers (seller_id, sequence, live, deleted) \
         VALUES (?, (SELECT coalesce(max(sequence_floor), 0) FROM restores) + ?, ?, ?) \
         ON CONFLICT (seller_id) DO UPDATE SET sequence = sequence + ?, \
         live = live + excluded.live, deleted = deleted + excluded.deleted RETURNING sequence",
    ))
    .bind(ids)
    .bind(blocks)
    .bind(events)
    .bind(seller.as_str())
    .bind(events)
    .bind(take.live)
    .bind(take.deleted)
    .bind(events)
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let [counters, sequence] = rows.as_slice() else {
        return Err(failed(sqlx::Error::RowNotFound));
    };
    let last = |row: &sqlx::sqlite::SqliteRow, column| row.try_get::<i64, _>(column);
    Ok(TakenNumbers {
        id: last(counters, 0).map_err(failed)? - ids + 1,
        block: last(counters, 1).map_err(failed)? - blocks + 1,
        sequence: last(sequence, 0).map_err(failed)? - events + 1,
    })
}
