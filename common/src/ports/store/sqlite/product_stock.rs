//! Stock changes of many products of one seller, in one transaction.

use sqlx::SqliteConnection;

use super::{
    SqliteStore, idempotency,
    product_row::{decode_all, product_columns},
    product_write::put,
};
use crate::{
    domain::{
        error::Result,
        idempotency::Claim,
        product::{Product, StockBatch, StockOutcome},
        seller::SellerId,
    },
    ports::store::{
        column::json,
        sqlite::failure::failed,
        stock_plan::{self, NamedProducts},
    },
};

impl SqliteStore {
    /// Changes the stock of the products that the batch names, once per claim.
    pub(super) async fn restock(
        &self,
        seller: &SellerId,
        batch: StockBatch,
        claim: Option<&Claim>,
    ) -> Result<Vec<StockOutcome>> {
        let (rules, seller, claim) = (self.rules, seller.clone(), claim.cloned());
        self.db
            .write(move |connection| {
                Box::pin(async move {
                    let claim = claim.as_ref();
                    let done = idempotency::answered(&mut *connection, &seller, claim).await?;
                    if let Some(outcomes) = done {
                        return Ok(outcomes);
                    }
                    let named = NamedProducts::of(&batch);
                    let found = find_all(&mut *connection, &seller, &named).await?;
                    let plan = stock_plan::plan(rules, found, &batch)?;
                    for next in plan.nexts {
                        put(&mut *connection, next).await?;
                    }
                    if batch.succeeded(&plan.outcomes) {
                        idempotency::keep(connection, &seller, claim, &plan.outcomes).await?;
                    }
                    Ok(plan.outcomes)
                })
            })
            .await
    }
}

/// The live products of these names, by id.
async fn find_all(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    named: &NamedProducts<'_>,
) -> Result<Vec<Product>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        product_columns!(),
        " FROM products WHERE seller_id = ?1 AND deleted_at IS NULL AND id IN ( \
             SELECT value FROM json_each(?2) UNION ALL \
             SELECT id FROM products WHERE seller_id = ?1 AND deleted_at IS NULL \
             AND sku IN (SELECT value FROM json_each(?3))) ORDER BY id"
    ))
    .bind(seller.as_str())
    .bind(json(&named.ids))
    .bind(json(&named.skus))
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    decode_all(&rows, seller)
}
