//! Domain events: what consumers of the topics read, and the pure functions that say which events
//! a change causes.
//!
//! A change yields drafts; the store numbers them with the seller's gapless sequence and seals
//! them inside the change's own transaction.

mod cause;
#[cfg(test)]
mod tests;
mod wire;

use serde::{Deserialize, Serialize};

pub use self::cause::{
    EventContext, created, created_count, deleted, import_completed, restored, updated,
};
use crate::domain::{
    clock::Timestamp,
    import_job::{ImportCounts, ImportStatus, LowStockDigest, LowStockEntry},
    money::Price,
    product::{Attributes, ProductId},
    seller::SellerId,
};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EventKind {
    ProductCreated,
    ProductUpdated,
    ProductDeleted,
    LowStockWarning,
    ImportCompleted,
}

impl EventKind {
    /// The wire name, `eventType`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProductCreated => "ProductCreated",
            Self::ProductUpdated => "ProductUpdated",
            Self::ProductDeleted => "ProductDeleted",
            Self::LowStockWarning => "LowStockWarning",
            Self::ImportCompleted => "ImportCompleted",
        }
    }
}

/// One event with its envelope. As JSON it is the value of a message:
/// `{"eventId","eventType","timestamp","sequence","version","import"?,"data"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `{sellerId}-{productId}-{eventType}-{version}`, unique and deterministic.
    pub event_id: String,
    /// Epoch milliseconds on the wire.
    pub timestamp: Timestamp,
    /// The seller's gapless counter, from 1.
    pub sequence: i64,
    /// The product's version; 1 for an import.
    pub version: i64,
    /// Only on the last event of an import's batch: what the whole batch covers.
    pub import: Option<ImportGroup>,
    pub data: EventData,
}

/// The consecutive events of one import batch, carried by the last of them, so that people can be
/// reported once: sequences `first_sequence..=` the carrier's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportGroup {
    pub import_id: String,
    pub file_name: String,
    pub first_sequence: i64,
    pub bytes_done: u64,
    pub bytes_total: u64,
    /// The import's counts up to and including this batch.
    pub counts: ImportCounts,
}

/// The payload, by kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventData {
    ProductCreated(ProductData),
    ProductUpdated(ProductData),
    ProductDeleted(DeletedData),
    LowStockWarning(LowStockData),
    ImportCompleted(ImportData),
}

/// A product after it was created or updated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductData {
    pub product_id: ProductId,
    pub seller_id: SellerId,
    pub name: String,
    pub description: Option<String>,
    pub price: Price,
    pub quantity: i32,
    pub category: String,
    pub sku: Option<String>,
    /// The threshold that applied at the time.
    pub low_stock_threshold: i32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import_id: Option<String>,
    /// Set when a deleted product came back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restored: bool,
    /// What an update altered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<FieldChanges>,
    /// Why the stock changed, when someone said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A field before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange<T> {
    pub old: T,
    pub new: T,
}

/// The fields an update altered; thresholds are the ones that apply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FieldChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<FieldChange<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<FieldChange<Option<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<FieldChange<Price>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<FieldChange<i32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<FieldChange<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<FieldChange<Option<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low_stock_threshold: Option<FieldChange<i32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<FieldChange<Option<Attributes>>>,
}

/// A product as it was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletedData {
    pub product_id: ProductId,
    pub seller_id: SellerId,
    pub name: String,
    pub category: String,
    pub price: Price,
    pub quantity: i32,
    /// The threshold that applied, so that totals can forget a low product.
    pub low_stock_threshold: i32,
    pub deleted_at: Timestamp,
    /// The undo of an import that deleted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import_id: Option<String>,
}

/// A product whose stock fell below its threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LowStockData {
    pub product_id: ProductId,
    pub seller_id: SellerId,
    pub name: String,
    pub category: String,
    pub price: Price,
    pub quantity: i32,
    pub threshold: i32,
    /// `null` for a product that starts low.
    pub previous_quantity: Option<i32>,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import_id: Option<String>,
}

/// How an import ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportData {
    pub import_id: String,
    pub seller_id: SellerId,
    pub file_name: String,
    pub status: ImportStatus,
    pub rows: u64,
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub skipped: u64,
    pub rejected: u64,
    pub low_stock: LowStockDigest,
    pub started_at: Option<Timestamp>,
    pub finished_at: Timestamp,
}

impl From<&LowStockData> for LowStockEntry {
    fn from(warning: &LowStockData) -> Self {
        Self {
            product_id: warning.product_id,
            name: warning.name.clone(),
            quantity: warning.quantity,
            threshold: warning.threshold,
        }
    }
}

impl ImportData {
    /// The counts as one value.
    pub const fn counts(&self) -> ImportCounts {
        ImportCounts {
            rows: self.rows,
            created: self.created,
            updated: self.updated,
            unchanged: self.unchanged,
            skipped: self.skipped,
            rejected: self.rejected,
        }
    }
}

/// An event before it has its place in the seller's sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDraft {
    version: i64,
    data: EventData,
}

impl FieldChanges {
    /// The altered fields' wire names, in a fixed order.
    pub fn fields(&self) -> Vec<&'static str> {
        let named = [
            (self.name.is_some(), "name"),
            (self.description.is_some(), "description"),
            (self.price.is_some(), "price"),
            (self.quantity.is_some(), "quantity"),
            (self.category.is_some(), "category"),
            (self.sku.is_some(), "sku"),
            (self.low_stock_threshold.is_some(), "low_stock_threshold"),
            (self.attributes.is_some(), "attributes"),
        ];
        named
            .into_iter()
            .filter_map(|(altered, name)| altered.then_some(name))
            .collect()
    }
}

impl EventData {
    /// What happened.
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::ProductCreated(_) => EventKind::ProductCreated,
            Self::ProductUpdated(_) => EventKind::ProductUpdated,
            Self::ProductDeleted(_) => EventKind::ProductDeleted,
            Self::LowStockWarning(_) => EventKind::LowStockWarning,
            Self::ImportCompleted(_) => EventKind::ImportCompleted,
        }
    }

    /// Whose event it is.
    pub const fn seller_id(&self) -> &SellerId {
        match self {
            Self::ProductCreated(data) | Self::ProductUpdated(data) => &data.seller_id,
            Self::ProductDeleted(data) => &data.seller_id,
            Self::LowStockWarning(data) => &data.seller_id,
            Self::ImportCompleted(data) => &data.seller_id,
        }
    }

    /// The product's or the import's id, as it is in the event's id.
    fn subject(&self) -> String {
        match self {
            Self::ProductCreated(data) | Self::ProductUpdated(data) => data.product_id.to_string(),
            Self::ProductDeleted(data) => data.product_id.to_string(),
            Self::LowStockWarning(data) => data.product_id.to_string(),
            Self::ImportCompleted(data) => data.import_id.clone(),
        }
    }

    /// The import that caused it, if one did.
    pub fn import_id(&self) -> Option<&str> {
        match self {
            Self::ProductCreated(data) | Self::ProductUpdated(data) => data.import_id.as_deref(),
            Self::LowStockWarning(data) => data.import_id.as_deref(),
            Self::ImportCompleted(data) => Some(&data.import_id),
            Self::ProductDeleted(data) => data.import_id.as_deref(),
        }
    }
}

impl EventDraft {
    /// What the event says, before it is numbered.
    pub const fn data(&self) -> &EventData {
        &self.data
    }

    /// The finished event.
    pub fn seal(self, sequence: i64, timestamp: Timestamp) -> Event {
        let kind = self.data.kind().as_str();
        let (seller, subject) = (self.data.seller_id(), self.data.subject());
        Event {
            event_id: format!("{seller}-{subject}-{kind}-{}", self.version),
            timestamp,
            sequence,
            version: self.version,
            import: None,
            data: self.data,
        }
    }
}

impl Event {
    /// What happened.
    pub const fn kind(&self) -> EventKind {
        self.data.kind()
    }

    /// Whose event it is.
    pub const fn seller_id(&self) -> &SellerId {
        self.data.seller_id()
    }
}

/// `1 unit`, `7 units`.
pub fn units(quantity: i32) -> String {
    if quantity == 1 {
        "1 unit".to_owned()
    } else {
        format!("{quantity} units")
    }
}
