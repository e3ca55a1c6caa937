//! What a person is told: one notification per event, or one per batch of an import.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    clock::Timestamp,
    event::{
        self, Changes, DeletedData, Event, EventData, ImportData, ImportGroup, LowStockData,
        ProductData,
    },
    import_job::{ImportCounts, ImportStatus},
    seller::SellerId,
};

/// How long notifications are kept.
pub const KEPT: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 60 * 60);

/// The kinds of notifications; also the names of the server-sent events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub enum NotificationKind {
    ProductCreated,
    ProductUpdated,
    ProductDeleted,
    LowStockWarning,
    ImportProgress,
    ImportCompleted,
}

impl NotificationKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::ProductCreated,
        Self::ProductUpdated,
        Self::ProductDeleted,
        Self::LowStockWarning,
        Self::ImportProgress,
        Self::ImportCompleted,
    ];

    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProductCreated => "ProductCreated",
            Self::ProductUpdated => "ProductUpdated",
            Self::ProductDeleted => "ProductDeleted",
            Self::LowStockWarning => "LowStockWarning",
            Self::ImportProgress => "ImportProgress",
            Self::ImportCompleted => "ImportCompleted",
        }
    }

    /// The kind with this wire name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One notification, in its wire form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// The event's id.
    pub id: String,
    #[schema(value_type = String)]
    pub seller_id: SellerId,
    #[serde(rename = "type")]
    pub kind: NotificationKind,
    /// One sentence that names the product.
    pub message: String,
    pub data: Value,
    /// Epoch milliseconds.
    pub timestamp: i64,
    pub read: bool,
    pub sequence: i64,
    /// Set when it stands for all events from here to `sequence`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_sequence: Option<i64>,
}

impl Notification {
    /// The first event it stands for.
    pub fn first(&self) -> i64 {
        self.first_sequence.unwrap_or(self.sequence)
    }

    /// What people are told of an event; `None` for an import's event that its batch's last
    /// event stands for.
    pub fn of(event: &Event) -> Option<Self> {
        if let Some(group) = &event.import {
            return Some(Self::of_group(event, group));
        }
        let (kind, message, data) = match &event.data {
            EventData::ImportCompleted(import) => (
                NotificationKind::ImportCompleted,
                import_message(import),
                json!(import),
            ),
            other if other.import_id().is_some() => return None,
            EventData::ProductCreated(product) => created(product),
            EventData::ProductUpdated(product) => updated(product),
            EventData::ProductDeleted(product) => deleted(product),
            EventData::LowStockWarning(product) => low_stock(product),
        };
        Some(Self {
            id: event.event_id.clone(),
            seller_id: event.seller_id().clone(),
            kind,
            message,
            data,
            timestamp: event.timestamp.millis(),
            read: false,
            sequence: event.sequence,
            first_sequence: None,
        })
    }

    fn of_group(event: &Event, group: &ImportGroup) -> Self {
        let seller = event.seller_id();
        let percent = (group.bytes_done * 100)
            .checked_div(group.bytes_total)
            .unwrap_or(100);
        let rows = thousands(group.counts.rows);
        Self {
            id: format!(
                "{seller}-{}-ImportProgress-{}",
                group.import_id, event.sequence
            ),
            seller_id: seller.clone(),
            kind: NotificationKind::ImportProgress,
            message: format!(
                "Import of {}: {rows} rows so far ({percent} %)",
                group.file_name
            ),
            data: json!({
                "importId": group.import_id,
                "fileName": group.file_name,
                "bytesDone": group.bytes_done,
                "bytesTotal": group.bytes_total,
                "rows": group.counts.rows,
                "created": group.counts.created,
                "updated": group.counts.updated,
                "unchanged": group.counts.unchanged,
                "skipped": group.counts.skipped,
                "rejected": group.counts.rejected,
            }),
            timestamp: event.timestamp.millis(),
            read: false,
            sequence: event.sequence,
            first_sequence: Some(group.first_sequence),
        }
    }

    /// Joins this import progress with the one that follows it: the later one's counts, standing
    /// for the events of both. `None` when they do not follow each other.
    pub fn joined(&self, next: &Self) -> Option<Self> {
        let both_progress = [self, next]
            .iter()
            .all(|n| n.kind == NotificationKind::ImportProgress);
        let same_import = self.data.get("importId") == next.data.get("importId");
        (both_progress && same_import && next.first() == self.sequence + 1).then(|| Self {
            first_sequence: Some(self.first()),
            ..next.clone()
        })
    }

    /// What older clients, which know no import, are told once one ended: notifications named
    /// `ProductCreated` and, if any product is low, `LowStockWarning`, to be sent without the
    /// frame's id. Their own ids differ, because such clients show one notification per id.
    pub fn courtesies(&self) -> Vec<Self> {
        if self.kind != NotificationKind::ImportCompleted {
            return Vec::new();
        }
        let text = |member: &str| self.data[member].as_str().unwrap_or_default();
        let courtesy = |kind: NotificationKind, message| Self {
            id: format!(
                "{}-{}-{}-1",
                self.seller_id,
                text("importId"),
                kind.as_str()
            ),
            kind,
            message,
            data: json!({ "importId": text("importId") }),
            ..self.clone()
        };
        let created = courtesy(NotificationKind::ProductCreated, self.message.clone());
        let low = match self.data["lowStock"]["count"].as_u64() {
            None | Some(0) => return vec![created],
            Some(1) => "1 product is low on stock".to_owned(),
            Some(count) => format!("{} products are low on stock", thousands(count)),
        };
        let low = format!("Import of {}: {low}", text("fileName"));
        vec![created, courtesy(NotificationKind::LowStockWarning, low)]
    }

    /// When it may be forgotten.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_millis(self.timestamp).plus(KEPT)
    }
}

/// A notification's kind, sentence and data.
type Told = (NotificationKind, String, Value);

fn created(product: &ProductData) -> Told {
    let verb = if product.restored {
        "restored"
    } else {
        "created"
    };
    let message = format!("Product \"{}\" was {verb}", product.name);
    let data = short_product(product);
    (NotificationKind::ProductCreated, message, data)
}

fn updated(product: &ProductData) -> Told {
    let changes = product.changes.as_ref();
    let fields = changes.map(Changes::fields).unwrap_or_default().join(", ");
    let message = format!("Product \"{}\" was updated ({fields})", product.name);
    let mut data = short_product(product);
    if let Some(changes) = changes {
        data["changes"] = json!(changes);
    }
    (NotificationKind::ProductUpdated, message, data)
}

fn deleted(product: &DeletedData) -> Told {
    let message = format!("Product \"{}\" was deleted", product.name);
    let data = json!({
        "productId": product.product_id,
        "name": product.name,
        "category": product.category,
        "deletedAt": product.deleted_at,
    });
    (NotificationKind::ProductDeleted, message, data)
}

fn low_stock(product: &LowStockData) -> Told {
    let message = format!(
        "Product \"{}\" is low on stock: {} left",
        product.name,
        event::units(product.quantity)
    );
    let data = json!({
        "productId": product.product_id,
        "name": product.name,
        "category": product.category,
        "quantity": product.quantity,
        "threshold": product.threshold,
        "price": product.price,
        "previousQuantity": product.previous_quantity,
    });
    (NotificationKind::LowStockWarning, message, data)
}

fn short_product(product: &ProductData) -> Value {
    json!({
        "productId": product.product_id,
        "name": product.name,
        "category": product.category,
        "price": product.price,
        "quantity": product.quantity,
    })
}

fn import_message(import: &ImportData) -> String {
    let counts = import.counts();
    let ended = match import.status {
        ImportStatus::Failed => " failed",
        ImportStatus::Cancelled => " was cancelled",
        _ => "",
    };
    format!(
        "Import of {}{ended}: {}",
        import.file_name,
        counts_text(&counts)
    )
}

/// `97 created, 2 updated, 1 rejected`; leaves out what did not happen.
pub fn counts_text(counts: &ImportCounts) -> String {
    let named = [
        (counts.created, "created"),
        (counts.updated, "updated"),
        (counts.unchanged, "unchanged"),
        (counts.skipped, "skipped"),
        (counts.rejected, "rejected"),
    ];
    let told: Vec<_> = named
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", thousands(count)))
        .collect();
    if told.is_empty() {
        "no rows".to_owned()
    } else {
        told.join(", ")
    }
}

/// `4812330` as `4,812,330`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Context, EventDraft, LowStockDigest, LowStockEntry},
        money::Price,
        product::{NewProduct, Product},
    };

    const CONTEXT: Context<'static> = Context {
        default_threshold: 10,
        import_id: None,
        reason: None,
    };

    fn lamp(quantity: i32) -> Product {
        let new = NewProduct {
            name: "Lamp".to_owned(),
            description: Some("bright".to_owned()),
            price: Price::parse("19.90").unwrap(),
            quantity,
            category: "Home".to_owned(),
            sku: Some("L-1".to_owned()),
            low_stock_threshold: None,
            attributes: None,
        };
        let seller = SellerId::parse("seller-1").unwrap();
        new.into_product(7, seller, Timestamp::from_millis(1000))
    }

    fn seal(draft: EventDraft) -> Event {
        draft.seal(42, Timestamp::from_millis(1_769_847_300_250))
    }

    fn told(draft: EventDraft) -> Value {
        json!(Notification::of(&seal(draft)).unwrap())
    }

    fn import(status: ImportStatus, low: u64) -> Notification {
        let entry = LowStockEntry {
            product_id: 7,
            name: "Lamp".to_owned(),
            quantity: 3,
            threshold: 10,
        };
        let draft = event::import_completed(ImportData {
            import_id: "imp_1".to_owned(),
            seller_id: SellerId::parse("seller-1").unwrap(),
            file_name: "products.csv".to_owned(),
            status,
            rows: 100,
            created: 97,
            updated: 2,
            unchanged: 0,
            skipped: 0,
            rejected: 1,
            low_stock: LowStockDigest {
                count: low,
                first: vec![entry; usize::from(low > 0)],
            },
            started_at: Some(Timestamp::from_millis(0)),
            finished_at: Timestamp::from_millis(5000),
        });
        Notification::of(&seal(draft)).unwrap()
    }

    /// The last event of a batch that stands for the events from `first` on.
    fn progress(import_id: &str, first: i64, sequence: i64) -> Notification {
        let context = Context {
            import_id: Some(import_id),
            ..CONTEXT
        };
        let draft = event::created(&lamp(20), context).remove(0);
        let mut event = draft.seal(sequence, Timestamp::from_millis(2000));
        event.import = Some(ImportGroup {
            import_id: import_id.to_owned(),
            file_name: "products.csv".to_owned(),
            first_sequence: first,
            bytes_done: 2,
            bytes_total: 3,
            counts: ImportCounts {
                rows: 12_345,
                created: 12_000,
                updated: 1,
                unchanged: 2,
                skipped: 3,
                rejected: 339,
            },
        });
        Notification::of(&event).unwrap()
    }

    #[test]
    fn tells_of_a_created_product() {
        let expected = json!({
            "id": "seller-1-7-ProductCreated-1",
            "sellerId": "seller-1",
            "type": "ProductCreated",
            "message": "Product \"Lamp\" was created",
            "data": {
                "productId": 7, "name": "Lamp", "category": "Home",
                "price": Price::parse("19.9").unwrap(), "quantity": 20,
            },
            "timestamp": 1_769_847_300_250_i64,
            "read": false,
            "sequence": 42,
        });
        assert_eq!(told(event::created(&lamp(20), CONTEXT).remove(0)), expected);
        let restored = told(event::restored(&lamp(20), CONTEXT).remove(0));
        assert_eq!(restored["message"], "Product \"Lamp\" was restored");
        assert_eq!(restored["type"], "ProductCreated");
    }

    #[test]
    fn tells_which_fields_changed() {
        let mut after = lamp(20).touched(Timestamp::from_millis(2000));
        after.price = Price::parse("25").unwrap();
        after.description = None;
        after.low_stock_threshold = Some(5);
        let draft = event::updated(&lamp(20), &after, CONTEXT).remove(0);
        let told = told(draft);
        assert_eq!(told["id"], "seller-1-7-ProductUpdated-2");
        assert_eq!(told["type"], "ProductUpdated");
        assert_eq!(
            told["message"],
            "Product \"Lamp\" was updated (description, price, low_stock_threshold)"
        );
        let expected = r#"{"category":"Home","changes":{"description":{"new":null,"old":"bright"},"lowStockThreshold":{"new":5,"old":10},"price":{"new":25,"old":19.9}},"name":"Lamp","price":25,"productId":7,"quantity":20}"#;
        assert_eq!(told["data"].to_string(), expected);
    }

    #[test]
    fn tells_of_a_deleted_product() {
        let product = lamp(20).touched(Timestamp::from_millis(2000));
        let told = told(event::deleted(
            &product,
            Timestamp::from_millis(2000),
            CONTEXT,
        ));
        assert_eq!(told["message"], "Product \"Lamp\" was deleted");
        let data = json!({
            "productId": 7, "name": "Lamp", "category": "Home",
            "deletedAt": "1970-01-01T00:00:02.000Z",
        });
        assert_eq!(
            (&told["type"], &told["data"]),
            (&json!("ProductDeleted"), &data)
        );
    }

    #[test]
    fn tells_how_many_units_are_left() {
        let after = Product {
            quantity: 1,
            ..lamp(20).touched(Timestamp::from_millis(2000))
        };
        let warning = told(event::updated(&lamp(20), &after, CONTEXT).remove(1));
        assert_eq!(warning["id"], "seller-1-7-LowStockWarning-2");
        assert_eq!(
            warning["message"],
            "Product \"Lamp\" is low on stock: 1 unit left"
        );
        let data = json!({
            "productId": 7, "name": "Lamp", "category": "Home", "quantity": 1, "threshold": 10,
            "price": Price::parse("19.9").unwrap(), "previousQuantity": 20,
        });
        assert_eq!(warning["data"], data);
        let from_the_start = told(event::created(&lamp(0), CONTEXT).remove(1));
        assert_eq!(
            from_the_start["message"],
            "Product \"Lamp\" is low on stock: 0 units left"
        );
        assert_eq!(from_the_start["data"]["previousQuantity"], Value::Null);
    }

    #[test]
    fn tells_of_an_import_that_ended() {
        let expected = json!({
            "id": "seller-1-imp_1-ImportCompleted-1",
            "sellerId": "seller-1",
            "type": "ImportCompleted",
            "message": "Import of products.csv: 97 created, 2 updated, 1 rejected",
            "data": {
                "importId": "imp_1", "sellerId": "seller-1", "fileName": "products.csv",
                "status": "completed", "rows": 100, "created": 97, "updated": 2, "unchanged": 0,
                "skipped": 0, "rejected": 1,
                "lowStock": {
                    "count": 1,
                    "first": [{ "productId": 7, "name": "Lamp", "quantity": 3, "threshold": 10 }],
                },
                "startedAt": "1970-01-01T00:00:00.000Z",
                "finishedAt": "1970-01-01T00:00:05.000Z",
            },
            "timestamp": 1_769_847_300_250_i64,
            "read": false,
            "sequence": 42,
        });
        assert_eq!(json!(import(ImportStatus::Completed, 1)), expected);
        let ends = [
            (ImportStatus::Failed, " failed"),
            (ImportStatus::Cancelled, " was cancelled"),
        ];
        for (status, how) in ends {
            let counts = "97 created, 2 updated, 1 rejected";
            let message = format!("Import of products.csv{how}: {counts}");
            assert_eq!(import(status, 0).message, message);
        }
    }

    #[test]
    fn tells_of_a_batch_once() {
        let expected = json!({
            "id": "seller-1-imp_1-ImportProgress-30",
            "sellerId": "seller-1",
            "type": "ImportProgress",
            "message": "Import of products.csv: 12,345 rows so far (66 %)",
            "data": {
                "importId": "imp_1", "fileName": "products.csv", "bytesDone": 2, "bytesTotal": 3,
                "rows": 12_345, "created": 12_000, "updated": 1, "unchanged": 2, "skipped": 3,
                "rejected": 339,
            },
            "timestamp": 2000,
            "read": false,
            "sequence": 30,
            "firstSequence": 21,
        });
        assert_eq!(json!(progress("imp_1", 21, 30)), expected);
        let context = Context {
            import_id: Some("imp_1"),
            ..CONTEXT
        };
        for draft in event::created(&lamp(0), context) {
            assert_eq!(Notification::of(&seal(draft)), None);
        }
    }

    #[test]
    fn joins_the_progress_of_consecutive_batches_only() {
        let first = progress("imp_1", 21, 30);
        let next = progress("imp_1", 31, 45);
        let joined = first.joined(&next).unwrap();
        assert_eq!((joined.first(), joined.sequence), (21, 45));
        assert_eq!(
            (joined.id, joined.message),
            (next.id.clone(), next.message.clone())
        );
        assert_eq!(first.joined(&progress("imp_1", 32, 45)), None);
        assert_eq!(first.joined(&progress("imp_2", 31, 45)), None);
        assert_eq!(next.joined(&first), None);
        let mut end = import(ImportStatus::Completed, 0);
        end.sequence = 31;
        assert_eq!(first.joined(&end), None);
    }

    #[test]
    fn older_clients_are_told_of_an_import_in_their_own_words() {
        let end = import(ImportStatus::Completed, 1200);
        let expected = json!([
            {
                "id": "seller-1-imp_1-ProductCreated-1",
                "sellerId": "seller-1",
                "type": "ProductCreated",
                "message": "Import of products.csv: 97 created, 2 updated, 1 rejected",
                "data": { "importId": "imp_1" },
                "timestamp": 1_769_847_300_250_i64,
                "read": false,
                "sequence": 42,
            },
            {
                "id": "seller-1-imp_1-LowStockWarning-1",
                "sellerId": "seller-1",
                "type": "LowStockWarning",
                "message": "Import of products.csv: 1,200 products are low on stock",
                "data": { "importId": "imp_1" },
                "timestamp": 1_769_847_300_250_i64,
                "read": false,
                "sequence": 42,
            },
        ]);
        assert_eq!(json!(end.courtesies()), expected);
        let one = import(ImportStatus::Failed, 1).courtesies();
        assert_eq!(
            one[1].message,
            "Import of products.csv: 1 product is low on stock"
        );
        assert_eq!(import(ImportStatus::Cancelled, 0).courtesies().len(), 1);
        assert!(progress("imp_1", 21, 30).courtesies().is_empty());
    }

    #[test]
    fn comes_back_from_json() {
        for notification in [
            import(ImportStatus::Completed, 1),
            progress("imp_1", 21, 30),
        ] {
            let text = serde_json::to_string(&notification).unwrap();
            assert_eq!(
                serde_json::from_str::<Notification>(&text).unwrap(),
                notification
            );
        }
        for kind in NotificationKind::ALL {
            assert_eq!(NotificationKind::from_name(kind.as_str()), Some(kind));
            assert_eq!(json!(kind), kind.as_str());
        }
        assert_eq!(NotificationKind::from_name("connected"), None);
    }

    #[test]
    fn counts_read_well() {
        assert_eq!(counts_text(&ImportCounts::default()), "no rows");
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(thousands(number), text);
        }
        let at = Timestamp::from_millis(1_769_847_300_250);
        assert_eq!(
            import(ImportStatus::Completed, 0).expires_at(),
            at.plus(KEPT)
        );
    }
}
