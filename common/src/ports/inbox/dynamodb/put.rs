//! How notifications are put: what is there already is left out, the rest is written in batches
//! until DynamoDB has taken every item.
//!
//! A batch cannot carry conditions, so what is there is read first. Between the two another
//! process may put the same notification; both were made of the same event, so they are equal
//! and it does not matter whose stays.

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
    domain::{
        error::{Error, Result},
        seller::SellerId,
    },
    engines::aws_clients::table::{ENGINE, Item, unbuilt},
};

/// Items that DynamoDB takes in one batch.
pub(super) const BATCH: usize = 25;
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl DynamoDbInbox {
    /// Puts up to a batch of items by sequence.
    pub(super) async fn put_batch(
        &self,
        seller: &SellerId,
        mut items: BTreeMap<i64, Item>,
    ) -> Result<()> {
        let _permit = self.permit().await?;
        if items.len() == 1
            && let Some((_, item)) = items.pop_first()
        {
            return self.put_one(item).await;
        }
        let (Some(&first), Some(&last)) = (items.keys().next(), items.keys().next_back()) else {
            return Ok(());
        };
        for known in self.known(seller, first, last).await? {
            items.remove(&known);
        }
        let requests = items.into_values().map(|item| {
            let put = PutRequest::builder().set_item(Some(item)).build();
            let put = put.map_err(unbuilt)?;
            Ok(WriteRequest::builder().put_request(put).build())
        });
        let requests = requests.collect::<Result<_>>()?;
        write_all(requests, |requests| self.write(requests)).await
    }

    async fn put_one(&self, item: Item) -> Result<()> {
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

    /// The sequences from `first` to `last` that are there.
    async fn known(&self, seller: &SellerId, first: i64, last: i64) -> Result<Vec<i64>> {
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
        let mut known = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| self.table.failed(&error))?;
            let sequence = item.get("sequence").and_then(|value| value.as_n().ok());
            known.extend(sequence.and_then(|digits| digits.parse::<i64>().ok()));
        }
        Ok(known)
    }

    /// Answers what DynamoDB did not take.
    async fn write(&self, requests: Vec<WriteRequest>) -> Result<Vec<WriteRequest>> {
        let client = self.table.client().await?;
        let request = client.batch_write_item();
        let answer = request.request_items(self.table.name(), requests).send();
        let answer = answer.await.map_err(|error| self.table.failed(&error))?;
        let left = answer.unprocessed_items.unwrap_or_default();
        Ok(left.into_values().flatten().collect())
    }

    /// Leave to make calls; a put that goes to many places at once would be throttled.
    async fn permit(&self) -> Result<tokio::sync::SemaphorePermit<'_>> {
        let permit = self.calls.acquire().await;
        permit.map_err(|error| Error::Unavailable {
            engine: ENGINE,
            reason: error.to_string(),
        })
    }
}

/// Sends until nothing is left over, with pauses that grow while nothing is taken.
async fn write_all<S>(
    mut left: Vec<WriteRequest>,
    mut send: impl FnMut(Vec<WriteRequest>) -> S,
) -> Result<()>
where
    S: Future<Output = Result<Vec<WriteRequest>>>,
{
    let mut pause = FIRST_PAUSE;
    while !left.is_empty() {
        let before = left.len();
        left = send(left).await?;
        if left.is_empty() {
            break;
        }
        tokio::time::sleep(pause).await;
        pause = if left.len() < before {
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

    /// Takes the first two of each batch, and nothing of every third one.
    /// Red when: what is left over is not sent again, or sent with what was taken.
    #[tokio::test]
    async fn what_was_not_taken_is_sent_again() {
        let request = |sequence| {
            let put = PutRequest::builder().item("sequence", number(sequence));
            let put = put.build().unwrap();
            WriteRequest::builder().put_request(put).build()
        };
        let requests: Vec<_> = (1..=7).map(request).collect();
        let (taken, calls) = (RefCell::new(Vec::new()), RefCell::new(0));
        let send = async |mut sent: Vec<WriteRequest>| {
            *calls.borrow_mut() += 1;
            let nothing = *calls.borrow() % 3 == 0;
            let left = sent.split_off(if nothing { 0 } else { sent.len().min(2) });
            taken.borrow_mut().extend(sent);
            Ok(left)
        };
        write_all(requests.clone(), send).await.unwrap();
        assert_eq!(taken.into_inner(), requests);
    }
}
