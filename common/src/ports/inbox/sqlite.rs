//! The inbox in one SQLite file: a row per notification, its JSON as it is sent.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use sqlx::SqliteConnection;

use super::{Bounds, Inbox};
use crate::{
    domain::{
        clock::Timestamp,
        error::{Error, Result},
        notification::{Notification, NotificationKind},
        seller::SellerId,
    },
    engines::sqlite_db::{Database, failed},
};

/// Rows forgotten by one step of a sweep, so that other writes come in between.
const SWEEP_STEP: i64 = 1000;

#[derive(Debug)]
struct SqliteInbox {
    database: Database,
}

/// Opens or creates the file.
pub(super) async fn connect(path: &Path) -> Result<Arc<dyn Inbox>> {
    let migrations = sqlx::migrate!("../migrations/embedded/inbox");
    let database = Database::open(path, &migrations).await?;
    Ok(Arc::new(SqliteInbox { database }))
}

#[async_trait]
impl Inbox for SqliteInbox {
    async fn inbox_put(&self, seller: &SellerId, notifications: &[Notification]) -> Result<()> {
        if notifications.is_empty() {
            return Ok(());
        }
        let rows: Vec<Row> = notifications.iter().map(Row::of).collect::<Result<_>>()?;
        let seller = seller.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    for row in &rows {
                        put(connection, &seller, row).await?;
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
        let read = |body: &String| serde_json::from_str(body).map_err(unreadable);
        bodies.iter().map(read).collect()
    }

    async fn inbox_bounds(&self, seller: &SellerId) -> Result<Bounds> {
        let (oldest, newest) = sqlx::query_as(
            "SELECT COALESCE((SELECT first_sequence FROM notifications
                              WHERE seller_id = ?1 ORDER BY sequence LIMIT 1), 0),
                    COALESCE((SELECT MAX(sequence) FROM notifications WHERE seller_id = ?1), 0)",
        )
        .bind(seller.as_str())
        .fetch_one(self.database.readers())
        .await
        .map_err(failed)?;
        Ok(Bounds { oldest, newest })
    }

    async fn ping(&self) -> Result<()> {
        self.database.ping().await
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
                        .bind(SWEEP_STEP)
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

/// A notification on its way to the file.
struct Row {
    sequence: i64,
    first_sequence: i64,
    kind: NotificationKind,
    timestamp: i64,
    body: String,
}

impl Row {
    fn of(notification: &Notification) -> Result<Self> {
        Ok(Self {
            sequence: notification.sequence,
            first_sequence: notification.first(),
            kind: notification.kind,
            timestamp: notification.timestamp,
            body: serde_json::to_string(notification).map_err(unreadable)?,
        })
    }
}

async fn put(connection: &mut SqliteConnection, seller: &SellerId, row: &Row) -> Result<()> {
    sqlx::query(
        "INSERT INTO notifications (seller_id, sequence, first_sequence, kind, timestamp, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    )
    .bind(seller.as_str())
    .bind(row.sequence)
    .bind(row.first_sequence)
    .bind(row.kind.as_str())
    .bind(row.timestamp)
    .bind(&row.body)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "stands in map_err")]
fn unreadable(error: serde_json::Error) -> Error {
    Error::Corrupt(format!(
        "a notification is not the JSON it should be: {error}"
    ))
}
