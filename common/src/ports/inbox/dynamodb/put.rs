//! How notifications are stored: those that exist already are skipped, the rest is written in
//! batches until DynamoDB has accepted every item.
//!
//! A batch cannot have conditions, so existing sequences are read first. Between read and write
//! another process may store the same notification. Both derive from the same event, so they are
//! equal and either may win.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata,
    types::{PutRequest, WriteRequest},
};

use super::{
    DynamoDbInbox,
    item::{number, text},
};
use crate::{
    domain::{error::Result, seller::SellerId},
    engines::aws_clients::table::{Item, unbuilt},
};

/// DynamoDB's limit for one batch.
pub(super) const MAX_BATCH_ITEMS: usize = 25;
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl DynamoDbInbox {
    /// Stores at most one batch of items, keyed by sequence.
    pub(super) async fn put_batch(
        &self,
        seller: &SellerId,
        mut items: BTreeMap<i64, Item>,
    ) -> Result<()> {
        let _permit = self.permit().await?;
        if items.len() == 1
            && let Some((_, item)) = items.pop_first()
        {
            return self.put_single(item).await;
        }
        let (Some(&first), Some(&last)) = (items.keys().next(), items.keys().next_back()) else {
            return Ok(());
        };
        for sequence in self.stored_sequences(seller, first, last).await? {
            items.remove(&sequence);
        }
        let requests = items.into_values().map(|item| {
            let put = PutRequest::builder().set_item(Some(item)).build();
            let put = put.map_err(unbuilt)?;
            Ok(WriteRequest::builder().put_request(put).build())
        });
        let requests = requests.collect::<Result<_>>()?;
        write_all(requests, |requests| self.write_batch(requests)).await
    }

    async fn put_single(&self, item: Item) -> Result<()> {
        let client = self.table.client().await?;
        let request = client.put_item().table_name(self.table.name());
        let request = request
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(sellerId)");
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error
                .as_service_error()
                .and_then(ProvideErrorMetadata::code)
            {
                Some("ConditionalCheckFailedException") => Ok(()),
                _ => Err(self.table.failed(&error)),
            },
        }
    }

    /// The sequences from `first` to `last` that are already stored.
    async fn stored_sequences(&self, seller: &SellerId, first: i64, last: i64) -> Result<Vec<i64>> {
        let client = self.table.client().await?;
        let mut pages = client
            .query()
            .table_name(self.table.name())
            .consistent_read(true)
            .key_condition_expression("sellerId = :seller AND #sequence BETWEEN :first AND :last")
            .projection_expression("#sequence")
            .expression_attribute_names("#sequence", "sequence")
            .expression_attribute_values(":seller", text(seller.as_str()))
            .expression_attribute_values(":first", number(first))
            .expression_attribute_values(":last", number(last))
            .into_paginator()
            .items()
            .send();
        let mut sequences = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| self.table.failed(&error))?;
            let sequence = item.get("sequence").and_then(|value| value.as_n().ok());
            sequences.extend(sequence.and_then(|digits| digits.parse::<i64>().ok()));
        }
        Ok(sequences)
    }

    /// Returns the requests that DynamoDB did not process.
    async fn write_batch(&self, requests: Vec<WriteRequest>) -> Result<Vec<WriteRequest>> {
        let client = self.table.client().await?;
        let request = client.batch_write_item();
        let answer = request.request_items(self.table.name(), requests).send();
        let answer = answer.await.map_err(|error| self.table.failed(&error))?;
        let unprocessed = answer.unprocessed_items.unwrap_or_default();
        Ok(unprocessed.into_values().flatten().collect())
    }

    async fn permit(&self) -> Result<tokio::sync::SemaphorePermit<'_>> {
        let permit = self.batch_permits.acquire().await;
        permit.map_err(|error| self.table.unavailable(error))
    }
}

/// Sends until every request is processed. The pause grows while none is processed.
async fn write_all<S>(
    mut unprocessed: Vec<WriteRequest>,
    mut send: impl FnMut(Vec<WriteRequest>) -> S,
) -> Result<()>
where
    S: Future<Output = Result<Vec<WriteRequest>>>,
{
    let mut pause = FIRST_PAUSE;
    while !unprocessed.is_empty() {
        let before = unprocessed.len();
        unprocessed = send(unprocessed).await?;
        if unprocessed.is_empty() {
            break;
        }
        tokio::time::sleep(pause).await;
        pause = if unprocessed.len() < before {
            FIRST_PAUSE
        } else {
            (pause * 2).min(LONGEST_PAUSE)
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// Accepts the first two requests of each batch, and none of every third batch.
    /// Red when: unprocessed requests are not sent again, or accepted ones are sent twice.
    #[tokio::test]
    async fn unprocessed_requests_are_sent_again() {
        let request = |sequence| {
            let put = PutRequest::builder().item("sequence", number(sequence));
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
}
