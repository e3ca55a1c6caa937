//! A product as both engines read it.

use sqlx::FromRow;

use crate::{
    domain::{
        clock::Timestamp,
        error::{Error, Result},
        money::Price,
        product::{Product, ProductId},
        seller::SellerId,
    },
    ports::store::column::from_json,
};

/// The columns of a product. The seller is known: every statement names it.
#[derive(FromRow)]
pub(in crate::ports::store) struct ProductRow<Cents, Moment> {
    id: ProductId,
    name: String,
    description: Option<String>,
    price: Cents,
    quantity: i32,
    category: String,
    sku: Option<String>,
    low_stock_threshold: Option<i32>,
    attributes: Option<String>,
    version: i64,
    created_at: Moment,
    updated_at: Moment,
}

impl<Cents: Into<i64>, Moment: Into<Timestamp>> ProductRow<Cents, Moment> {
    pub(in crate::ports::store) fn into_product(self, seller: &SellerId) -> Result<Product> {
        let price = Price::from_cents(self.price.into());
        Ok(Product {
            id: self.id,
            seller_id: seller.clone(),
            name: self.name,
            description: self.description,
            price: price.map_err(|error| Error::Corrupt(error.to_string()))?,
            quantity: self.quantity,
            category: self.category,
            sku: self.sku,
            low_stock_threshold: self.low_stock_threshold,
            attributes: self.attributes.as_deref().map(from_json).transpose()?,
            version: self.version,
            created_at: self.created_at.into(),
            updated_at: self.updated_at.into(),
        })
    }
}
