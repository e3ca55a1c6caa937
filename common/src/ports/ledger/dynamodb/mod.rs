//! The ledger in a DynamoDB table: a seller's totals, categories and days as items of one
//! partition, as dashboards know them. Days are forgotten by DynamoDB itself.

mod apply;
mod items;
#[cfg(test)]
mod tests;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, ScalarAttributeType};
use tokio::sync::Mutex;

use self::items::{Head, Place};
use super::Ledger;
use crate::{
    config::Aws,
    domain::{
        clock::Timestamp,
        error::Result,
        event::Event,
        record::Topic,
        seller::SellerId,
        stats::{CategoryTotals, DayTotals, Totals},
    },
    engines::aws_clients::{
        table::{Design, ENGINE, Item, Table},
        within,
    },
};

/// One method with all its calls. What a run of events got done by then stays done.
const DEADLINE: Duration = Duration::from_secs(10);
/// Transactions under way at once. A seller's take turns: together they would only get in each
/// other's way.
const TURNS: usize = 32;

#[derive(Debug)]
struct DynamoDbLedger {
    table: Table,
    turns: [Mutex<()>; TURNS],
}

/// Creates what is missing with the first call.
pub(super) async fn connect(aws: &Aws, table: &str) -> Result<Arc<dyn Ledger>> {
    let design = Design {
        partition: items::PARTITION,
        sort: items::SORT,
        sort_type: ScalarAttributeType::S,
        expiry: items::EXPIRY,
    };
    Ok(Arc::new(DynamoDbLedger {
        table: Table::new(aws, table, design).await,
        turns: std::array::from_fn(|_| Mutex::new(())),
    }))
}

#[async_trait]
impl Ledger for DynamoDbLedger {
    async fn ledger_apply(&self, seller: &SellerId, topic: Topic, events: &[Event]) -> Result<()> {
        within(ENGINE, DEADLINE, async {
            let _turn = self.turn(seller).lock().await;
            self.apply(seller, topic, events).await
        })
        .await
    }

    async fn ledger_totals(&self, seller: &SellerId) -> Result<(Totals, Option<Timestamp>)> {
        let client = self.table.client().await?;
        let request = client.get_item().table_name(self.table.name());
        let request = request
            .set_key(Some(Place::Totals.key(seller)))
            .consistent_read(true);
        let answer = request.send().await;
        let answer = answer.map_err(|error| self.table.failed(&error))?;
        let head = answer
            .item
            .map_or_else(|| Ok(Head::default()), |item| Head::read(&item))?;
        Ok((head.totals, head.last_updated))
    }

    async fn ledger_categories(&self, seller: &SellerId) -> Result<Vec<CategoryTotals>> {
        let kind = [(":kind", items::CATEGORY.to_owned())];
        let items = self.query(seller, "begins_with(SK, :kind)", kind).await?;
        let sums = items.iter().map(items::read_category);
        let mut sums: Vec<_> = sums.collect::<Result<_>>()?;
        sums.retain(|sum| sum.active_products > 0);
        Ok(sums)
    }

    async fn ledger_daily(
        &self,
        seller: &SellerId,
        from: &str,
        to: &str,
    ) -> Result<Vec<DayTotals>> {
        // DynamoDB refuses such a range.
        if from > to {
            return Ok(Vec::new());
        }
        let day = |date: &str| Place::Day(date.to_owned()).sort();
        let days = [(":from", day(from)), (":to", day(to))];
        let items = self.query(seller, "SK BETWEEN :from AND :to", days).await?;
        items.iter().map(items::read_day).collect()
    }

    /// No seller is called `-`.
    async fn ping(&self) -> Result<()> {
        let client = self.table.client().await?;
        let nobody = AttributeValue::S("SELLER#-".to_owned());
        let request = client.get_item().table_name(self.table.name());
        let request = request
            .key(items::PARTITION, nobody)
            .key(items::SORT, AttributeValue::S(Place::Totals.sort()));
        let answer = request.send().await;
        answer.map_err(|error| self.table.failed(&error))?;
        Ok(())
    }

    async fn sweep(&self, _day: &str) -> Result<()> {
        Ok(())
    }
}

impl DynamoDbLedger {
    fn turn(&self, seller: &SellerId) -> &Mutex<()> {
        let mut hasher = DefaultHasher::new();
        seller.hash(&mut hasher);
        let turn = hasher.finish() % TURNS as u64;
        &self.turns[usize::try_from(turn).unwrap_or_default()]
    }

    /// A seller's items whose sort keys meet the condition, in their order.
    async fn query<const N: usize>(
        &self,
        seller: &SellerId,
        condition: &str,
        values: [(&str, String); N],
    ) -> Result<Vec<Item>> {
        let client = self.table.client().await?;
        let mut request = client
            .query()
            .table_name(self.table.name())
            .consistent_read(true)
            .key_condition_expression(format!("PK = :seller AND {condition}"))
            .expression_attribute_values(":seller", items::partition(seller));
        for (name, value) in values {
            request = request.expression_attribute_values(name, AttributeValue::S(value));
        }
        let pages = request.into_paginator().items().send();
        let items = async {
            let items = pages.collect::<Result<Vec<_>, _>>().await;
            items.map_err(|error| self.table.failed(&error))
        };
        within(ENGINE, DEADLINE, items).await
    }
}
