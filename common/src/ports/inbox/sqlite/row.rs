//! A notification as a row: the columns that queries need, and its JSON as it is sent.

use sqlx::SqliteConnection;

use super::failed;
use crate::domain::{
    error::{Error, Result},
    notification::{Notification, NotificationKind},
    seller::SellerId,
};

/// A notification as it is stored.
pub(super) struct NotificationRow {
    seller: SellerId,
    sequence: i64,
    first_sequence: i64,
    kind: NotificationKind,
    timestamp: i64,
    body: String,
}

impl NotificationRow {
    pub(super) fn encode(notification: &Notification) -> Result<Self> {
        Ok(Self {
            seller: notification.seller_id.clone(),
            sequence: notification.sequence,
            first_sequence: notification.first(),
            kind: notification.kind,
            timestamp: notification.timestamp,
            body: serde_json::to_string(notification).map_err(unreadable)?,
        })
    }

    /// Keeps a notification that is already stored.
    pub(super) async fn put(&self, connection: &mut SqliteConnection) -> Result<()> {
        sqlx::query(
            "INSERT INTO notifications (seller_id, sequence, first_sequence, kind, timestamp, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        )
        .bind(self.seller.as_str())
        .bind(self.sequence)
        .bind(self.first_sequence)
        .bind(self.kind.as_str())
        .bind(self.timestamp)
        .bind(&self.body)
        .execute(connection)
        .await
        .map_err(failed)?;
        Ok(())
    }
}

pub(super) fn decode(body: &str) -> Result<Notification> {
    serde_json::from_str(body).map_err(unreadable)
}

#[expect(clippy::needless_pass_by_value, reason = "passed to map_err")]
fn unreadable(error: serde_json::Error) -> Error {
    Error::Corrupt(format!("a stored notification is not valid JSON: {error}"))
}
