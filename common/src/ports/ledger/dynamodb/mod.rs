//! The ledger in a DynamoDB table: a seller's totals, categories and days are items of one
//! partition, in the format that dashboards read. DynamoDB itself expires days.

mod apply;
mod items;
mod reset;
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

use self::items::{LedgerKey, TotalsItem};
use super::Ledger;
use crate::{
    config::Aws,
    domain::{
        clock::Timestamp,
        error::Result,
        event::Event,
        port::Port,
        record::Topic,
        seller::SellerId,
        stats::{CategoryTotals, DayTotals, SellerRecount, SellerTotals},
    },
    engines::aws_clients::table::{Design, Item, Table},
};

/// Limits one method with all its calls. Transactions committed by then stay committed.
const OPERATION_DEADLINE: Duration = Duration::from_secs(10);
/// A reset writes every category of a seller.
const RESET_DEADLINE: Duration = Duration::from_secs(60);
/// Locks shared by all sellers. A seller's transactions run one after another, because concurrent
/// ones would only conflict.
const SELLER_LOCK_COUNT: usize = 32;

#[derive(Debug)]
struct DynamoDbLedger {
    table: Table,
    seller_locks: [Mutex<()>; SELLER_LOCK_COUNT],
}

/// Creates what is missing with the first call.
pub(super) async fn connect(aws: &Aws, table: &str) -> Result<Arc<dyn Ledger>> {
    let design = Design {
        port: Port::Ledger,
        partition: items::PARTITION_KEY,
        sort: items::SORT_KEY,
        sort_type: ScalarAttributeType::S,
        expiry: items::EXPIRY_ATTRIBUTE,
    };
    Ok(Arc::new(DynamoDbLedger {
        table: Table::new(aws, table, design).await,
        seller_locks: std::array::from_fn(|_| Mutex::new(())),
    }))
}

#[async_trait]
impl Ledger for DynamoDbLedger {
    async fn ledger_apply(&self, seller: &SellerId, topic: Topic, events: &[Event]) -> Result<()> {
        self.table
            .within(OPERATION_DEADLINE, async {
                let _guard = self.seller_lock(seller).lock().await;
                self.apply(seller, topic, events).await
            })
            .await
    }

    async fn ledger_totals(&self, seller: &SellerId) -> Result<(SellerTotals, Option<Timestamp>)> {
        let client = self.table.client().await?;
        let request = client.get_item().table_name(self.table.name());
        let request = request
            .set_key(Some(LedgerKey::SellerTotals.attributes(seller)))
            .consistent_read(true);
        let answer = request.send().await;
        let answer = answer.map_err(|error| self.table.failed(&error))?;
        let item = answer
            .item
            .map_or_else(|| Ok(TotalsItem::default()), |item| TotalsItem::read(&item))?;
        Ok((item.totals, item.last_updated))
    }

    async fn ledger_categories(&self, seller: &SellerId) -> Result<Vec<CategoryTotals>> {
        let prefix = [(":prefix", items::CATEGORY_PREFIX.to_owned())];
        let items = self
            .query(seller, "begins_with(SK, :prefix)", prefix)
            .await?;
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
        let day = |date: &str| LedgerKey::Day(date.to_owned()).sort_key();
        let days = [(":from", day(from)), (":to", day(to))];
        let items = self.query(seller, "SK BETWEEN :from AND :to", days).await?;
        items.iter().map(items::read_day).collect()
    }

    async fn ledger_reset(
        &self,
        seller: &SellerId,
        recount: &SellerRecount,
        at: Timestamp,
    ) -> Result<bool> {
        self.table
            .within(RESET_DEADLINE, async {
                let _guard = self.seller_lock(seller).lock().await;
                self.reset(seller, recount, at).await
            })
            .await
    }

    /// Reads the whole table, for there is no other list.
    async fn counted_sellers(&self) -> Result<Vec<SellerId>> {
        let client = self.table.client().await?;
        let pages = client
            .scan()
            .table_name(self.table.name())
            .filter_expression("SK = :totals")
            .expression_attribute_values(
                ":totals",
                AttributeValue::S(LedgerKey::SellerTotals.sort_key()),
            )
            .projection_expression(items::PARTITION_KEY)
            .into_paginator()
            .items()
            .send();
        let found = pages.collect::<Result<Vec<_>, _>>().await;
        let found: Vec<Item> = found.map_err(|error| self.table.failed(&error))?;
        found.iter().map(items::read_seller).collect()
    }

    /// Reads a key that cannot exist: `-` is no valid seller.
    async fn ping(&self) -> Result<()> {
        let client = self.table.client().await?;
        let unknown_seller = AttributeValue::S("SELLER#-".to_owned());
        let request = client.get_item().table_name(self.table.name());
        let request = request.key(items::PARTITION_KEY, unknown_seller).key(
            items::SORT_KEY,
            AttributeValue::S(LedgerKey::SellerTotals.sort_key()),
        );
        let answer = request.send().await;
        answer.map_err(|error| self.table.failed(&error))?;
        Ok(())
    }

    async fn sweep(&self, _day: &str) -> Result<()> {
        Ok(())
    }
}

impl DynamoDbLedger {
    fn seller_lock(&self, seller: &SellerId) -> &Mutex<()> {
        let mut hasher = DefaultHasher::new();
        seller.hash(&mut hasher);
        let index = hasher.finish() % SELLER_LOCK_COUNT as u64;
        &self.seller_locks[usize::try_from(index).unwrap_or_default()]
    }

    /// A seller's items whose sort keys match the condition, in key order.
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
        self.table.within(OPERATION_DEADLINE, items).await
    }
}
