//! The inbox in one SQLite file: one row per notification, with its JSON as it is sent.

mod row;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use async_trait::async_trait;

use self::row::NotificationRow;
use super::{Inbox, InboxBounds, InboxEnd};
use crate::{
    domain::{
        clock::Timestamp,
        error::{Error, Result},
        notification::{Notification, NotificationKind},
        port::Port,
        seller::SellerId,
    },
    engines::sqlite_db::{self, SqliteDb},
};

/// Rows deleted by one transaction of a sweep, so that other writes get a turn.
const SWEEP_BATCH_ROWS: i64 = 1000;

#[derive(Debug)]
struct SqliteInbox {
    database: SqliteDb,
}

/// Opens or creates the file.
pub(super) async fn connect(path: &Path) -> Result<Arc<dyn Inbox>> {
    let migrations = sqlx::migrate!("../migrations/embedded/inbox");
    let database = SqliteDb::open(Port::Inbox, path, &migrations).await?;
    Ok(Arc::new(SqliteInbox { database }))
}

#[async_trait]
impl Inbox for SqliteInbox {
    async fn notifications_put(&self, notifications: &[Arc<Notification>]) -> Result<()> {
        if notifications.is_empty() {
            return Ok(());
        }
        let rows: Vec<NotificationRow> = notifications
            .iter()
            .map(|notification| NotificationRow::encode(notification))
            .collect::<Result<_>>()?;
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    for row in &rows {
                        row.put(connection).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn inbox_list(
        &self,
        seller: &SellerId,
        after: i64,
        limit: u32,
        kind: Option<NotificationKind>,
    ) -> Result<Vec<Notification>> {
        let bodies: Vec<String> = sqlx::query_scalar(
            "SELECT body FROM notifications
             WHERE seller_id = ?1 AND sequence > ?2 AND (?3 IS NULL OR kind = ?3)
             ORDER BY sequence LIMIT ?4",
        )
        .bind(seller.as_str())
        .bind(after)
        .bind(kind.map(NotificationKind::as_str))
        .bind(limit)
        .fetch_all(self.database.readers())
        .await
        .map_err(failed)?;
        bodies.iter().map(|body| row::decode(body)).collect()
    }

    async fn inbox_bounds(&self, seller: &SellerId) -> Result<InboxBounds> {
        let (oldest, newest) = sqlx::query_as(
            "SELECT COALESCE((SELECT first_sequence FROM notifications
                              WHERE seller_id = ?1 ORDER BY sequence LIMIT 1), 0),
                    COALESCE((SELECT MAX(sequence) FROM notifications WHERE seller_id = ?1), 0)",
        )
        .bind(seller.as_str())
        .fetch_one(self.database.readers())
        .await
        .map_err(failed)?;
        Ok(InboxBounds { oldest, newest })
    }

    /// A put is one transaction, so nothing is missing.
    async fn inbox_end(&self, seller: &SellerId) -> Result<InboxEnd> {
        let newest: Option<(i64, i64)> = sqlx::query_as(
            "SELECT sequence, timestamp FROM notifications
             WHERE seller_id = ?1 ORDER BY sequence DESC LIMIT 1",
        )
        .bind(seller.as_str())
        .fetch_optional(self.database.readers())
        .await
        .map_err(failed)?;
        let (last, at) = newest.unwrap_or((0, 0));
        Ok(InboxEnd {
            last,
            last_at: Timestamp::from_millis(at),
            above: BTreeMap::new(),
        })
    }

    async fn ping(&self) -> Result<()> {
        self.database.ping().await
    }

    async fn close(&self) {
        self.database.close().await;
    }

    async fn sweep(&self, before: Timestamp) -> Result<()> {
        loop {
            let removed = self
                .database
                .write(move |connection| {
                    Box::pin(async move {
                        sqlx::query(
                            "DELETE FROM notifications WHERE (seller_id, sequence) IN (
                                SELECT seller_id, sequence FROM notifications
                                WHERE timestamp < ?1 ORDER BY timestamp LIMIT ?2
                            )",
                        )
                        .bind(before.millis())
                        .bind(SWEEP_BATCH_ROWS)
                        .execute(connection)
                        .await
                        .map_err(failed)
                    })
                })
                .await?;
            if removed.rows_affected() == 0 {
                return Ok(());
            }
        }
    }
}

/// The error kind of an engine failure.
fn failed(error: sqlx::Error) -> Error {
    sqlite_db::failed(Port::Inbox, error)
}
