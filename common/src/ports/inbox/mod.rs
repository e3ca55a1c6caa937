//! Port: notifications by seller and sequence, kept 30 days.

#[cfg(feature = "aws")]
mod dynamodb;
mod sqlite;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    config::InboxConfig,
    domain::{
        clock::Timestamp,
        error::Result,
        notification::{Notification, NotificationKind},
        seller::SellerId,
    },
};

/// Opens the configured engine and creates what is missing.
pub async fn connect(config: &InboxConfig) -> Result<Arc<dyn Inbox>> {
    match config {
        InboxConfig::Sqlite { path } => sqlite::connect(path).await,
        #[cfg(feature = "aws")]
        InboxConfig::DynamoDb { aws, table } => dynamodb::connect(aws, table).await,
        #[cfg(not(feature = "aws"))]
        InboxConfig::DynamoDb { .. } => Err(crate::domain::error::Error::not_built_in(
            crate::domain::port::Port::Inbox,
            "DynamoDB",
        )),
    }
}

/// The range of sequences in a seller's inbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InboxBounds {
    /// First sequence that the oldest stored notification covers; 0 for an empty inbox.
    pub oldest: i64,
    /// Sequence of the newest stored notification; 0 for an empty inbox.
    pub newest: i64,
}

#[async_trait]
pub trait Inbox: Send + Sync + std::fmt::Debug {
    /// Stores a seller's notifications. A notification that is already stored stays as it is.
    async fn inbox_put(&self, seller: &SellerId, notifications: &[Notification]) -> Result<()>;

    /// Notifications with a sequence above `after`, ascending, at most `limit`.
    async fn inbox_list(
        &self,
        seller: &SellerId,
        after: i64,
        limit: u32,
        kind: Option<NotificationKind>,
    ) -> Result<Vec<Notification>>;

    /// The range of stored sequences.
    async fn inbox_bounds(&self, seller: &SellerId) -> Result<InboxBounds>;

    /// The sequence up to which a seller's notifications are stored without a hole that a put which
    /// was cut off may have left; 0 for an empty inbox.
    async fn inbox_last(&self, seller: &SellerId) -> Result<i64> {
        Ok(self.inbox_bounds(seller).await?.newest)
    }

    /// One cheap round trip.
    async fn ping(&self) -> Result<()>;

    /// Deletes notifications older than `before`. Does nothing where the engine expires them.
    async fn sweep(&self, before: Timestamp) -> Result<()>;
}
