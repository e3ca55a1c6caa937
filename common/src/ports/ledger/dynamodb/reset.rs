//! How a seller's totals are replaced by a recount. A seller may have more categories than fit into a
//! transaction: those come first, each transaction on condition that no event was counted in between,
//! and the totals with the new watermarks last. What was interrupted is done again as a whole.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{ConditionCheck, Delete, TransactWriteItem};

use super::{
    DynamoDbLedger,
    apply::{MAX_TRANSACTION_ITEMS, TransactionOutcome},
    items::{self, LedgerKey, TotalsItem},
};
use crate::{
    domain::{
        clock::Timestamp,
        error::Result,
        record::Topic,
        seller::SellerId,
        stats::{DayTotals, SellerRecount},
    },
    engines::aws_clients::table::{Item, unbuilt},
};

impl DynamoDbLedger {
    pub(super) async fn reset(
        &self,
        seller: &SellerId,
        recount: &SellerRecount,
        at: Timestamp,
    ) -> Result<bool> {
        let day = LedgerKey::Day(at.day());
        let keys = BTreeSet::from([LedgerKey::SellerTotals, day.clone()]);
        let TransactionOutcome::Committed(items) = self.read(seller, keys).await? else {
            return Ok(false);
        };
        let stored = items.get(&LedgerKey::SellerTotals);
        let before = stored.map(TotalsItem::read).transpose()?;
        let counted = before.iter().flat_map(|item| item.watermarks.values());
        if counted.max().is_some_and(|last| *last > recount.sequence) {
            return Ok(false);
        }
        let writes = self.category_writes(seller, recount).await?;
        for chunk in writes.chunks(MAX_TRANSACTION_ITEMS - 1) {
            let mut transaction = vec![self.unchanged(seller, before.as_ref())?];
            transaction.extend_from_slice(chunk);
            if matches!(self.write(transaction).await?, TransactionOutcome::Conflict) {
                return Ok(false);
            }
        }
        let last = self.totals_writes(seller, recount, at, before.as_ref(), items.get(&day))?;
        let outcome = self.write(last).await?;
        Ok(matches!(outcome, TransactionOutcome::Committed(())))
    }

    /// The categories of the recount, and none besides.
    async fn category_writes(
        &self,
        seller: &SellerId,
        recount: &SellerRecount,
    ) -> Result<Vec<TransactWriteItem>> {
        let prefix = [(":prefix", items::CATEGORY_PREFIX.to_owned())];
        let stored = self
            .query(seller, "begins_with(SK, :prefix)", prefix)
            .await?;
        let mut writes = Vec::new();
        for item in &stored {
            let name = items::read_category(item)?.category;
            if !recount.categories.contains_key(&name) {
                let key = LedgerKey::Category(name).attributes(seller);
                let delete = Delete::builder().table_name(self.table.name());
                let delete = delete.set_key(Some(key)).build().map_err(unbuilt)?;
                writes.push(TransactWriteItem::builder().delete(delete).build());
            }
        }
        for category in recount.categories.values() {
            let put = self.put(items::write_category(seller, category)).build();
            let put = put.map_err(unbuilt)?;
            writes.push(TransactWriteItem::builder().put(put).build());
        }
        Ok(writes)
    }

    fn totals_writes(
        &self,
        seller: &SellerId,
        recount: &SellerRecount,
        at: Timestamp,
        before: Option<&TotalsItem>,
        day: Option<&Item>,
    ) -> Result<Vec<TransactWriteItem>> {
        let marks = Topic::EVENTS.map(|topic| (topic.as_str().to_owned(), recount.sequence));
        let after = TotalsItem {
            totals: recount.totals.clone(),
            last_updated: before.and_then(|item| item.last_updated).max(Some(at)),
            watermarks: BTreeMap::from(marks),
        };
        let mut writes = vec![self.put_totals(seller, before, &after)?];
        let known = before.map(|item| item.totals.clone()).unwrap_or_default();
        if let Some(change) = DayTotals::correction(at, &known, &recount.totals) {
            writes.push(self.add_day(seller, day, change)?);
        }
        Ok(writes)
    }

    /// Its condition makes the whole transaction fail once an event was counted.
    fn unchanged(
        &self,
        seller: &SellerId,
        before: Option<&TotalsItem>,
    ) -> Result<TransactWriteItem> {
        let check = ConditionCheck::builder()
            .table_name(self.table.name())
            .set_key(Some(LedgerKey::SellerTotals.attributes(seller)));
        let check = match before {
            None => check.condition_expression("attribute_not_exists(PK)"),
            Some(before) => check
                .condition_expression("#watermarks = :before")
                .expression_attribute_names("#watermarks", items::WATERMARKS_ATTRIBUTE)
                .expression_attribute_values(":before", before.stored_watermarks()),
        };
        let check = check.build().map_err(unbuilt)?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }
}
