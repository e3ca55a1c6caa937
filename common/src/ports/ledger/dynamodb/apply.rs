//! How events are applied: a seller's items as they stand in one moment are read, added to and
//! written in one transaction that only succeeds while the watermarks are those that were read.
//! So an event counts once, whoever else applies it at the same time and however often a
//! transaction is sent.
//!
//! A transaction has room for 100 items. Events that touch more go in several, each with the
//! watermark of its own last event.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::{
    operation::{
        transact_get_items::TransactGetItemsError, transact_write_items::TransactWriteItemsError,
    },
    types::{CancellationReason, Delete, Get, Put, TransactGetItem, TransactWriteItem},
};

use super::{
    DynamoDbLedger,
    items::{self, Head, Place},
};
use crate::{
    domain::{
        error::{Error, Result},
        event::Event,
        money::Amount,
        record::Topic,
        seller::SellerId,
        stats::{CategoryTotals, DayTotals, Fold},
    },
    engines::aws_clients::table::{ENGINE, Item, unbuilt},
};

/// Items that one transaction reads or writes.
const ITEMS: usize = 100;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// A transaction, unless somebody else was at the same items.
enum Tried<T> {
    Done(T),
    Beaten,
}

impl DynamoDbLedger {
    /// Applies what is above the watermark, piece by piece.
    pub(super) async fn apply(
        &self,
        seller: &SellerId,
        topic: Topic,
        events: &[Event],
    ) -> Result<()> {
        let mut left: Vec<&Event> = events.iter().collect();
        let mut pause = FIRST_PAUSE;
        while !left.is_empty() {
            let (count, places) = piece(&left);
            match self
                .apply_piece(seller, topic, &left[..count], places)
                .await?
            {
                Tried::Done(mark) => {
                    left.drain(..count);
                    left.retain(|event| event.sequence > mark);
                    pause = FIRST_PAUSE;
                }
                Tried::Beaten => {
                    tokio::time::sleep(jittered(pause)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        Ok(())
    }

    /// Answers the topic's watermark.
    async fn apply_piece(
        &self,
        seller: &SellerId,
        topic: Topic,
        events: &[&Event],
        places: BTreeSet<Place>,
    ) -> Result<Tried<i64>> {
        let Tried::Done(mut items) = self.read(seller, places).await? else {
            return Ok(Tried::Beaten);
        };
        let head = items
            .remove(&Place::Totals)
            .map(|item| Head::read(&item))
            .transpose()?;
        let before = head.as_ref().map_or(0, |head| head.watermark(topic));
        let fresh = above(events, before);
        let Some(mark) = fresh.last().map(|event| event.sequence) else {
            return Ok(Tried::Done(before));
        };
        let fold = Fold::of(fresh.iter().copied());
        let mut after = head.clone().unwrap_or_default();
        after.totals += &fold.totals;
        // Topics arrive in any interleaving; time does not go back.
        after.last_updated = fresh
            .iter()
            .map(|event| event.timestamp)
            .max()
            .max(after.last_updated);
        after.watermarks.insert(topic.as_str().to_owned(), mark);
        let mut writes = vec![self.put_head(seller, head.as_ref(), &after)?];
        for (name, difference) in fold.categories {
            let stored = items.remove(&Place::Category(name));
            writes.push(self.add_category(seller, stored.as_ref(), difference)?);
        }
        for (date, difference) in fold.days {
            let stored = items.remove(&Place::Day(date));
            writes.push(self.add_day(seller, stored.as_ref(), difference)?);
        }
        Ok(match self.write(writes).await? {
            Tried::Done(()) => Tried::Done(mark),
            Tried::Beaten => Tried::Beaten,
        })
    }

    /// Those of the items that exist, all of one moment.
    async fn read(
        &self,
        seller: &SellerId,
        places: BTreeSet<Place>,
    ) -> Result<Tried<std::collections::BTreeMap<Place, Item>>> {
        let client = self.table.client().await?;
        let gets = places.iter().map(|place| {
            let get = Get::builder().table_name(self.table.name());
            let get = get.set_key(Some(place.key(seller))).build();
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
                        beaten(cancelled.cancellation_reasons())
                    }
                    _ => Err(self.table.failed(&error)),
                };
            }
        };
        let responses = answer.responses.unwrap_or_default().into_iter();
        let found = places.into_iter().zip(responses);
        let found = found.filter_map(|(place, response)| Some((place, response.item?)));
        Ok(Tried::Done(found.collect()))
    }

    async fn write(&self, writes: Vec<TransactWriteItem>) -> Result<Tried<()>> {
        let client = self.table.client().await?;
        let request = client.transact_write_items();
        match request.set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(Tried::Done(())),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    beaten(cancelled.cancellation_reasons())
                }
                _ => Err(self.table.failed(&error)),
            },
        }
    }

    /// The condition that holds the whole transaction together.
    fn put_head(
        &self,
        seller: &SellerId,
        before: Option<&Head>,
        after: &Head,
    ) -> Result<TransactWriteItem> {
        let put = self.put(after.write(seller));
        let put = match before {
            None => put.condition_expression("attribute_not_exists(PK)"),
            Some(before) => put
                .condition_expression("#watermarks = :before")
                .expression_attribute_names("#watermarks", items::WATERMARKS)
                .expression_attribute_values(":before", before.stored_watermarks()),
        };
        Ok(TransactWriteItem::builder()
            .put(put.build().map_err(unbuilt)?)
            .build())
    }

    /// A category without anything in it has no item.
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
            let key = Place::Category(sum.category).key(seller);
            let delete = Delete::builder().table_name(self.table.name());
            let delete = delete.set_key(Some(key)).build().map_err(unbuilt)?;
            return Ok(write.delete(delete).build());
        }
        let put = self.put(items::write_category(seller, &sum)).build();
        Ok(write.put(put.map_err(unbuilt)?).build())
    }

    fn add_day(
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

    fn put(&self, item: Item) -> aws_sdk_dynamodb::types::builders::PutBuilder {
        Put::builder()
            .table_name(self.table.name())
            .set_item(Some(item))
    }
}

/// How many of the events fit into one transaction, and the items they touch.
fn piece(events: &[&Event]) -> (usize, BTreeSet<Place>) {
    let mut places = BTreeSet::from([Place::Totals]);
    for (count, event) in events.iter().enumerate() {
        let fold = Fold::of([*event]);
        let categories = fold.categories.into_keys().map(Place::Category);
        let touched = categories.chain(fold.days.into_keys().map(Place::Day));
        let new: Vec<_> = touched.filter(|place| !places.contains(place)).collect();
        if places.len() + new.len() > ITEMS {
            return (count, places);
        }
        places.extend(new);
    }
    (events.len(), places)
}

/// The events above the watermark. One that stands twice in the run, because the relay sent it
/// twice, is taken once.
fn above<'a>(events: &[&'a Event], mut mark: i64) -> Vec<&'a Event> {
    let mut fresh = Vec::with_capacity(events.len());
    for event in events {
        if event.sequence > mark {
            mark = event.sequence;
            fresh.push(*event);
        }
    }
    fresh
}

fn is_empty(sum: &CategoryTotals) -> bool {
    let numbers = [sum.active_products, sum.total_quantity];
    let amounts = [sum.total_value, sum.price_sum];
    numbers == [0; 2] && amounts == [Amount::ZERO; 2]
}

/// A cancelled transaction is tried again, unless DynamoDB would never take it.
fn beaten<T>(reasons: &[CancellationReason]) -> Result<Tried<T>> {
    let refused = reasons
        .iter()
        .find(|reason| reason.code() == Some("ValidationError"));
    match refused {
        None => Ok(Tried::Beaten),
        Some(reason) => Err(Error::Corrupt(format!(
            "{ENGINE} refuses an item: {}",
            reason.message().unwrap_or("no message")
        ))),
    }
}

/// Half to all of the pause, so that two do not meet again and again.
fn jittered(pause: Duration) -> Duration {
    let random = u32::from(uuid::Uuid::new_v4().as_bytes()[0]);
    pause / 2 + pause * random / 512
}
