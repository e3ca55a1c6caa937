//! Domain events: what consumers of the topics read, and the pure functions that say which events
//! a change causes.
//!
//! A change yields drafts; the store numbers them with the seller's gapless sequence and seals
//! them inside the change's own transaction.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    clock::Timestamp,
    import_job::{ImportCounts, ImportStatus},
    money::Price,
    product::{Attributes, Product, ProductId},
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
    /// Only on the last event of an import's batch: what the whole batch stands for.
    pub import: Option<ImportGroup>,
    pub data: EventData,
}

/// The consecutive events of one import batch, carried by the last of them, so that people can be
/// told once: sequences `first_sequence..=` the carrier's own.
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
    pub changes: Option<Changes>,
    /// Why the stock changed, when someone said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A field before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change<T> {
    pub old: T,
    pub new: T,
}

/// The fields an update altered; thresholds are the ones that apply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Changes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Change<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Change<Option<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Change<Price>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Change<i32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Change<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<Change<Option<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low_stock_threshold: Option<Change<i32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Change<Option<Attributes>>>,
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

/// How many low-stock warnings an import caused, and the first 20 of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LowStockDigest {
    pub count: u64,
    pub first: Vec<LowStockEntry>,
}

/// One product of the digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LowStockEntry {
    pub product_id: ProductId,
    pub name: String,
    pub quantity: i32,
    pub threshold: i32,
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

impl LowStockDigest {
    /// Products named in full.
    pub const FIRST: usize = 20;

    /// Counts one more warning and keeps it when it is among the first.
    pub fn add(&mut self, warning: &LowStockData) {
        self.count += 1;
        if self.first.len() < Self::FIRST {
            self.first.push(LowStockEntry {
                product_id: warning.product_id,
                name: warning.name.clone(),
                quantity: warning.quantity,
                threshold: warning.threshold,
            });
        }
    }
}

/// An event before it has its place in the seller's sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDraft {
    version: i64,
    data: EventData,
}

/// What every event constructor needs to know besides the product.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The configured low-stock threshold.
    pub default_threshold: i32,
    /// The import that makes the change.
    pub import_id: Option<&'a str>,
    /// Why the stock was changed.
    pub reason: Option<&'a str>,
}

/// A new product: ProductCreated, and LowStockWarning if it starts low.
pub fn created(product: &Product, context: Context<'_>) -> Vec<EventDraft> {
    created_or_restored(product, context, false)
}

/// A deleted product came back: ProductCreated with `restored`, and LowStockWarning if it is low.
pub fn restored(product: &Product, context: Context<'_>) -> Vec<EventDraft> {
    created_or_restored(product, context, true)
}

fn created_or_restored(product: &Product, context: Context<'_>, restored: bool) -> Vec<EventDraft> {
    let data = ProductData {
        restored,
        ..product_data(product, context)
    };
    let mut drafts = vec![EventDraft {
        version: product.version,
        data: EventData::ProductCreated(data),
    }];
    if product.is_low(context.default_threshold) {
        drafts.push(low_stock(product, None, context));
    }
    drafts
}

/// A changed product: ProductUpdated, and LowStockWarning only when the quantity crosses from at
/// or above its threshold to below. Nothing when both are the same version.
pub fn updated(before: &Product, after: &Product, context: Context<'_>) -> Vec<EventDraft> {
    if before.version == after.version {
        return Vec::new();
    }
    let data = ProductData {
        changes: Some(changes(before, after, context.default_threshold)),
        reason: context.reason.map(str::to_owned),
        ..product_data(after, context)
    };
    let mut drafts = vec![EventDraft {
        version: after.version,
        data: EventData::ProductUpdated(data),
    }];
    let default = context.default_threshold;
    let fell = after.quantity < before.quantity;
    if fell && before.quantity >= after.threshold(default) && after.is_low(default) {
        drafts.push(low_stock(after, Some(before.quantity), context));
    }
    drafts
}

/// A deleted product, in the version that the deletion gave it.
pub fn deleted(product: &Product, deleted_at: Timestamp, context: Context<'_>) -> EventDraft {
    EventDraft {
        version: product.version,
        data: EventData::ProductDeleted(DeletedData {
            product_id: product.id,
            seller_id: product.seller_id.clone(),
            name: product.name.clone(),
            category: product.category.clone(),
            price: product.price,
            quantity: product.quantity,
            low_stock_threshold: product.threshold(context.default_threshold),
            deleted_at,
        }),
    }
}

/// An import that ended, however it did.
pub fn import_completed(data: ImportData) -> EventDraft {
    EventDraft {
        version: 1,
        data: EventData::ImportCompleted(data),
    }
}

fn product_data(product: &Product, context: Context<'_>) -> ProductData {
    ProductData {
        product_id: product.id,
        seller_id: product.seller_id.clone(),
        name: product.name.clone(),
        description: product.description.clone(),
        price: product.price,
        quantity: product.quantity,
        category: product.category.clone(),
        sku: product.sku.clone(),
        low_stock_threshold: product.threshold(context.default_threshold),
        created_at: product.created_at,
        updated_at: product.updated_at,
        import_id: context.import_id.map(str::to_owned),
        restored: false,
        changes: None,
        reason: None,
    }
}

fn low_stock(product: &Product, previous: Option<i32>, context: Context<'_>) -> EventDraft {
    let threshold = product.threshold(context.default_threshold);
    let units = units(product.quantity);
    EventDraft {
        version: product.version,
        data: EventData::LowStockWarning(LowStockData {
            product_id: product.id,
            seller_id: product.seller_id.clone(),
            name: product.name.clone(),
            category: product.category.clone(),
            price: product.price,
            quantity: product.quantity,
            threshold,
            previous_quantity: previous,
            message: format!(
                "{} is low: {units} left (threshold {threshold})",
                product.name
            ),
            import_id: context.import_id.map(str::to_owned),
        }),
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

fn changes(before: &Product, after: &Product, default_threshold: i32) -> Changes {
    fn change<T: Clone + PartialEq>(old: &T, new: &T) -> Option<Change<T>> {
        (old != new).then(|| Change {
            old: old.clone(),
            new: new.clone(),
        })
    }
    let thresholds = (before.low_stock_threshold != after.low_stock_threshold).then(|| Change {
        old: before.threshold(default_threshold),
        new: after.threshold(default_threshold),
    });
    Changes {
        name: change(&before.name, &after.name),
        description: change(&before.description, &after.description),
        price: change(&before.price, &after.price),
        quantity: change(&before.quantity, &after.quantity),
        category: change(&before.category, &after.category),
        sku: change(&before.sku, &after.sku),
        low_stock_threshold: thresholds,
        attributes: change(&before.attributes, &after.attributes),
    }
}

impl Changes {
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

    /// The product's or the import's id, as it stands in the event's id.
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
            Self::ProductDeleted(_) => None,
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

/// The envelope as it stands on the wire.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeOut<'a, T> {
    event_id: &'a str,
    event_type: EventKind,
    timestamp: i64,
    sequence: i64,
    version: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<&'a ImportGroup>,
    data: &'a T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeIn<'a> {
    event_id: String,
    event_type: EventKind,
    timestamp: i64,
    sequence: i64,
    version: i64,
    import: Option<ImportGroup>,
    #[serde(borrow)]
    data: &'a RawValue,
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

    /// The message value.
    pub fn encode(&self) -> Vec<u8> {
        match &self.data {
            EventData::ProductCreated(data) | EventData::ProductUpdated(data) => {
                self.encode_with(data)
            }
            EventData::ProductDeleted(data) => self.encode_with(data),
            EventData::LowStockWarning(data) => self.encode_with(data),
            EventData::ImportCompleted(data) => self.encode_with(data),
        }
    }

    fn encode_with<T: Serialize>(&self, data: &T) -> Vec<u8> {
        let envelope = EnvelopeOut {
            event_id: &self.event_id,
            event_type: self.kind(),
            timestamp: self.timestamp.millis(),
            sequence: self.sequence,
            version: self.version,
            import: self.import.as_ref(),
            data,
        };
        // Writing plain data to memory cannot fail.
        serde_json::to_vec(&envelope).unwrap_or_default()
    }

    /// Reads a message value.
    pub fn decode(value: &[u8]) -> Result<Self, serde_json::Error> {
        let envelope: EnvelopeIn<'_> = serde_json::from_slice(value)?;
        let raw = envelope.data.get();
        let data = match envelope.event_type {
            EventKind::ProductCreated => EventData::ProductCreated(serde_json::from_str(raw)?),
            EventKind::ProductUpdated => EventData::ProductUpdated(serde_json::from_str(raw)?),
            EventKind::ProductDeleted => EventData::ProductDeleted(serde_json::from_str(raw)?),
            EventKind::LowStockWarning => EventData::LowStockWarning(serde_json::from_str(raw)?),
            EventKind::ImportCompleted => EventData::ImportCompleted(serde_json::from_str(raw)?),
        };
        Ok(Self {
            event_id: envelope.event_id,
            timestamp: Timestamp::from_millis(envelope.timestamp),
            sequence: envelope.sequence,
            version: envelope.version,
            import: envelope.import,
            data,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::NewProduct;

    const CONTEXT: Context<'static> = Context {
        default_threshold: 10,
        import_id: None,
        reason: None,
    };

    fn lamp(quantity: i32, threshold: Option<i32>) -> Product {
        let new = NewProduct {
            name: "Lamp".to_owned(),
            description: None,
            price: Price::parse("19.90").unwrap(),
            quantity,
            category: "Home".to_owned(),
            sku: Some("L-1".to_owned()),
            low_stock_threshold: threshold,
            attributes: None,
        };
        let seller = SellerId::parse("seller-1").unwrap();
        new.into_product(7, seller, Timestamp::from_millis(1000))
    }

    fn changed(quantity: i32, threshold: Option<i32>) -> Product {
        Product {
            quantity,
            low_stock_threshold: threshold,
            ..lamp(0, None).touched(Timestamp::from_millis(2000))
        }
    }

    fn seal(draft: EventDraft) -> Event {
        draft.seal(42, Timestamp::from_millis(1_769_847_300_250))
    }

    /// The message's exact text, which has to come back as the same event.
    fn wire(event: &Event) -> String {
        let value = event.encode();
        assert_eq!(&Event::decode(&value).unwrap(), event);
        String::from_utf8(value).unwrap()
    }

    fn kinds(drafts: &[EventDraft]) -> Vec<EventKind> {
        drafts.iter().map(|draft| draft.data().kind()).collect()
    }

    #[test]
    fn a_created_product_on_the_wire() {
        let event = seal(created(&lamp(20, None), CONTEXT).remove(0));
        assert_eq!(
            wire(&event),
            concat!(
                r#"{"eventId":"seller-1-7-ProductCreated-1","eventType":"ProductCreated","#,
                r#""timestamp":1769847300250,"sequence":42,"version":1,"data":{"productId":7,"#,
                r#""sellerId":"seller-1","name":"Lamp","description":null,"price":19.9,"#,
                r#""quantity":20,"category":"Home","sku":"L-1","lowStockThreshold":10,"#,
                r#""createdAt":"1970-01-01T00:00:01.000Z","updatedAt":"1970-01-01T00:00:01.000Z"}}"#,
            )
        );
        let event = seal(restored(&lamp(20, None), CONTEXT).remove(0));
        assert!(wire(&event).ends_with(r#""restored":true}}"#));
    }

    #[test]
    fn an_updated_product_on_the_wire() {
        let context = Context {
            import_id: Some("imp_1"),
            reason: Some("sold"),
            ..CONTEXT
        };
        let mut after = changed(15, Some(3));
        after.sku = None;
        after.price = Price::parse("99999999.99").unwrap();
        let drafts = updated(&lamp(20, None), &after, context);
        assert_eq!(kinds(&drafts), [EventKind::ProductUpdated]);
        let event = seal(drafts.into_iter().next().unwrap());
        assert_eq!(
            wire(&event),
            concat!(
                r#"{"eventId":"seller-1-7-ProductUpdated-2","eventType":"ProductUpdated","#,
                r#""timestamp":1769847300250,"sequence":42,"version":2,"data":{"productId":7,"#,
                r#""sellerId":"seller-1","name":"Lamp","description":null,"price":99999999.99,"#,
                r#""quantity":15,"category":"Home","sku":null,"lowStockThreshold":3,"#,
                r#""createdAt":"1970-01-01T00:00:01.000Z","updatedAt":"1970-01-01T00:00:02.000Z","#,
                r#""importId":"imp_1","changes":{"price":{"old":19.9,"new":99999999.99},"#,
                r#""quantity":{"old":20,"new":15},"sku":{"old":"L-1","new":null},"#,
                r#""lowStockThreshold":{"old":10,"new":3}},"reason":"sold"}}"#,
            )
        );
        assert_eq!(event.data.import_id(), Some("imp_1"));
    }

    #[test]
    fn a_deleted_product_on_the_wire() {
        let event = seal(deleted(
            &changed(15, None),
            Timestamp::from_millis(2000),
            CONTEXT,
        ));
        assert_eq!(
            wire(&event),
            concat!(
                r#"{"eventId":"seller-1-7-ProductDeleted-2","eventType":"ProductDeleted","#,
                r#""timestamp":1769847300250,"sequence":42,"version":2,"data":{"productId":7,"#,
                r#""sellerId":"seller-1","name":"Lamp","category":"Home","price":19.9,"#,
                r#""quantity":15,"lowStockThreshold":10,"deletedAt":"1970-01-01T00:00:02.000Z"}}"#,
            )
        );
    }

    #[test]
    fn a_warning_on_the_wire_has_the_version_of_its_change() {
        let drafts = updated(&lamp(20, None), &changed(1, None), CONTEXT);
        assert_eq!(
            kinds(&drafts),
            [EventKind::ProductUpdated, EventKind::LowStockWarning]
        );
        let event = seal(drafts.into_iter().nth(1).unwrap());
        assert_eq!(
            wire(&event),
            concat!(
                r#"{"eventId":"seller-1-7-LowStockWarning-2","eventType":"LowStockWarning","#,
                r#""timestamp":1769847300250,"sequence":42,"version":2,"data":{"productId":7,"#,
                r#""sellerId":"seller-1","name":"Lamp","category":"Home","price":19.9,"#,
                r#""quantity":1,"threshold":10,"previousQuantity":20,"#,
                r#""message":"Lamp is low: 1 unit left (threshold 10)"}}"#,
            )
        );
        let from_the_start = seal(created(&lamp(2, None), CONTEXT).remove(1));
        assert!(wire(&from_the_start).contains(r#""previousQuantity":null"#));
    }

    #[test]
    fn an_import_that_ended_on_the_wire() {
        let mut digest = LowStockDigest::default();
        for draft in created(&lamp(2, None), CONTEXT) {
            if let EventData::LowStockWarning(warning) = draft.data() {
                digest.add(warning);
            }
        }
        let data = ImportData {
            import_id: "imp_1".to_owned(),
            seller_id: SellerId::parse("seller-1").unwrap(),
            file_name: "products.csv".to_owned(),
            status: ImportStatus::Cancelled,
            rows: 15,
            created: 1,
            updated: 2,
            unchanged: 3,
            skipped: 4,
            rejected: 5,
            low_stock: digest,
            started_at: None,
            finished_at: Timestamp::from_millis(5000),
        };
        assert_eq!(data.counts().rows, 15);
        assert_eq!(
            wire(&seal(import_completed(data))),
            concat!(
                r#"{"eventId":"seller-1-imp_1-ImportCompleted-1","eventType":"ImportCompleted","#,
                r#""timestamp":1769847300250,"sequence":42,"version":1,"data":{"importId":"imp_1","#,
                r#""sellerId":"seller-1","fileName":"products.csv","status":"cancelled","rows":15,"#,
                r#""created":1,"updated":2,"unchanged":3,"skipped":4,"rejected":5,"#,
                r#""lowStock":{"count":1,"first":[{"productId":7,"name":"Lamp","quantity":2,"#,
                r#""threshold":10}]},"startedAt":null,"finishedAt":"1970-01-01T00:00:05.000Z"}}"#,
            )
        );
    }

    #[test]
    fn the_last_event_of_a_batch_says_what_it_stands_for() {
        let mut event = seal(created(&lamp(20, None), CONTEXT).remove(0));
        event.import = Some(ImportGroup {
            import_id: "imp_1".to_owned(),
            file_name: "products.csv".to_owned(),
            first_sequence: 41,
            bytes_done: 1,
            bytes_total: 2,
            counts: ImportCounts::default(),
        });
        let expected = concat!(
            r#""version":1,"import":{"importId":"imp_1","fileName":"products.csv","#,
            r#""firstSequence":41,"bytesDone":1,"bytesTotal":2,"counts":{"rows":0,"created":0,"#,
            r#""updated":0,"unchanged":0,"skipped":0,"rejected":0}},"data":{"#,
        );
        assert!(wire(&event).contains(expected));
    }

    /// (units before, units now, threshold now, whether people are warned)
    #[test]
    fn warns_only_when_the_stock_crosses_its_threshold() {
        for (before, now, threshold, warned) in [
            (20, 9, None, true),
            (10, 9, None, true),
            (20, 10, None, false),
            (9, 8, None, false),
            (9, 9, Some(50), false),
            (20, 19, Some(20), true),
            (5, 20, Some(50), false),
            (3, 0, Some(3), true),
            (3, 0, Some(0), false),
        ] {
            let drafts = updated(&lamp(before, None), &changed(now, threshold), CONTEXT);
            let kinds = kinds(&drafts);
            assert_eq!(
                kinds.len(),
                1 + usize::from(warned),
                "{before} to {now}, {threshold:?}"
            );
        }
        assert!(updated(&lamp(20, None), &lamp(1, None), CONTEXT).is_empty());
        assert_eq!(created(&lamp(10, None), CONTEXT).len(), 1);
        assert_eq!(created(&lamp(9, None), CONTEXT).len(), 2);
        assert_eq!(restored(&lamp(9, None), CONTEXT).len(), 2);
    }

    #[test]
    fn a_digest_names_the_first_twenty() {
        let mut digest = LowStockDigest::default();
        let draft = created(&lamp(2, None), CONTEXT).remove(1);
        let EventData::LowStockWarning(warning) = draft.data() else {
            panic!("no warning");
        };
        for _ in 0..50 {
            digest.add(warning);
        }
        assert_eq!(
            (digest.count, digest.first.len()),
            (50, LowStockDigest::FIRST)
        );
    }

    #[test]
    fn refuses_what_is_no_event() {
        let good = wire(&seal(created(&lamp(20, None), CONTEXT).remove(0)));
        for (part, instead) in [
            ("ProductCreated\"", "ProductInvented\""),
            ("\"sequence\":42", "\"sequence\":\"42\""),
            ("19.9", "0"),
            ("19.9", "1e400"),
            ("\"quantity\":20", "\"quantity\":2147483648"),
            ("\"sellerId\":\"seller-1\"", "\"sellerId\":\"42\""),
            ("}}", "}"),
            ("1970-01-01T", "yesterday"),
        ] {
            let bad = good.replace(part, instead);
            assert_ne!(bad, good);
            assert!(Event::decode(bad.as_bytes()).is_err(), "{bad}");
        }
        // What newer writers add is left alone.
        let more = good.replace("\"version\":1", "\"version\":1,\"trace\":[1.5]");
        assert!(Event::decode(more.as_bytes()).is_ok());
    }
}
