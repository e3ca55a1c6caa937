//! The outbox: events from the commit of their change until the relay has published them.

use sqlx::PgConnection;

use super::{failure::Attempt, types::Moment};
use crate::{clock::Timestamp, seller::SellerId, store::block::Block};

/// Puts rows of one seller into the outbox, in their order. The seller's counters must be locked:
/// then its ids ascend in the order of its commits.
pub(super) async fn append(
    connection: &mut PgConnection,
    seller: &SellerId,
    blocks: &[Block],
    at: Timestamp,
) -> Attempt<()> {
    append_all(connection, blocks.iter().map(|block| (seller, block)), at).await
}

/// Puts rows of several sellers into the outbox.
pub(super) async fn append_all<'r>(
    connection: &mut PgConnection,
    rows: impl Iterator<Item = (&'r SellerId, &'r Block)>,
    at: Timestamp,
) -> Attempt<()> {
    let (mut sellers, mut messages, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for (seller, block) in rows {
        sellers.push(seller.as_str());
        messages.push(block.messages);
        bytes.push(block.bytes.as_slice());
    }
    sqlx::query(
        "INSERT INTO outbox (seller_id, messages, block, created_at) \
         SELECT seller_id, messages, block, $4 FROM unnest($1, $2, $3) WITH ORDINALITY \
         AS given (seller_id, messages, block, place) ORDER BY place",
    )
    .bind(sellers)
    .bind(messages)
    .bind(bytes)
    .bind(Moment(at))
    .execute(connection)
    .await?;
    Ok(())
}
