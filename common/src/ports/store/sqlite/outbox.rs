//! The outbox: events from the commit of their change until the relay has published them.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::SqliteConnection;

use super::SqliteStore;
use crate::{
    domain::{
        clock::{self, Timestamp},
        error::Result,
        record,
        seller::SellerId,
    },
    ports::store::{
        Outbox, OutboxBacklog, OutboxEntry, SetAsideEntry, block::Block, column::json,
        sql::MAX_PEEK_ROWS, sqlite::failure::failed,
    },
};

macro_rules! insert_outbox {
    () => {
        "INSERT INTO outbox (seller_id, id, messages, block, created_at) VALUES (?, ?, ?, ?, ?)"
    };
}
pub(super) use insert_outbox;

/// Puts rows into the outbox, with ids from `first` on.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    first: i64,
    blocks: Vec<Block>,
    at: Timestamp,
) -> Result<()> {
    for (id, block) in (first..).zip(blocks) {
        sqlx::query(insert_outbox!())
            .bind(seller.as_str())
            .bind(id)
            .bind(block.messages)
            .bind(block.bytes)
            .bind(at.millis())
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

#[async_trait]
impl Outbox for SqliteStore {
    /// Always: the daemon locks the data directory, there is no other process.
    async fn relay_lease_acquire(&self) -> Result<bool> {
        Ok(true)
    }

    async fn relay_lease_release(&self) -> Result<()> {
        Ok(())
    }

    async fn outbox_peek(&self, wanted: u32) -> Result<Vec<OutboxEntry>> {
        let mut rows = sqlx::query_as::<_, (String, i64, Vec<u8>)>(
            "SELECT seller_id, id, block FROM outbox ORDER BY id LIMIT ?",
        )
        .bind(MAX_PEEK_ROWS)
        .fetch(self.db.readers());
        let (mut entries, mut messages) = (Vec::new(), 0);
        while let Some((seller, id, block)) = rows.try_next().await.map_err(failed)? {
            let entry = OutboxEntry::read(&seller, id, &block)?;
            messages += entry.records.as_ref().map_or(1, Vec::len);
            entries.push(entry);
            // What is left is not waited for: the removal of these rows is a commit, too.
            if messages >= wanted as usize {
                break;
            }
        }
        Ok(entries)
    }

    async fn outbox_remove(&self, entries: &[(SellerId, i64)]) -> Result<()> {
        let entries = json(&entries);
        self.db
            .write(move |connection| Box::pin(remove(connection, entries)))
            .await
    }

    async fn outbox_set_aside(&self, entries: Vec<SetAsideEntry>) -> Result<()> {
        self.db
            .write(move |connection| Box::pin(set_aside(connection, entries)))
            .await
    }

    async fn outbox_aside(&self) -> Result<u64> {
        let sum = "SELECT coalesce(sum(messages), 0) FROM outbox_set_aside";
        let aside: i64 = sqlx::query_scalar(sum)
            .fetch_one(self.db.readers())
            .await
            .map_err(failed)?;
        Ok(aside.unsigned_abs())
    }

    async fn outbox_span(&self, seller: &SellerId) -> Result<Option<(i64, i64)>> {
        let (first, last): (Option<i64>, Option<i64>) =
            sqlx::query_as("SELECT min(id), max(id) FROM outbox WHERE seller_id = ?")
                .bind(seller.as_str())
                .fetch_one(self.db.readers())
                .await
                .map_err(failed)?;
        Ok(first.zip(last))
    }

    async fn outbox_backlog(&self) -> Result<OutboxBacklog> {
        let (messages, oldest): (i64, Option<i64>) = sqlx::query_as(
            "SELECT outbox_messages, (SELECT created_at FROM outbox ORDER BY id LIMIT 1) \
             FROM counters",
        )
        .fetch_one(self.db.readers())
        .await
        .map_err(failed)?;
        Ok(OutboxBacklog {
            messages: messages.unsigned_abs(),
            oldest: oldest.map(Timestamp::from_millis),
        })
    }

    async fn outbox_wait(&self, poll: Duration) -> bool {
        let committed = self.db.committed().notified();
        tokio::time::timeout(poll, committed).await.is_ok()
    }
}

/// `entries` is a JSON array of `[seller, id]`.
async fn remove(connection: &mut SqliteConnection, entries: String) -> Result<()> {
    sqlx::query(concat!(
        // The count of those that are still there: a removal may be repeated. CROSS JOIN keeps the
        // order of the tables, so that the list is read and each of its rows looked up.
        "UPDATE counters SET outbox_messages = outbox_messages - ( \
             SELECT coalesce(sum(messages), 0) FROM json_each(?) AS gone CROSS JOIN outbox \
             ON seller_id = gone.value ->> 0 AND outbox.id = gone.value ->> 1); ",
        "DELETE FROM outbox WHERE (seller_id, id) IN ( \
             SELECT value ->> 0, value ->> 1 FROM json_each(?))",
    ))
    .bind(entries.clone())
    .bind(entries)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn set_aside(connection: &mut SqliteConnection, entries: Vec<SetAsideEntry>) -> Result<()> {
    for entry in entries {
        let block = entry.records.as_deref().map(record::encode_block);
        sqlx::query(
            "INSERT INTO outbox_set_aside \
                 (seller_id, id, messages, block, reason, created_at, set_aside_at) \
             SELECT seller_id, id, coalesce(?, messages), coalesce(?, block), ?, created_at, ? \
             FROM outbox WHERE seller_id = ? AND id = ? ON CONFLICT DO NOTHING",
        )
        .bind(entry.records.map(|records| records.len() as i64))
        .bind(block)
        .bind(entry.reason)
        .bind(clock::now().millis())
        .bind(entry.seller.as_str())
        .bind(entry.id)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
        remove(&mut *connection, json(&[(&entry.seller, entry.id)])).await?;
    }
    Ok(())
}
