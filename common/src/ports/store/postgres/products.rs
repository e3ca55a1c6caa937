//! Changes of one product: its row, its events and the claim, in one transaction.

use async_trait::async_trait;

use super::{
    PostgresStore, idempotency, list, product_create, product_row, product_write::put, restores,
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
        change::{Change, Decided},
    },
};

#[async_trait]
impl ProductStore for PostgresStore {
    async fn product_create(
        &self,
        seller: &SellerId,
        new: NewProduct,
        claim: Option<&Claim>,
    ) -> Result<Product> {
        let new = (seller.clone(), new);
        if claim.is_none() {
            return self.create_batcher.submit(new).await;
        }
        let (rules, layout, new) = (self.rules, self.layout, &new);
        self.write(claim, |mut session| async move {
            if let Some(product) = idempotency::claim(&mut session, seller, claim).await? {
                return Ok(product);
            }
            let mut stored = product_create::insert(&mut session, rules, layout, &[new]).await?;
            let product = stored.remove(0);
            idempotency::keep(&mut session, seller, claim, Some(&product)).await?;
            Ok(product)
        })
        .await
    }

    async fn product_get(&self, seller: &SellerId, id: ProductId) -> Result<Option<Product>> {
        self.get_batcher.submit((seller.clone(), id)).await
    }

    async fn product_update(
        &self,
        seller: &SellerId,
        id: ProductId,
        patch: ProductPatch,
        if_version: Option<i64>,
    ) -> Result<Option<Product>> {
        let change = Change::Patch(patch, if_version);
        self.alter(seller, id, &change, None).await
    }

    async fn product_delete(
        &self,
        seller: &SellerId,
        id: ProductId,
        if_version: Option<i64>,
    ) -> Result<Option<Product>> {
        let change = Change::Delete(if_version);
        self.alter(seller, id, &change, None).await
    }

    async fn product_restore(
        &self,
        seller: &SellerId,
        id: ProductId,
        claim: Option<&Claim>,
    ) -> Result<Option<Product>> {
        self.alter(seller, id, &Change::Restore, claim).await
    }

    async fn product_stock(
        &self,
        seller: &SellerId,
        id: ProductId,
        change: StockChange,
        claim: Option<&Claim>,
    ) -> Result<Option<Product>> {
        let change = Change::Stock(change);
        self.alter(seller, id, &change, claim).await
    }

    async fn product_stock_batch(
        &self,
        seller: &SellerId,
        batch: StockBatch,
        claim: Option<&Claim>,
    ) -> Result<Vec<StockOutcome>> {
        self.restock(seller, &batch, claim).await
    }

    async fn product_list(&self, seller: &SellerId, query: &ProductQuery) -> Result<Page<Product>> {
        if query.is_indexed() {
            return self
                .connections
                .run(|mut session| async move { list::page(&mut session, seller, query).await })
                .await;
        }
        let (owner, query) = (seller.clone(), query.clone());
        self.scan(seller, move |mut session| {
            let (owner, query) = (owner.clone(), query.clone());
            async move { list::page(&mut session, &owner, &query).await }
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
        self.scan(seller, move |mut session| {
            let (owner, filter) = (owner.clone(), filter.clone());
            async move { list::scan(&mut session, &owner, &filter, after, limit).await }
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
        self.scan(seller, move |mut session| {
            let (owner, filter) = (owner.clone(), filter.clone());
            async move { list::scan_attributes(&mut session, &owner, &filter, after, limit).await }
        })
        .await
    }

    async fn product_recount(&self, seller: &SellerId) -> Result<SellerRecount> {
        let (of, threshold) = (seller.clone(), self.rules.low_stock_threshold);
        let rows = self.importing.run(|mut session| {
            let of = &of;
            async move { restores::counted_rows(&mut session, of, threshold).await }
        });
        restores::recount(rows.await?)
    }

    async fn product_low_stock(
        &self,
        seller: &SellerId,
        offset: u64,
        limit: u32,
    ) -> Result<Page<Product>> {
        let default = self.rules.low_stock_threshold;
        let owner = seller.clone();
        self.scan(seller, move |mut session| {
            let owner = owner.clone();
            async move { list::low_stock(&mut session, &owner, default, offset, limit).await }
        })
        .await
    }
}

impl PostgresStore {
    /// Changes a product in its present state, once per claim.
    async fn alter(
        &self,
        seller: &SellerId,
        id: ProductId,
        change: &Change,
        claim: Option<&Claim>,
    ) -> Result<Option<Product>> {
        let rules = self.rules;
        self.write(claim, |mut session| async move {
            if let Some(product) = idempotency::claim(&mut session, seller, claim).await? {
                return Ok(Some(product));
            }
            let found = product_row::lock(&mut session, seller, id).await?;
            let product = match change.decide(rules, found)? {
                Decided::Stays(product) => product,
                Decided::Becomes(next) => Some(put(&mut session, next).await?),
            };
            idempotency::keep(&mut session, seller, claim, product.as_ref()).await?;
            Ok(product)
        })
        .await
    }
}
