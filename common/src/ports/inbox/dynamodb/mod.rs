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
use futures_util::future::try_join;

use self::{
    item::{StoredPlace, number, text},
    put::MAX_WINDOW_ITEMS,
};
use super::{Inbox, InboxBounds, InboxEnd};
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
/// Items per page, after the first page.
const MAX_PAGE_ITEMS: u32 = 1000;

#[derive(Debug)]
struct DynamoDbInbox {
    table: Arc<Table>,
}

/// The direction of a query.
#[derive(Clone, Copy, PartialEq, Eq)]
enum QueryOrder {
    OldestFirst,
    NewestFirst,
}

/// Which items a query returns, and how much of them.
#[derive(Clone, Copy, Default)]
struct QueryFilter {
    kind: Option<NotificationKind>,
    /// Only what [`item::place`] reads.
    places_only: bool,
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
        table: Arc::new(Table::new(aws, table, design).await),
    }))
}

#[async_trait]
impl Inbox for DynamoDbInbox {
    async fn notifications_put(&self, notifications: &[Arc<Notification>]) -> Result<()> {
        self.put_all(notifications).await
    }

    async fn inbox_list(
        &self,
        seller: &SellerId,
        after: i64,
        limit: u32,
        kind: Option<NotificationKind>,
    ) -> Result<Vec<Notification>> {
        let filter = QueryFilter {
            kind,
            ..QueryFilter::default()
        };
        let query = self.query(seller, after, limit, filter, QueryOrder::OldestFirst);
        let items = self.table.within(OPERATION_DEADLINE, query).await?;
        items.into_iter().map(item::decode).collect()
    }

    async fn inbox_bounds(&self, seller: &SellerId) -> Result<InboxBounds> {
        let end = |order| self.query(seller, 0, 1, QueryFilter::default(), order);
        let ends = try_join(end(QueryOrder::OldestFirst), end(QueryOrder::NewestFirst));
        let (oldest, newest) = self.table.within(OPERATION_DEADLINE, ends).await?;
        let read = |items: Vec<Item>| items.into_iter().next().map(item::decode).transpose();
        Ok(InboxBounds {
            oldest: read(oldest)?.map_or(0, |oldest| oldest.first()),
            newest: read(newest)?.map_or(0, |newest| newest.sequence),
        })
    }

    /// An interrupted put left its items in any order, but only within its last window.
    async fn inbox_end(&self, seller: &SellerId) -> Result<InboxEnd> {
        let window = u32::try_from(MAX_WINDOW_ITEMS).unwrap_or(u32::MAX);
        let filter = QueryFilter {
            places_only: true,
            ..QueryFilter::default()
        };
        let query = self.query(seller, 0, window, filter, QueryOrder::NewestFirst);
        let newest = self.table.within(OPERATION_DEADLINE, query).await?;
        let newest: Vec<_> = newest.iter().map(item::place).collect::<Result<_>>()?;
        Ok(end_of(&newest, clock::now()))
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
        filter: QueryFilter,
        order: QueryOrder,
    ) -> Result<Vec<Item>> {
        let client = self.table.client().await?;
        // An item without an expiry stays; an expired one is deleted late.
        let mut condition = "(attribute_not_exists(#ttl) OR #ttl > :now)".to_owned();
        if filter.kind.is_some() {
            condition.push_str(" AND #type = :kind");
        }
        let mut request = client
            .query()
            .table_name(self.table.name())
            .consistent_read(true)
            .scan_index_forward(order == QueryOrder::OldestFirst)
            // The key alone decides what is read, and so what is paid for; the filter comes after it.
            .key_condition_expression("sellerId = :seller AND #sequence > :after")
            .expression_attribute_names("#sequence", "sequence")
            .expression_attribute_values(":seller", text(seller.as_str()))
            .expression_attribute_values(":after", number(after))
            .filter_expression(condition)
            .expression_attribute_names("#ttl", item::EXPIRY_ATTRIBUTE)
            .expression_attribute_values(":now", number(clock::now().millis().div_euclid(1000)));
        if let Some(kind) = filter.kind {
            request = request
                .expression_attribute_names("#type", "type")
                .expression_attribute_values(":kind", text(kind.as_str()));
        }
        // Names in place of attributes: some are reserved words of DynamoDB.
        if filter.places_only {
            let mut names = Vec::new();
            for (number, attribute) in item::PLACE_ATTRIBUTES.iter().enumerate() {
                let name = format!("#place{number}");
                request = request.expression_attribute_names(&name, *attribute);
                names.push(name);
            }
            request = request.projection_expression(names.join(", "));
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

/// The end of an inbox by its newest items, newest first: the last hole among them is its end. What
/// is before the oldest of all has expired, unless that is so young that it may yet come.
fn end_of(newest: &[StoredPlace], now: Timestamp) -> InboxEnd {
    let mut above: BTreeMap<i64, i64> = BTreeMap::new();
    let (mut last, mut last_at, mut next_from) = (0, 0, None);
    for stored in newest {
        if next_from.is_none_or(|from| stored.sequence + 1 < from) {
            (last, last_at) = (stored.sequence, stored.timestamp);
        }
        next_from = Some(stored.from.min(next_from.unwrap_or(i64::MAX)));
        above.insert(stored.sequence, stored.from);
    }
    let oldest = newest.last();
    let fresh_from = now.minus(LOG_RETENTION).millis();
    let is_young = oldest.is_some_and(|oldest| oldest.from > 1 && oldest.timestamp > fresh_from);
    if newest.len() < MAX_WINDOW_ITEMS && is_young {
        (last, last_at) = (0, 0);
    }
    InboxEnd {
        last,
        last_at: Timestamp::from_millis(last_at),
        above: above.split_off(&last.saturating_add(1)),
    }
}
