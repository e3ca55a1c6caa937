//! Changes of one product: its row, its events and the claim, in one transaction.

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;

use super::{
    Rules, SqliteStore, idempotency, list,
    product_row::find,
    product_write::{Standing, create, put},
};
use crate::{
    clock::{self, Timestamp},
    error::{Conflict, Result},
    event,
    idempotency::Claim,
    product::{NewProduct, Product, ProductId, ProductPatch, StockChange},
    query::{Page, ProductFilter, ProductQuery},
    seller::SellerId,
    store::Products,
};

#[async_trait]
impl Products for SqliteStore {
    async fn product_create(
        &self,
        seller: &SellerId,
        new: NewProduct,
        claim: Option<&Claim>,
    ) -> Result<Product> {
        let (rules, seller, claim) = (self.rules, seller.clone(), claim.cloned());
        self.db
            .write(move |connection| {
                Box::pin(async move {
                    let done = idempotency::answered(&mut *connection, &seller, claim.as_ref());
                    if let Some(product) = done.await? {
                        return Ok(product);
                    }
                    let product = create(connection, rules, &seller, new).await?;
                    idempotency::keep(connection, &seller, claim.as_ref(), &product).await?;
                    Ok(product)
                })
            })
            .await
    }

    async fn product_get(&self, seller: &SellerId, id: ProductId) -> Result<Option<Product>> {
        let found = find(self.db.readers(), seller, id).await?;
        Ok(live(found))
    }

    async fn product_update(
        &self,
        seller: &SellerId,
        id: ProductId,
        patch: ProductPatch,
        if_version: Option<i64>,
    ) -> Result<Option<Product>> {
        self.alter(seller, id, None, move |connection, rules, found| {
            Box::pin(async move {
                let Some(before) = live(found) else {
                    return Ok(None);
                };
                check_version(&before, if_version)?;
                let Some(after) = before.patched(&patch, now_for(&before)) else {
                    return Ok(Some(before));
                };
                let drafts = event::updated(&before, &after, rules.context());
                put(connection, &after, Standing::STAYS, drafts).await?;
                Ok(Some(after))
            })
        })
        .await
    }

    async fn product_delete(
        &self,
        seller: &SellerId,
        id: ProductId,
        if_version: Option<i64>,
    ) -> Result<Option<Product>> {
        self.alter(seller, id, None, move |connection, rules, found| {
            Box::pin(async move {
                let Some(before) = live(found) else {
                    return Ok(None);
                };
                check_version(&before, if_version)?;
                let at = now_for(&before);
                let after = before.touched(at);
                let drafts = vec![event::deleted(&after, at, rules.context())];
                put(connection, &after, Standing::leaves(at), drafts).await?;
                Ok(Some(after))
            })
        })
        .await
    }

    async fn product_restore(
        &self,
        seller: &SellerId,
        id: ProductId,
        claim: Option<&Claim>,
    ) -> Result<Option<Product>> {
        self.alter(seller, id, claim, move |connection, rules, found| {
            Box::pin(async move {
                let before = match found {
                    Some((before, Some(_))) => before,
                    unchanged => return Ok(live(unchanged)),
                };
                let at = now_for(&before);
                let after = before.touched(at);
                let drafts = event::restored(&after, rules.context());
                put(connection, &after, Standing::RETURNS, drafts).await?;
                Ok(Some(after))
            })
        })
        .await
    }

    async fn product_stock(
        &self,
        seller: &SellerId,
        id: ProductId,
        change: StockChange,
        claim: Option<&Claim>,
    ) -> Result<Option<Product>> {
        self.alter(seller, id, claim, move |connection, rules, found| {
            Box::pin(async move {
                let Some(before) = live(found) else {
                    return Ok(None);
                };
                let after = restocked(&before, &change)?;
                let context = event::Context {
                    reason: change.reason.as_deref(),
                    ..rules.context()
                };
                let drafts = event::updated(&before, &after, context);
                put(connection, &after, Standing::STAYS, drafts).await?;
                Ok(Some(after))
            })
        })
        .await
    }

    async fn product_list(&self, seller: &SellerId, query: &ProductQuery) -> Result<Page<Product>> {
        list::page(self.db.readers(), seller, query).await
    }

    async fn product_scan(
        &self,
        seller: &SellerId,
        filter: &ProductFilter,
        after: ProductId,
        limit: u32,
    ) -> Result<Vec<Product>> {
        list::scan(self.db.readers(), seller, filter, after, limit).await
    }

    async fn product_attribute_names(
        &self,
        seller: &SellerId,
        filter: &ProductFilter,
    ) -> Result<Vec<String>> {
        list::attribute_names(self.db.readers(), seller, filter).await
    }

    async fn product_low_stock(
        &self,
        seller: &SellerId,
        offset: u64,
        limit: u32,
    ) -> Result<Page<Product>> {
        let default = self.rules.low_stock_threshold;
        list::low_stock(self.db.readers(), seller, default, offset, limit).await
    }
}

/// What `find` answers.
type Found = Option<(Product, Option<Timestamp>)>;

impl SqliteStore {
    /// Runs `change` on a product as it stands, once per claim.
    async fn alter<F>(
        &self,
        seller: &SellerId,
        id: ProductId,
        claim: Option<&Claim>,
        change: F,
    ) -> Result<Option<Product>>
    where
        F: for<'c> FnOnce(
                &'c mut SqliteConnection,
                Rules,
                Found,
            ) -> BoxFuture<'c, Result<Option<Product>>>
            + Send
            + 'static,
    {
        let (rules, seller, claim) = (self.rules, seller.clone(), claim.cloned());
        self.db
            .write(move |connection| {
                Box::pin(async move {
                    let claim = claim.as_ref();
                    if let Some(product) =
                        idempotency::answered(&mut *connection, &seller, claim).await?
                    {
                        return Ok(Some(product));
                    }
                    let found = find(&mut *connection, &seller, id).await?;
                    let product = change(&mut *connection, rules, found).await?;
                    if let Some(product) = &product {
                        idempotency::keep(connection, &seller, claim, product).await?;
                    }
                    Ok(product)
                })
            })
            .await
    }
}

fn live(found: Found) -> Option<Product> {
    match found {
        Some((product, None)) => Some(product),
        _ => None,
    }
}

fn check_version(product: &Product, if_version: Option<i64>) -> Result<()> {
    match if_version {
        Some(version) if version != product.version => Err(Conflict::Version {
            current: product.version,
        }
        .into()),
        _ => Ok(()),
    }
}

/// Now, unless the clock was set back since the product's last change.
fn now_for(product: &Product) -> Timestamp {
    clock::now().max(product.updated_at)
}

fn restocked(before: &Product, change: &StockChange) -> Result<Product, Conflict> {
    let available = before.quantity;
    let quantity = i64::from(available).saturating_add(change.delta);
    if quantity < 0 {
        return Err(Conflict::InsufficientStock {
            available,
            requested: change.delta.saturating_neg(),
        });
    }
    let quantity = i32::try_from(quantity).map_err(|_| Conflict::StockOverflow { available })?;
    let next = Product {
        quantity,
        ..before.clone()
    };
    Ok(next.touched(now_for(before)))
}
