//! Port: notifications by seller and sequence, kept 30 days.

#[cfg(feature = "aws")]
mod dynamodb;
mod sqlite;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

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

/// Where a seller's inbox ends, for the consumer that goes on from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxEnd {
    /// Everything up to this sequence is stored or lost; 0 when nothing is known.
    pub last: i64,
    /// The time of the notification `last`.
    pub last_at: Timestamp,
    /// What is stored above it: the last sequence of a notification, and the first it covers. An
    /// interrupted put left it.
    pub above: BTreeMap<i64, i64>,
}

#[async_trait]
pub trait Inbox: Send + Sync + std::fmt::Debug {
    /// Stores notifications of any sellers, which each of them names. It is repeated
    /// as a whole after a failure, which may have stored any of them. The caller puts nothing that
    /// `inbox_end` names: an engine may write without reading first. Equal puts change nothing.
    async fn notifications_put(&self, notifications: &[Arc<Notification>]) -> Result<()>;

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

    /// Where a seller's inbox ends.
    async fn inbox_end(&self, seller: &SellerId) -> Result<InboxEnd>;

    /// One cheap round trip.
    async fn ping(&self) -> Result<()>;

    /// Called last: leaves files tidy.
    async fn close(&self) {}

    /// Deletes notifications older than `before`. Does nothing where the engine expires them.
    async fn sweep(&self, before: Timestamp) -> Result<()>;
}
