//! Products: what a seller offers, how it may change, and the rules its fields obey.
//!
//! `fields` holds one rule per field, used alike by JSON bodies and CSV rows; `body` turns a JSON
//! object into a checked `NewProduct` or `ProductPatch`.

mod body;
pub mod fields;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::fields::FieldError;
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

/// The fields of a product that a seller writes, all checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProduct {
    pub name: String,
    pub description: Option<String>,
    pub price: Price,
    pub quantity: i32,
    pub category: String,
    pub sku: Option<String>,
    pub low_stock_threshold: Option<i32>,
    pub attributes: Option<Attributes>,
}

/// A partial update: `None` leaves a field as it is, `Some(None)` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductPatch {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub price: Option<Price>,
    pub quantity: Option<i32>,
    pub category: Option<String>,
    pub sku: Option<Option<String>>,
    pub low_stock_threshold: Option<Option<i32>>,
    pub attributes: Option<Option<Attributes>>,
}

/// One atomic change of the stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockChange {
    /// Units added (positive) or taken (negative); never 0.
    pub delta: i64,
    /// Why, for the people who read the history; at most 255 characters.
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
