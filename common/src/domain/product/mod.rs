//! Products: what a seller offers, how it may change, and the rules its fields obey.
//!
//! `fields` holds one rule per field, used alike by JSON bodies and CSV rows; `body` turns a JSON
//! object into a checked `NewProduct` or `ProductPatch`, `stock_batch` is many stock changes at once.

mod body;
pub mod fields;
mod stock_batch;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::{
    fields::FieldError,
    stock_batch::{
        ProductRef, StockBatch, StockBatchBody, StockBatchEntry, StockBatchLine, StockOutcome,
        StockRefusal,
    },
};
use crate::domain::{clock::Timestamp, money::Price, seller::SellerId};

/// A product's number, unique across sellers, positive.
pub type ProductId = i64;

/// What an import could not map: column name to cell text; at most 16 KiB as JSON.
pub type Attributes = BTreeMap<String, String>;

/// A product as stored and as shown. `deleted_at` is never part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Product {
    pub id: ProductId,
    #[schema(value_type = String)]
    pub seller_id: SellerId,
    pub name: String,
    pub description: Option<String>,
    /// At most two decimals.
    #[schema(value_type = f64)]
    pub price: Price,
    pub quantity: i32,
    pub category: String,
    pub sku: Option<String>,
    pub low_stock_threshold: Option<i32>,
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub attributes: Option<Attributes>,
    pub version: i64,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// The body of a create: the fields of a product that a seller writes, all checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ProductIn, description = "The body of a create.", example = json!({
    "name": "Desk lamp", "description": "Warm light, 40 cm", "price": 19.99, "quantity": 5,
    "category": "Light", "sku": "L-1", "low_stock_threshold": 2, "attributes": {"colour": "red"}}))]
pub struct NewProduct {
    /// 1 to 255 characters after trimming.
    pub name: String,
    /// At most 2,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Greater than 0 after rounding half-up to cents, at most 99,999,999.99.
    #[schema(value_type = f64)]
    pub price: Price,
    /// 0 to 2,147,483,647.
    pub quantity: i32,
    /// 1 to 100 characters after trimming.
    pub category: String,
    /// At most 100 characters; unique among the seller's undeleted products.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// By default the configured one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low_stock_threshold: Option<i32>,
    /// String to string, at most 16 KiB as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub attributes: Option<Attributes>,
}

/// The body of an update: `None` leaves a field as it is, `Some(None)` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ProductPatchIn, description = "The body of an update: at least one field; `null` clears those that may be empty.",
    example = json!({"price": 17.5, "description": null}))]
pub struct ProductPatch {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub price: Option<Price>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low_stock_threshold: Option<Option<i32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub attributes: Option<Option<Attributes>>,
}

/// The body of a stock change, which is atomic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StockIn, description = "The body of a stock change.",
    example = json!({"delta": -2, "reason": "damaged"}))]
pub struct StockChange {
    /// Units added (positive) or taken (negative), not 0.
    pub delta: i64,
    /// Why; at most 255 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl NewProduct {
    /// The first version of this product.
    pub fn into_product(self, id: ProductId, seller_id: SellerId, at: Timestamp) -> Product {
        Product {
            id,
            seller_id,
            name: self.name,
            description: self.description,
            price: self.price,
            quantity: self.quantity,
            category: self.category,
            sku: self.sku,
            low_stock_threshold: self.low_stock_threshold,
            attributes: self.attributes,
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }
}

impl Product {
    /// The product after the patch, or `None` when the patch alters nothing.
    /// A changed product has the next version and `at` as its `updated_at`.
    pub fn patched(&self, patch: &ProductPatch, at: Timestamp) -> Option<Self> {
        fn set<T: Clone>(field: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                field.clone_from(value);
            }
        }
        let mut next = self.clone();
        set(&mut next.name, patch.name.as_ref());
        set(&mut next.description, patch.description.as_ref());
        set(&mut next.price, patch.price.as_ref());
        set(&mut next.quantity, patch.quantity.as_ref());
        set(&mut next.category, patch.category.as_ref());
        set(&mut next.sku, patch.sku.as_ref());
        set(
            &mut next.low_stock_threshold,
            patch.low_stock_threshold.as_ref(),
        );
        set(&mut next.attributes, patch.attributes.as_ref());
        (next != *self).then(|| next.touched(at))
    }

    /// The same content as its next version.
    #[must_use]
    pub fn touched(mut self, at: Timestamp) -> Self {
        self.version += 1;
        self.updated_at = at;
        self
    }

    /// The threshold that applies: the product's own or the configured default.
    pub fn threshold(&self, default_threshold: i32) -> i32 {
        self.low_stock_threshold.unwrap_or(default_threshold)
    }

    /// Whether fewer units are on hand than the threshold that applies.
    pub fn is_low(&self, default_threshold: i32) -> bool {
        self.quantity < self.threshold(default_threshold)
    }
}
