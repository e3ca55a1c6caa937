//! Port: analytics totals per seller, category and day. Each event counts once, no matter how
//! often it is applied.

#[cfg(feature = "aws")]
mod dynamodb;
mod sqlite;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    config::LedgerConfig,
    domain::{
        clock::Timestamp,
        error::Result,
        event::Event,
        record::Topic,
        seller::SellerId,
        stats::{CategoryTotals, DayTotals, SellerRecount, SellerTotals},
    },
};

/// Opens the configured engine and creates what is missing.
pub async fn connect(config: &LedgerConfig) -> Result<Arc<dyn Ledger>> {
    match config {
        LedgerConfig::Sqlite { path } => sqlite::connect(path).await,
        #[cfg(feature = "aws")]
        LedgerConfig::DynamoDb { aws, table } => dynamodb::connect(aws, table).await,
        #[cfg(not(feature = "aws"))]
        LedgerConfig::DynamoDb { .. } => Err(crate::domain::error::Error::not_built_in(
            crate::domain::port::Port::Ledger,
            "DynamoDB",
        )),
    }
}

#[async_trait]
pub trait Ledger: Send + Sync + std::fmt::Debug {
    /// Applies a seller's events of one topic, in the order of the topic. Skips events at or below
    /// the topic's watermark (the highest sequence applied), folds the rest (`stats::EventFold`) and
    /// stores the sums together with the new watermark.
    async fn ledger_apply(&self, seller: &SellerId, topic: Topic, events: &[Event]) -> Result<()>;

    /// The seller's totals and when they last changed; all zero for an unknown seller.
    async fn ledger_totals(&self, seller: &SellerId) -> Result<(SellerTotals, Option<Timestamp>)>;

    /// Categories with undeleted products, by name.
    async fn ledger_categories(&self, seller: &SellerId) -> Result<Vec<CategoryTotals>>;

    /// Days from `from` to `to`, both inclusive (`yyyy-mm-dd`), ascending, only those with events.
    async fn ledger_daily(&self, seller: &SellerId, from: &str, to: &str)
    -> Result<Vec<DayTotals>>;

    /// Replaces totals and categories by a recount of the products, and counts no event up to its
    /// sequence any more. A difference in value is the day's. `false`: later events are counted
    /// already, so that it takes a later recount.
    async fn ledger_reset(
        &self,
        seller: &SellerId,
        recount: &SellerRecount,
        at: Timestamp,
    ) -> Result<bool>;

    /// Every seller with totals, in no order.
    async fn counted_sellers(&self) -> Result<Vec<SellerId>>;

    /// One cheap round trip.
    async fn ping(&self) -> Result<()>;

    /// Called last: leaves files tidy.
    async fn close(&self) {}

    /// Deletes days before `day`. Does nothing where the engine expires them.
    async fn sweep(&self, day: &str) -> Result<()>;
}

/// The events above the watermark. An event that was delivered twice is contained once.
fn above_watermark<'a>(
    events: impl IntoIterator<Item = &'a Event>,
    mut watermark: i64,
) -> Vec<&'a Event> {
    let mut fresh = Vec::new();
    for event in events {
        if event.sequence > watermark {
            watermark = event.sequence;
            fresh.push(event);
        }
    }
    fresh
}
