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
        InboxConfig::DynamoDb { .. } => Err(crate::domain::error::Error::not_built_in("DynamoDB")),
    }
}

/// The sequences a seller's inbox spans.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The first event the oldest kept notification stands for; 0 of an empty inbox.
    pub oldest: i64,
    /// The newest kept notification's sequence; 0 of an empty inbox.
    pub newest: i64,
}

#[async_trait]
pub trait Inbox: Send + Sync + std::fmt::Debug {
    /// Stores notifications of one seller; one that is there already stays as it is.
    async fn inbox_put(&self, seller: &SellerId, notifications: &[Notification]) -> Result<()>;

    /// Notifications with a sequence above `after`, ascending, at most `limit`.
    async fn inbox_list(
        &self,
        seller: &SellerId,
        after: i64,
        limit: u32,
        kind: Option<NotificationKind>,
    ) -> Result<Vec<Notification>>;

    /// What is kept.
    async fn inbox_bounds(&self, seller: &SellerId) -> Result<Bounds>;

    /// One cheap round trip.
    async fn ping(&self) -> Result<()>;

    /// Forgets notifications older than `before`; an engine that does so by itself does nothing.
    async fn sweep(&self, before: Timestamp) -> Result<()>;
}
