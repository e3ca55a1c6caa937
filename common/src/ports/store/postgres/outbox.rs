//! The outbox: events from the commit of their change until the relay has published them.

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use sqlx::PgConnection;

use super::{PostgresStore, failure::DbResult, types::PgMoment};
use crate::{
    domain::{
        clock::{self, Timestamp},
        error::Result,
        record,
        seller::SellerId,
    },
    ports::store::{
        Outbox, OutboxBacklog, OutboxEntry, SetAsideEntry, block::Block, sql::MAX_PEEK_ROWS,
    },
};

/// Rows that are counted for the backlog: it is asked for all the time, and longest when it is long.
const MAX_COUNTED_ROWS: i64 = 10_000;

/// Puts rows of one seller into the outbox, in their order. The seller's counters must be locked:
/// then its ids ascend in the order of its commits.
pub(super) async fn append(
    connection: &mut PgConnection,
    seller: &SellerId,
    blocks: &[Block],
    at: Timestamp,
) -> DbResult<()> {
    append_all(connection, blocks.iter().map(|block| (seller, block)), at).await
}

/// Puts rows of several sellers into the outbox.
pub(super) async fn append_all<'r>(
    connection: &mut PgConnection,
    rows: impl Iterator<Item = (&'r SellerId, &'r Block)>,
    at: Timestamp,
) -> DbResult<()> {
    let (mut sellers, mut messages, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for (seller, block) in rows {
        sellers.push(seller.as_str());
        messages.push(block.messages);
        bytes.push(block.bytes.as_slice());
    }
    sqlx::query(
        // In the order given: ids ascend in the order of the sequences.
        "INSERT INTO outbox (seller_id, messages, block, created_at) \
         SELECT seller_id, messages, block, $4 FROM unnest($1, $2, $3) WITH ORDINALITY \
         AS given (seller_id, messages, block, place) ORDER BY place",
    )
    .bind(sellers)
    .bind(messages)
    .bind(bytes)
    .bind(PgMoment(at))
    .execute(connection)
    .await?;
    Ok(())
}

#[async_trait]
impl Outbox for PostgresStore {
    async fn relay_lease_acquire(&self) -> Result<bool> {
        self.relay_lease.acquire().await
    }

    async fn relay_lease_release(&self) -> Result<()> {
        self.relay_lease.release().await
    }

    async fn outbox_peek(&self, messages: u32) -> Result<Vec<OutboxEntry>> {
        let rows = match self.relay_lease.peek(messages).await? {
            Some(rows) => rows,
            None => {
                self.connections
                    .run(|mut session| async move { oldest(&mut session, messages).await })
                    .await?
            }
        };
        rows.into_iter()
            .map(|(seller, id, block)| OutboxEntry::read(&seller, id, &block))
            .collect()
    }

    async fn outbox_remove(&self, entries: &[(SellerId, i64)]) -> Result<()> {
        // What is gone is not removed again.
        self.write_repeatable(|mut session| async move { remove(&mut session, entries).await })
            .await
    }

    async fn outbox_set_aside(&self, entries: Vec<SetAsideEntry>) -> Result<()> {
        for entry in &entries {
            self.write_repeatable(
                |mut session| async move { set_aside(&mut session, entry).await },
            )
            .await?;
        }
        Ok(())
    }

    async fn outbox_aside(&self) -> Result<u64> {
        let aside: i64 = self
            .connections
            .run(|mut session| async move {
                let sum = "SELECT coalesce(sum(messages), 0)::bigint FROM outbox_set_aside";
                Ok(sqlx::query_scalar(sum).fetch_one(&mut *session).await?)
            })
            .await?;
        Ok(aside.unsigned_abs())
    }

    async fn outbox_span(&self, seller: &SellerId) -> Result<Option<(i64, i64)>> {
        let seller = seller.as_str();
        let (first, last): (Option<i64>, Option<i64>) = self
            .connections
            .run(|mut session| async move {
                let span = "SELECT min(id), max(id) FROM outbox WHERE seller_id = $1";
                let span = sqlx::query_as(span).bind(seller);
                Ok(span.fetch_one(&mut *session).await?)
            })
            .await?;
        Ok(first.zip(last))
    }

    async fn outbox_backlog(&self) -> Result<OutboxBacklog> {
        self.connections
            .run(|mut session| async move { backlog(&mut session).await })
            .await
    }

    async fn outbox_wait(&self, poll: Duration) -> bool {
        let committed = self.committed.notified();
        tokio::time::timeout(poll, committed).await.is_ok()
    }
}

/// Seller, id and block of a row.
pub(super) type OutboxRow = (String, i64, Vec<u8>);

/// The oldest rows. Which ones is decided without their blocks, so that only those that are answered
/// are read, and sent by the nodes of a distributed table.
pub(super) async fn oldest(
    connection: &mut PgConnection,
    messages: u32,
) -> DbResult<Vec<OutboxRow>> {
    let rows = sqlx::query_as(concat!(
        "SELECT seller_id, id, block FROM outbox WHERE id <= (SELECT max(id) FROM ( ",
        // The messages up to and with this row, over the oldest rows only: the outbox may be long.
        "SELECT id, messages, sum(messages) OVER (ORDER BY id) AS so_far \
         FROM (SELECT id, messages FROM outbox ORDER BY id LIMIT $2) AS few ",
        // Without its own messages a row may still be short of what was asked for: the first one
        // always is.
        ") AS summed WHERE so_far - messages < $1) ",
        // A row with a smaller id may have been committed since: the limit holds for it, too.
        "ORDER BY id LIMIT $2",
    ))
    .bind(i64::from(messages.max(1)))
    .bind(MAX_PEEK_ROWS)
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// Ids are unique across sellers. Both lists are named, so that a distributed table asks only the shards
/// of these sellers.
async fn remove(connection: &mut PgConnection, entries: &[(SellerId, i64)]) -> DbResult<()> {
    let sellers: BTreeSet<&str> = entries.iter().map(|(seller, _)| seller.as_str()).collect();
    let ids: Vec<i64> = entries.iter().map(|(_, id)| *id).collect();
    sqlx::query("DELETE FROM outbox WHERE seller_id = ANY($1) AND id = ANY($2)")
        .bind(Vec::from_iter(sellers))
        .bind(ids)
        .execute(connection)
        .await?;
    Ok(())
}

/// Messages that wait: counted as far as `MAX_COUNTED_ROWS` go. After them there is a row for nearly every
/// id, and it holds as many messages as those that were counted.
async fn backlog(connection: &mut PgConnection) -> DbResult<OutboxBacklog> {
    let (rows, messages, counted_to, last, oldest): (i64, i64, i64, i64, Option<PgMoment>) =
        sqlx::query_as(
            // Both ends are read from the primary key; between them at most the first rows are
            // counted.
            "SELECT count(*), coalesce(sum(messages), 0)::bigint, coalesce(max(id), 0), \
             coalesce((SELECT max(id) FROM outbox), 0), \
             (SELECT created_at FROM outbox ORDER BY id LIMIT 1) \
         FROM (SELECT id, messages FROM outbox ORDER BY id LIMIT $1) AS counted",
        )
        .bind(MAX_COUNTED_ROWS)
        .fetch_one(connection)
        .await?;
    let uncounted = match rows {
        MAX_COUNTED_ROWS => (last - counted_to).saturating_mul(messages) / rows,
        _ => 0,
    };
    Ok(OutboxBacklog {
        messages: messages.saturating_add(uncounted).unsigned_abs(),
        oldest: oldest.map(|moment| moment.0),
    })
}

/// One seller's row. What is set aside already is not set aside again.
async fn set_aside(connection: &mut PgConnection, entry: &SetAsideEntry) -> DbResult<()> {
    let records = entry.records.as_deref();
    sqlx::query(
        "INSERT INTO outbox_set_aside \
             (seller_id, id, messages, block, reason, created_at, set_aside_at) \
         SELECT seller_id, id, coalesce($3, messages), coalesce($4, block), $5, created_at, $6 \
         FROM outbox WHERE seller_id = $1 AND id = $2 ON CONFLICT DO NOTHING",
    )
    .bind(entry.seller.as_str())
    .bind(entry.id)
    .bind(records.map(|records| i64::try_from(records.len()).unwrap_or(i64::MAX)))
    .bind(records.map(record::encode_block))
    .bind(&entry.reason)
    .bind(PgMoment(clock::now()))
    .execute(&mut *connection)
    .await?;
    remove(connection, &[(entry.seller.clone(), entry.id)]).await
}
