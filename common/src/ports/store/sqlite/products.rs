//! Changes of one product: its row, its events and the claim, in one transaction.

use async_trait::async_trait;

use super::{
    SqliteStore, failure::failed, idempotency, list, product_create::create, product_row::find,
    product_write::put,
};
use crate::{
    domain::{
        error::Result,
        idempotency::Claim,
        product::{
            Attributes, NewProduct, Product, ProductId, ProductPatch, StockBatch, StockChange,
            StockOutcome,
        },
        query::{Page, ProductFilter, ProductQuery},
        seller::SellerId,
        stats::SellerRecount,
    },
    ports::store::{
        ProductStore,
        change::{Change, Decided, live},
    },
};

#[async_trait]
impl ProductStore for SqliteStore {
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
        let change = Change::Patch(patch, if_version);
        self.alter(seller, id, change, None).await
    }

    async fn product_delete(
        &self,
        seller: &SellerId,
        id: ProductId,
        if_version: Option<i64>,
    ) -> Result<Option<Product>> {
        let change = Change::Delete(if_version);
        self.alter(seller, id, change, None).await
    }

    async fn product_restore(
        &self,
        seller: &SellerId,
        id: ProductId,
        claim: Option<&Claim>,
    ) -> Result<Option<Product>> {
        self.alter(seller, id, Change::Restore, claim).await
    }

    async fn product_stock(
        &self,
        seller: &SellerId,
        id: ProductId,
        change: StockChange,
        claim: Option<&Claim>,
    ) -> Result<Option<Product>> {
        let change = Change::Stock(change);
        self.alter(seller, id, change, claim).await
    }

    async fn product_stock_batch(
        &self,
        seller: &SellerId,
        batch: StockBatch,
        claim: Option<&Claim>,
    ) -> Result<Vec<StockOutcome>> {
        self.restock(seller, batch, claim).await
    }

    async fn product_list(&self, seller: &SellerId, query: &ProductQuery) -> Result<Page<Product>> {
        if query.is_indexed() {
            let mut reader = self.db.readers().acquire().await.map_err(failed)?;
            return list::page(&mut reader, seller, query).await;
        }
        let (owner, query) = (seller.clone(), query.clone());
        self.scans
            .run(seller, move |connection| {
                Box::pin(async move { list::page(connection, &owner, &query).await })
            })
            .await
    }

    async fn product_scan(
        &self,
        seller: &SellerId,
        filter: &ProductFilter,
        after: ProductId,
        limit: u32,
    ) -> Result<Vec<Product>> {
        let (owner, filter) = (seller.clone(), filter.clone());
        self.scans
            .run(seller, move |connection| {
                Box::pin(async move { list::scan(connection, &owner, &filter, after, limit).await })
            })
            .await
    }

    async fn product_scan_attributes(
        &self,
        seller: &SellerId,
        filter: &ProductFilter,
        after: ProductId,
        limit: u32,
    ) -> Result<Vec<(ProductId, Attributes)>> {
        let (owner, filter) = (seller.clone(), filter.clone());
        self.scans
            .run(seller, move |connection| {
                Box::pin(async move {
                    list::scan_attributes(connection, &owner, &filter, after, limit).await
                })
            })
            .await
    }

    async fn product_recount(&self, seller: &SellerId) -> Result<SellerRecount> {
        self.recount(seller).await
    }

    async fn product_low_stock(
        &self,
        seller: &SellerId,
        offset: u64,
        limit: u32,
    ) -> Result<Page<Product>> {
        let default = self.rules.low_stock_threshold;
        let owner = seller.clone();
        self.scans
            .run(seller, move |connection| {
                Box::pin(async move {
                    list::low_stock(connection, &owner, default, offset, limit).await
                })
            })
            .await
    }
}

impl SqliteStore {
    /// Changes the stored product, once per claim.
    async fn alter(
        &self,
        seller: &SellerId,
        id: ProductId,
        change: Change,
        claim: Option<&Claim>,
    ) -> Result<Option<Product>> {
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
                    let product = match change.decide(rules, found)? {
                        Decided::Stays(product) => product,
                        Decided::Becomes(next) => Some(put(&mut *connection, next).await?),
                    };
                    if let Some(product) = &product {
                        idempotency::keep(connection, &seller, claim, product).await?;
                    }
                    Ok(product)
                })
            })
            .await
    }
}
