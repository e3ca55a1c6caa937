//! Stock changes of many products of one seller, in one transaction.

use sqlx::PgConnection;

use super::{
    PostgresStore, counters,
    failure::DbResult,
    idempotency, outbox,
    product_row::{decode_all, product_columns},
    types::PgMoment,
};
use crate::{
    domain::{
        error::Result,
        idempotency::Claim,
        product::{Product, StockBatch, StockOutcome},
        seller::SellerId,
    },
    ports::store::{
        block,
        change::Next,
        stock_plan::{self, NamedProducts},
    },
};

impl PostgresStore {
    /// Changes the stock of the products that the batch names, once per claim.
    pub(super) async fn restock(
        &self,
        seller: &SellerId,
        batch: &StockBatch,
        claim: Option<&Claim>,
    ) -> Result<Vec<StockOutcome>> {
        let rules = self.rules;
        self.write(claim, |mut session| async move {
            if let Some(outcomes) = idempotency::claim(&mut session, seller, claim).await? {
                return Ok(outcomes);
            }
            let found = lock(&mut session, seller, &NamedProducts::of(batch)).await?;
            let plan = stock_plan::plan(rules, found, batch)?;
            if !plan.nexts.is_empty() {
                put(&mut session, seller, plan.nexts).await?;
            }
            let answer = Some(&plan.outcomes).filter(|outcomes| batch.succeeded(outcomes));
            idempotency::keep(&mut session, seller, claim, answer).await?;
            Ok(plan.outcomes)
        })
        .await
    }
}

/// The live products of these names, locked until the transaction ends. By id: two batches lock
/// in the same order. A sku is looked up without a lock, and counts as the locked row has it.
async fn lock(
    connection: &mut PgConnection,
    seller: &SellerId,
    named: &NamedProducts<'_>,
) -> DbResult<Vec<Product>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        product_columns!(),
        " FROM products WHERE seller_id = $1 AND deleted_at IS NULL AND id IN ( \
             SELECT unnest($2) UNION ALL \
             SELECT id FROM products WHERE seller_id = $1 AND sku = ANY($3) \
             AND deleted_at IS NULL) ORDER BY id FOR UPDATE"
    ))
    .bind(seller.as_str())
    .bind(&named.ids)
    .bind(&named.skus)
    .fetch_all(connection)
    .await?;
    Ok(decode_all(&rows, seller)?)
}

/// Writes the next versions of locked products with their events, the seller's counters last.
async fn put(connection: &mut PgConnection, seller: &SellerId, nexts: Vec<Next>) -> DbResult<()> {
    let (mut ids, mut quantities, mut versions, mut moments, mut drafts) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for next in nexts {
        ids.push(next.product.id);
        quantities.push(next.product.quantity);
        versions.push(next.product.version);
        moments.push(next.product.updated_at);
        drafts.extend(next.drafts);
    }
    let Some(at) = moments.iter().max().copied() else {
        return Ok(());
    };
    sqlx::query(
        "UPDATE products SET quantity = next.quantity, version = next.version, \
         updated_at = next.updated_at \
         FROM unnest($2, $3, $4, $5) AS next (id, quantity, version, updated_at) \
         WHERE seller_id = $1 AND products.id = next.id",
    )
    .bind(seller.as_str())
    .bind(ids)
    .bind(quantities)
    .bind(versions)
    .bind(Vec::from_iter(moments.into_iter().map(PgMoment)))
    .execute(&mut *connection)
    .await?;
    let take = counters::CounterDelta {
        events: drafts.len(),
        ..counters::CounterDelta::default()
    };
    let first = counters::take(&mut *connection, seller, take).await?;
    let blocks = block::pack(drafts, first, at, None);
    outbox::append(connection, seller, &blocks, at).await
}
