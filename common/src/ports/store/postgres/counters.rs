//! The counters of the store and of a seller: ids that are never used twice, the gapless sequence
//! of events, and how many products there are.
//!
//! The seller's row is the last thing a transaction locks: after everything that may wait for
//! another transaction (products, skus), so that two can never wait for each other, and only for as
//! long as the outbox and the commit take. All changes of a seller queue for it.

use sqlx::PgConnection;

use super::{failure::DbResult, restores};
use crate::domain::seller::SellerId;

/// What a transaction adds to a seller's counters.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CounterDelta {
    pub events: usize,
    pub live: i64,
    pub deleted: i64,
}

/// Takes as many sequences as there are events and answers the first one; they are given back when
/// the transaction does not commit. Locks the seller's counters until then.
pub(super) async fn take(
    connection: &mut PgConnection,
    seller: &SellerId,
    take: CounterDelta,
) -> DbResult<i64> {
    let events = i64::try_from(take.events).unwrap_or(i64::MAX);
    let known: Option<i64> = sqlx::query_scalar(
        "UPDATE sellers SET sequence = sequence + $2, live = live + $3, deleted = deleted + $4 \
         WHERE seller_id = $1 RETURNING sequence",
    )
    .bind(seller.as_str())
    .bind(events)
    .bind(take.live)
    .bind(take.deleted)
    .fetch_optional(&mut *connection)
    .await?;
    let last = match known {
        Some(last) => last,
        None => enter(connection, seller, events, take).await?,
    };
    Ok(last - events + 1)
}

/// A seller's first events. The floor is read on its own: a distributed table takes no value from
/// another table.
async fn enter(
    connection: &mut PgConnection,
    seller: &SellerId,
    events: i64,
    take: CounterDelta,
) -> DbResult<i64> {
    let floor = restores::sequence_floor(&mut *connection).await?;
    let last = sqlx::query_scalar(
        "INSERT INTO sellers (seller_id, sequence, live, deleted) VALUES ($1, $5 + $2, $3, $4) \
         ON CONFLICT (seller_id) DO UPDATE SET sequence = sellers.sequence + $2, \
         live = sellers.live + excluded.live, deleted = sellers.deleted + excluded.deleted \
         RETURNING sequence",
    );
    let last = last
        .bind(seller.as_str())
        .bind(events)
        .bind(take.live)
        .bind(take.deleted)
        .bind(floor);
    Ok(last.fetch_one(connection).await?)
}

/// The sequence that the seller's next event has, unless someone else takes it first. Locks nothing.
pub(super) async fn next(connection: &mut PgConnection, seller: &SellerId) -> DbResult<i64> {
    let last: Option<i64> = sqlx::query_scalar("SELECT sequence FROM sellers WHERE seller_id = $1")
        .bind(seller.as_str())
        .fetch_optional(connection)
        .await?;
    Ok(last.unwrap_or(0) + 1)
}

/// Ids for new products, ascending. Others may have taken some in between.
pub(super) async fn ids(connection: &mut PgConnection, count: usize) -> DbResult<Vec<i64>> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let ids = sqlx::query_scalar("SELECT nextval('products_id_seq') FROM generate_series(1, $1)");
    Ok(ids.bind(count).fetch_all(connection).await?)
}
