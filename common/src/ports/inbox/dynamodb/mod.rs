//! The inbox in a DynamoDB table: an item per notification, by seller and sequence, as its older
//! readers know it.
//!
//! DynamoDB forgets by itself, but in its own time and in any order. So an item is not shown any
//! more once it expired: what is shown has no holes. Reads are consistent: a stream replays what
//! was put a moment ago.

mod item;
mod put;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_sdk_dynamodb::types::ScalarAttributeType;
use futures_util::future::{try_join, try_join_all};
use tokio::sync::Semaphore;

use self::item::{number, text};
use super::{Bounds, Inbox};
use crate::{
    config::Aws,
    domain::{
        clock::{self, Timestamp},
        error::Result,
        notification::{Notification, NotificationKind},
        seller::SellerId,
    },
    engines::aws_clients::{
        table::{Design, ENGINE, Item, Table},
        within,
    },
};

/// A put or a list with all its calls.
const DEADLINE: Duration = Duration::from_secs(10);
/// Batches under way at once.
const CALLS: usize = 32;
/// Items of a page behind the first one.
const PAGE: u32 = 1000;

#[derive(Debug)]
struct DynamoDbInbox {
    table: Table,
    calls: Semaphore,
}

/// Which way a query goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    OldestFirst,
    NewestFirst,
}

/// Creates what is missing with the first call.
pub(super) async fn connect(aws: &Aws, table: &str) -> Result<Arc<dyn Inbox>> {
    let design = Design {
        partition: "sellerId",
        sort: "sequence",
        sort_type: ScalarAttributeType::N,
        expiry: item::EXPIRY,
    };
    Ok(Arc::new(DynamoDbInbox {
        table: Table::new(aws, table, design).await,
        calls: Semaphore::new(CALLS),
    }))
}

#[async_trait]
impl Inbox for DynamoDbInbox {
    async fn inbox_put(&self, seller: &SellerId, notifications: &[Notification]) -> Result<()> {
        let mut items = BTreeMap::new();
        for notification in notifications {
            // A batch must not name a key twice; the first one stays, as if they came one by one.
            if let std::collections::btree_map::Entry::Vacant(place) =
                items.entry(notification.sequence)
            {
                place.insert(item::of(seller, notification)?);
            }
        }
        let mut batches = Vec::new();
        while !items.is_empty() {
            let behind = items.keys().nth(put::BATCH).copied();
            let rest = behind.map(|behind| items.split_off(&behind));
            batches.push(std::mem::replace(&mut items, rest.unwrap_or_default()));
        }
        let puts = batches
            .into_iter()
            .map(|batch| self.put_batch(seller, batch));
        within(ENGINE, DEADLINE, async {
            try_join_all(puts).await?;
            Ok(())
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
        let query = self.query(seller, after, limit, kind, Order::OldestFirst);
        let items = within(ENGINE, DEADLINE, query).await?;
        items.into_iter().map(item::read).collect()
    }

    async fn inbox_bounds(&self, seller: &SellerId) -> Result<Bounds> {
        let end = |order| self.query(seller, 0, 1, None, order);
        let ends = try_join(end(Order::OldestFirst), end(Order::NewestFirst));
        let (oldest, newest) = within(ENGINE, DEADLINE, ends).await?;
        let read = |items: Vec<Item>| items.into_iter().next().map(item::read).transpose();
        Ok(Bounds {
            oldest: read(oldest)?.map_or(0, |oldest| oldest.first()),
            newest: read(newest)?.map_or(0, |newest| newest.sequence),
        })
    }

    /// No seller is called `-`.
    async fn ping(&self) -> Result<()> {
        let client = self.table.client().await?;
        let request = client.get_item().table_name(self.table.name());
        let request = request
            .key("sellerId", text("-"))
            .key("sequence", number(0));
        let answer = request.send().await;
        answer.map_err(|error| self.table.failed(&error))?;
        Ok(())
    }

    async fn sweep(&self, _before: Timestamp) -> Result<()> {
        Ok(())
    }
}

impl DynamoDbInbox {
    /// A seller's unexpired items above `after`, at most `limit`.
    async fn query(
        &self,
        seller: &SellerId,
        after: i64,
        limit: u32,
        kind: Option<NotificationKind>,
        order: Order,
    ) -> Result<Vec<Item>> {
        let client = self.table.client().await?;
        let mut filter = "(attribute_not_exists(#ttl) OR #ttl > :now)".to_owned();
        if kind.is_some() {
            filter.push_str(" AND #type = :kind");
        }
        let mut request = client
            .query()
            .table_name(self.table.name())
            .consistent_read(true)
            .scan_index_forward(order == Order::OldestFirst)
            .key_condition_expression("sellerId = :seller AND #sequence > :after")
            .expression_attribute_names("#sequence", "sequence")
            .expression_attribute_values(":seller", text(seller.as_str()))
            .expression_attribute_values(":after", number(after))
            .filter_expression(filter)
            .expression_attribute_names("#ttl", item::EXPIRY)
            .expression_attribute_values(":now", number(clock::now().millis().div_euclid(1000)));
        if let Some(kind) = kind {
            request = request
                .expression_attribute_names("#type", "type")
                .expression_attribute_values(":kind", text(kind.as_str()));
        }
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        // A page counts what the filter leaves out, too.
        let mut page = limit.min(PAGE);
        while found.len() < wanted {
            let page_size = i32::try_from(page).unwrap_or(i32::MAX);
            let answer = request.clone().limit(page_size).send().await;
            let answer = answer.map_err(|error| self.table.failed(&error))?;
            found.extend(answer.items.unwrap_or_default());
            let Some(reached) = answer.last_evaluated_key else {
                break;
            };
            request = request.set_exclusive_start_key(Some(reached));
            page = PAGE;
        }
        found.truncate(wanted);
        Ok(found)
    }
}
