//! The outbox: events from the commit of their change until the relay has published them.

use sqlx::PgConnection;

use super::{failure::Attempt, types::Moment};
use crate::{clock::Timestamp, seller::SellerId, store::block::Block};

/// Puts rows into the outbox, in their order. The seller's counters must be locked: then its ids
/// ascend in the order of its commits.
pub(super) async fn append(
    connection: &mut PgConnection,
    seller: &SellerId,
    blocks: &[Block],
    at: Timestamp,
) -> Attempt<()> {
    let messages: Vec<i64> = blocks.iter().map(|block| block.messages).collect();
    let bytes: Vec<&[u8]> = blocks.iter().map(|block| block.bytes.as_slice()).collect();
    sqlx::query(
        "INSERT INTO outbox (seller_id, messages, block, created_at) \
         SELECT $1, messages, block, $4 FROM unnest($2, $3) WITH ORDINALITY \
         AS given (messages, block, place) ORDER BY place",
    )
    .bind(seller.as_str())
    .bind(messages)
    .bind(bytes)
    .bind(Moment(at))
    .execute(connection)
    .await?;
    Ok(())
}
