//! The inbox in a DynamoDB table: one item per notification, keyed by seller and sequence, in the
//! format that existing readers expect.
//!
//! DynamoDB deletes expired items late and in any order. Queries therefore filter them out, so that
//! results have no gaps. Reads are consistent, because a stream replays notifications right after
//! they were stored.

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
use super::{Inbox, InboxBounds};
use crate::{
    config::Aws,
    domain::{
        clock::{self, Timestamp},
        error::Result,
        notification::{Notification, NotificationKind},
        port::Port,
        record::LOG_RETENTION,
        seller::SellerId,
    },
    engines::aws_clients::table::{Design, Item, Table},
};

/// Limits one method with all its calls.
const OPERATION_DEADLINE: Duration = Duration::from_secs(10);
/// Batches written at the same time. A large put would otherwise be throttled.
const MAX_CONCURRENT_BATCHES: usize = 32;
/// Batches of one seller written at the same time, so that only the newest items of a seller can
/// have a hole.
const WINDOW_BATCHES: usize = 10;
/// Items per page, after the first page.
const MAX_PAGE_ITEMS: u32 = 1000;

#[derive(Debug)]
struct DynamoDbInbox {
    table: Table,
    batch_permits: Semaphore,
}

/// The direction of a query.
#[derive(Clone, Copy, PartialEq, Eq)]
enum QueryOrder {
    OldestFirst,
    NewestFirst,
}

/// Creates what is missing with the first call.
pub(super) async fn connect(aws: &Aws, table: &str) -> Result<Arc<dyn Inbox>> {
    let design = Design {
        port: Port::Inbox,
        partition: "sellerId",
        sort: "sequence",
        sort_type: ScalarAttributeType::N,
        expiry: item::EXPIRY_ATTRIBUTE,
    };
    Ok(Arc::new(DynamoDbInbox {
        table: Table::new(aws, table, design).await,
        batch_permits: Semaphore::new(MAX_CONCURRENT_BATCHES),
    }))
}

#[async_trait]
impl Inbox for DynamoDbInbox {
    async fn inbox_put(&self, seller: &SellerId, notifications: &[Notification]) -> Result<()> {
        let mut items = BTreeMap::new();
        for notification in notifications {
            // A batch must not contain a key twice. The first one wins, as with single puts.
            if let std::collections::btree_map::Entry::Vacant(entry) =
                items.entry(notification.sequence)
            {
                entry.insert(item::encode(seller, notification)?);
            }
        }
        let mut batches = Vec::new();
        while !items.is_empty() {
            let next_batch = items.keys().nth(put::MAX_BATCH_ITEMS).copied();
            let rest = next_batch.map(|first| items.split_off(&first));
            batches.push(std::mem::replace(&mut items, rest.unwrap_or_default()));
        }
        let mut batches = batches.into_iter().peekable();
        while batches.peek().is_some() {
            let window = batches.by_ref().take(WINDOW_BATCHES);
            let puts = window.map(|batch| self.put_batch(seller, batch));
            self.table
                .within(OPERATION_DEADLINE, try_join_all(puts))
                .await?;
        }
        Ok(())
    }

    async fn inbox_list(
        &self,
        seller: &SellerId,
        after: i64,
        limit: u32,
        kind: Option<NotificationKind>,
    ) -> Result<Vec<Notification>> {
        let query = self.query(seller, after, limit, kind, QueryOrder::OldestFirst);
        let items = self.table.within(OPERATION_DEADLINE, query).await?;
        items.into_iter().map(item::decode).collect()
    }

    async fn inbox_bounds(&self, seller: &SellerId) -> Result<InboxBounds> {
        let end = |order| self.query(seller, 0, 1, None, order);
        let ends = try_join(end(QueryOrder::OldestFirst), end(QueryOrder::NewestFirst));
        let (oldest, newest) = self.table.within(OPERATION_DEADLINE, ends).await?;
        let read = |items: Vec<Item>| items.into_iter().next().map(item::decode).transpose();
        Ok(InboxBounds {
            oldest: read(oldest)?.map_or(0, |oldest| oldest.first()),
            newest: read(newest)?.map_or(0, |newest| newest.sequence),
        })
    }

    /// A put that was cut off leaves holes in its last window only.
    async fn inbox_last(&self, seller: &SellerId) -> Result<i64> {
        let window = u32::try_from(WINDOW_BATCHES * put::MAX_BATCH_ITEMS).unwrap_or(u32::MAX);
        let query = self.query(seller, 0, window, None, QueryOrder::NewestFirst);
        let newest = self.table.within(OPERATION_DEADLINE, query).await?;
        let is_all = newest.len() < WINDOW_BATCHES * put::MAX_BATCH_ITEMS;
        let fresh_from = clock::now().minus(LOG_RETENTION).millis();
        let (mut last, mut next_from, mut fresh) = (0, None, false);
        for item in newest {
            let stored = item::decode(item)?;
            if next_from.is_none_or(|from| stored.sequence + 1 < from) {
                last = stored.sequence;
            }
            next_from = Some(stored.accounts_from());
            fresh = stored.timestamp > fresh_from;
        }
        // What is before the oldest has expired, unless that is so young that it may yet come.
        let may_lack_first = is_all && fresh && next_from.is_some_and(|from| from > 1);
        Ok(if may_lack_first { 0 } else { last })
    }

    /// Reads a key that cannot exist: `-` is no valid seller.
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
        order: QueryOrder,
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
            .scan_index_forward(order == QueryOrder::OldestFirst)
            .key_condition_expression("sellerId = :seller AND #sequence > :after")
            .expression_attribute_names("#sequence", "sequence")
            .expression_attribute_values(":seller", text(seller.as_str()))
            .expression_attribute_values(":after", number(after))
            .filter_expression(filter)
            .expression_attribute_names("#ttl", item::EXPIRY_ATTRIBUTE)
            .expression_attribute_values(":now", number(clock::now().millis().div_euclid(1000)));
        if let Some(kind) = kind {
            request = request
                .expression_attribute_names("#type", "type")
                .expression_attribute_values(":kind", text(kind.as_str()));
        }
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        // DynamoDB applies the limit before the filter, so a page can contain fewer items.
        let mut page_limit = limit.min(MAX_PAGE_ITEMS);
        while found.len() < wanted {
            let page_size = i32::try_from(page_limit).unwrap_or(i32::MAX);
            let answer = request.clone().limit(page_size).send().await;
            let answer = answer.map_err(|error| self.table.failed(&error))?;
            found.extend(answer.items.unwrap_or_default());
            let Some(last_key) = answer.last_evaluated_key else {
                break;
            };
            request = request.set_exclusive_start_key(Some(last_key));
            page_limit = MAX_PAGE_ITEMS;
        }
        found.truncate(wanted);
        Ok(found)
    }
}
