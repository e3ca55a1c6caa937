//! How events are applied: one transaction reads a consistent snapshot of the seller's items, a
//! second one writes the new sums on condition that the watermarks are still the same. So an event
//! counts once, even when several processes apply it or a transaction is sent again.
//!
//! A transaction can contain 100 items. Events that touch more are split into several transactions,
//! each with the watermark of its own last event.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::{
    operation::{
        transact_get_items::TransactGetItemsError, transact_write_items::TransactWriteItemsError,
    },
    types::{CancellationReason, Delete, Get, Put, TransactGetItem, TransactWriteItem},
};

use super::{
    DynamoDbLedger,
    items::{self, LedgerKey, TotalsItem},
};
use crate::{
    backoff::Backoff,
    domain::{
        error::{Error, Result},
        event::Event,
        money::Amount,
        record::Topic,
        seller::SellerId,
        stats::{CategoryTotals, DayTotals, EventFold},
    },
    engines::aws_clients::table::{ENGINE, Item, unbuilt},
    ports::ledger::above_watermark,
};

/// DynamoDB's limit for one transaction.
pub(super) const MAX_TRANSACTION_ITEMS: usize = 100;
/// Before a transaction that met another one is tried again.
const FIRST_CONFLICT_PAUSE: Duration = Duration::from_millis(10);
const MAX_CONFLICT_PAUSE: Duration = Duration::from_millis(500);

/// How a transaction ended.
pub(super) enum TransactionOutcome<T> {
    Committed(T),
    /// Another process changed the same items first.
    Conflict,
}

impl DynamoDbLedger {
    /// Applies the events above the watermark, one transaction after another.
    pub(super) async fn apply(
        &self,
        seller: &SellerId,
        topic: Topic,
        events: &[Event],
    ) -> Result<()> {
        let mut left: Vec<&Event> = events.iter().collect();
        let mut backoff = Backoff::new(FIRST_CONFLICT_PAUSE, MAX_CONFLICT_PAUSE);
        while !left.is_empty() {
            let (count, keys) = fit_transaction(&left);
            match self
                .apply_transaction(seller, topic, &left[..count], keys)
                .await?
            {
                TransactionOutcome::Committed(mark) => {
                    left.drain(..count);
                    left.retain(|event| event.sequence > mark);
                    backoff.reset();
                }
                TransactionOutcome::Conflict => backoff.wait().await,
            }
        }
        Ok(())
    }

    /// Returns the topic's watermark.
    async fn apply_transaction(
        &self,
        seller: &SellerId,
        topic: Topic,
        events: &[&Event],
        keys: BTreeSet<LedgerKey>,
    ) -> Result<TransactionOutcome<i64>> {
        let TransactionOutcome::Committed(mut items) = self.read(seller, keys).await? else {
            return Ok(TransactionOutcome::Conflict);
        };
        let stored = items
            .remove(&LedgerKey::SellerTotals)
            .map(|item| TotalsItem::read(&item))
            .transpose()?;
        let watermark = stored.as_ref().map_or(0, |totals| totals.watermark(topic));
        let fresh = above_watermark(events.iter().copied(), watermark);
        let Some(mark) = fresh.last().map(|event| event.sequence) else {
            return Ok(TransactionOutcome::Committed(watermark));
        };
        let fold = EventFold::of(fresh.iter().copied());
        let mut after = stored.clone().unwrap_or_default();
        after.totals += &fold.totals;
        // Topics arrive in any interleaving; time does not go back.
        after.last_updated = fresh
            .iter()
            .map(|event| event.timestamp)
            .max()
            .max(after.last_updated);
        after.watermarks.insert(topic.as_str().to_owned(), mark);
        let mut writes = vec![self.put_totals(seller, stored.as_ref(), &after)?];
        for (name, difference) in fold.categories {
            let stored = items.remove(&LedgerKey::Category(name));
            writes.push(self.add_category(seller, stored.as_ref(), difference)?);
        }
        for (date, difference) in fold.days {
            let stored = items.remove(&LedgerKey::Day(date));
            writes.push(self.add_day(seller, stored.as_ref(), difference)?);
        }
        Ok(match self.write(writes).await? {
            TransactionOutcome::Committed(()) => TransactionOutcome::Committed(mark),
            TransactionOutcome::Conflict => TransactionOutcome::Conflict,
        })
    }

    /// A consistent snapshot of those items that exist.
    pub(super) async fn read(
        &self,
        seller: &SellerId,
        keys: BTreeSet<LedgerKey>,
    ) -> Result<TransactionOutcome<std::collections::BTreeMap<LedgerKey, Item>>> {
        let client = self.table.client().await?;
        let gets = keys.iter().map(|key| {
            let get = Get::builder().table_name(self.table.name());
            let get = get.set_key(Some(key.attributes(seller))).build();
            Ok(TransactGetItem::builder()
                .get(get.map_err(unbuilt)?)
                .build())
        });
        let gets = gets.collect::<Result<Vec<_>>>()?;
        let answer = client
            .transact_get_items()
            .set_transact_items(Some(gets))
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                return match error.as_service_error() {
                    Some(TransactGetItemsError::TransactionCanceledException(cancelled)) => {
                        cancellation_outcome(cancelled.cancellation_reasons())
                    }
                    _ => Err(self.table.failed(&error)),
                };
            }
        };
        let responses = answer.responses.unwrap_or_default().into_iter();
        let found = keys.into_iter().zip(responses);
        let found = found.filter_map(|(key, response)| Some((key, response.item?)));
        Ok(TransactionOutcome::Committed(found.collect()))
    }

    pub(super) async fn write(
        &self,
        writes: Vec<TransactWriteItem>,
    ) -> Result<TransactionOutcome<()>> {
        let client = self.table.client().await?;
        let request = client.transact_write_items();
        match request.set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(TransactionOutcome::Committed(())),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    cancellation_outcome(cancelled.cancellation_reasons())
                }
                _ => Err(self.table.failed(&error)),
            },
        }
    }

    /// Its condition makes the whole transaction fail after a concurrent change.
    pub(super) fn put_totals(
        &self,
        seller: &SellerId,
        before: Option<&TotalsItem>,
        after: &TotalsItem,
    ) -> Result<TransactWriteItem> {
        let put = self.put(after.write(seller));
        let put = match before {
            // The seller's first events: another process may have put its item since it was missing.
            None => put.condition_expression("attribute_not_exists(PK)"),
            // All watermarks, not the topic's alone: the item has the sums of both topics, so that a
            // change by either one makes ours stale. The other items need no condition: whoever changes
            // them changes this one in the same transaction.
            Some(before) => put
                .condition_expression("#watermarks = :before")
                .expression_attribute_names("#watermarks", items::WATERMARKS_ATTRIBUTE)
                .expression_attribute_values(":before", before.stored_watermarks()),
        };
        Ok(TransactWriteItem::builder()
            .put(put.build().map_err(unbuilt)?)
            .build())
    }

    /// Deletes the item of an empty category.
    fn add_category(
        &self,
        seller: &SellerId,
        stored: Option<&Item>,
        difference: CategoryTotals,
    ) -> Result<TransactWriteItem> {
        let mut sum = difference;
        if let Some(stored) = stored {
            sum += &items::read_category(stored)?;
        }
        let write = TransactWriteItem::builder();
        if is_empty(&sum) {
            let key = LedgerKey::Category(sum.category).attributes(seller);
            let delete = Delete::builder().table_name(self.table.name());
            let delete = delete.set_key(Some(key)).build().map_err(unbuilt)?;
            return Ok(write.delete(delete).build());
        }
        let put = self.put(items::write_category(seller, &sum)).build();
        Ok(write.put(put.map_err(unbuilt)?).build())
    }

    pub(super) fn add_day(
        &self,
        seller: &SellerId,
        stored: Option<&Item>,
        difference: DayTotals,
    ) -> Result<TransactWriteItem> {
        let mut sum = difference;
        if let Some(stored) = stored {
            sum += &items::read_day(stored)?;
        }
        let put = self.put(items::write_day(seller, &sum)?).build();
        Ok(TransactWriteItem::builder()
            .put(put.map_err(unbuilt)?)
            .build())
    }

    pub(super) fn put(&self, item: Item) -> aws_sdk_dynamodb::types::builders::PutBuilder {
        Put::builder()
            .table_name(self.table.name())
            .set_item(Some(item))
    }
}

/// How many of the events fit into one transaction, and the keys of the items they touch.
fn fit_transaction(events: &[&Event]) -> (usize, BTreeSet<LedgerKey>) {
    let mut keys = BTreeSet::from([LedgerKey::SellerTotals]);
    for (count, event) in events.iter().enumerate() {
        let fold = EventFold::of([*event]);
        let categories = fold.categories.into_keys().map(LedgerKey::Category);
        let touched = categories.chain(fold.days.into_keys().map(LedgerKey::Day));
        let new: Vec<_> = touched.filter(|key| !keys.contains(key)).collect();
        if keys.len() + new.len() > MAX_TRANSACTION_ITEMS {
            return (count, keys);
        }
        keys.extend(new);
    }
    (events.len(), keys)
}

fn is_empty(sum: &CategoryTotals) -> bool {
    let numbers = [sum.active_products, sum.total_quantity];
    let amounts = [sum.total_value, sum.price_sum];
    numbers == [0; 2] && amounts == [Amount::ZERO; 2]
}

/// A cancelled transaction is a conflict, unless DynamoDB would never accept it.
fn cancellation_outcome<T>(reasons: &[CancellationReason]) -> Result<TransactionOutcome<T>> {
    let refused = reasons
        .iter()
        .find(|reason| reason.code() == Some("ValidationError"));
    match refused {
        None => Ok(TransactionOutcome::Conflict),
        Some(reason) => Err(Error::Corrupt(format!(
            "{ENGINE} refuses an item: {}",
            reason.message().unwrap_or("no message")
        ))),
    }
}
