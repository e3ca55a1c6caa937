//! How notifications are stored: those of all sellers mixed into full batches, several batches at
//! the same time, each sent until DynamoDB has accepted every item.
//!
//! Nothing is read first, so a put could change an item. The caller puts nothing that the table
//! already had when it asked for a seller's end; and another process that stores the same
//! notification derives it from the same event, so that both are equal and either may win.
//!
//! A put that is interrupted leaves any of its items. They are put in windows, with at most
//! [`MAX_WINDOW_ITEMS`] of one seller, one window after the other, so only among a seller's newest
//! items of that number something may be missing.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    sync::Arc,
    time::Duration,
};

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio_util::task::AbortOnDropHandle;

use super::{DynamoDbInbox, OPERATION_DEADLINE, item};
use crate::{
    backoff::Backoff,
    domain::{error::Result, notification::Notification, seller::SellerId},
    engines::aws_clients::table::{Table, unbuilt},
};

/// Items of one seller that are written at the same time.
pub(super) const MAX_WINDOW_ITEMS: usize = 250;
/// DynamoDB's limit for one batch.
const MAX_BATCH_ITEMS: usize = 25;
/// Batches written at the same time. More would be throttled.
const MAX_CONCURRENT_BATCHES: usize = 32;
/// Before unprocessed requests are sent again.
const FIRST_RESEND_PAUSE: Duration = Duration::from_millis(20);
const MAX_RESEND_PAUSE: Duration = Duration::from_secs(1);

impl DynamoDbInbox {
    /// Stores everything, or fails and may have stored any of it.
    pub(super) async fn put_all(&self, notifications: &[Arc<Notification>]) -> Result<()> {
        for window in windows(notifications) {
            let batches = window.chunks(MAX_BATCH_ITEMS).map(<[_]>::to_vec);
            let puts = stream::iter(batches)
                .map(|batch| self.put_batch(batch))
                .buffer_unordered(MAX_CONCURRENT_BATCHES)
                .try_collect::<()>();
            self.table.within(OPERATION_DEADLINE, puts).await?;
        }
        Ok(())
    }

    /// A task of its own, so that encoding and signing use all processors; it ends with this future.
    async fn put_batch(&self, batch: Vec<Arc<Notification>>) -> Result<()> {
        let table = Arc::clone(&self.table);
        let put = tokio::spawn(async move {
            let requests = batch.iter().map(|one| request(one));
            let requests = requests.collect::<Result<_>>()?;
            write_all(requests, |requests| write_batch(&table, requests)).await
        });
        let put = AbortOnDropHandle::new(put).await;
        put.map_err(|panicked| self.table.unavailable(panicked))?
    }
}

/// Returns the requests that DynamoDB did not process.
async fn write_batch(table: &Table, requests: Vec<WriteRequest>) -> Result<Vec<WriteRequest>> {
    let request = table.client().await?.batch_write_item();
    let answer = request.request_items(table.name(), requests).send().await;
    let answer = answer.map_err(|error| table.failed(&error))?;
    let unprocessed = answer.unprocessed_items.unwrap_or_default();
    Ok(unprocessed.into_values().flatten().collect())
}

/// Splits a put so that no window has more than its number of one seller's, the first ones first. A
/// key that comes twice stays as it came first, as a batch must not contain it twice.
fn windows(notifications: &[Arc<Notification>]) -> Vec<Vec<Arc<Notification>>> {
    let mut counts: HashMap<&SellerId, usize> = HashMap::new();
    let mut seen: HashMap<(&SellerId, i64), ()> = HashMap::with_capacity(notifications.len());
    let mut windows: BTreeMap<usize, Vec<Arc<Notification>>> = BTreeMap::new();
    for notification in notifications {
        let seller = &notification.seller_id;
        if let Entry::Vacant(place) = seen.entry((seller, notification.sequence)) {
            place.insert(());
            let count = counts.entry(seller).or_default();
            let window = windows.entry(*count / MAX_WINDOW_ITEMS).or_default();
            window.push(Arc::clone(notification));
            *count += 1;
        }
    }
    windows.into_values().collect()
}

fn request(notification: &Notification) -> Result<WriteRequest> {
    let put = PutRequest::builder().set_item(Some(item::encode(notification)));
    let put = put.build().map_err(unbuilt)?;
    Ok(WriteRequest::builder().put_request(put).build())
}

/// Sends until every request is processed. The pause grows while none is processed.
async fn write_all<S>(
    mut unprocessed: Vec<WriteRequest>,
    mut send: impl FnMut(Vec<WriteRequest>) -> S,
) -> Result<()>
where
    S: Future<Output = Result<Vec<WriteRequest>>>,
{
    let mut backoff = Backoff::new(FIRST_RESEND_PAUSE, MAX_RESEND_PAUSE);
    while !unprocessed.is_empty() {
        let before = unprocessed.len();
        unprocessed = send(unprocessed).await?;
        if unprocessed.is_empty() {
            break;
        }
        if unprocessed.len() < before {
            backoff.reset();
        }
        backoff.wait().await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::ports::inbox::tests::run;

    /// Accepts the first two requests of each batch, and none of every third batch.
    /// Red when: unprocessed requests are not sent again, or accepted ones are sent twice.
    #[tokio::test]
    async fn unprocessed_requests_are_sent_again() {
        let request = |sequence| {
            let put = PutRequest::builder().item("sequence", item::number(sequence));
            let put = put.build().unwrap();
            WriteRequest::builder().put_request(put).build()
        };
        let requests: Vec<_> = (1..=7).map(request).collect();
        let (accepted, calls) = (RefCell::new(Vec::new()), RefCell::new(0));
        let send = async |mut sent: Vec<WriteRequest>| {
            *calls.borrow_mut() += 1;
            let accepts_none = *calls.borrow() % 3 == 0;
            let left = sent.split_off(if accepts_none { 0 } else { sent.len().min(2) });
            accepted.borrow_mut().extend(sent);
            Ok(left)
        };
        write_all(requests.clone(), send).await.unwrap();
        assert_eq!(accepted.into_inner(), requests);
    }

    /// Red when: a seller's items are written beside more of them than a window has, so that its end
    /// cannot be found, or a batch has a key twice.
    #[test]
    fn a_window_has_few_of_one_seller_and_no_key_twice() {
        let (one, two) = (
            SellerId::parse("one").unwrap(),
            SellerId::parse("two").unwrap(),
        );
        let mut all = run(&one, 1..=600);
        all.extend(run(&two, 1..=10));
        all.extend(run(&one, 590..=600));
        let windows = windows(&all);
        let counts: Vec<_> = windows.iter().map(Vec::len).collect();
        assert_eq!(counts, [260, 250, 100]);
        let firsts: Vec<_> = windows.iter().map(|window| window[0].sequence).collect();
        assert_eq!(firsts, [1, 251, 501]);
    }
}
