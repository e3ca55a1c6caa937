//! What a person is shown: one notification per event, or one per batch of an import.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::{
    clock::Timestamp,
    event::{
        self, DeletedData, Event, EventData, FieldChanges, ImportData, ImportGroup, LowStockData,
        ProductData,
    },
    import_job::{ImportCounts, ImportStatus},
    message_text::thousands,
    record::LOG_RETENTION,
    seller::SellerId,
};

/// How long notifications are kept.
pub const NOTIFICATION_RETENTION: std::time::Duration =
    std::time::Duration::from_secs(30 * 24 * 60 * 60);

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
    /// Set when it covers all events from here to `sequence`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_sequence: Option<i64>,
    /// Set when the events from here to just before it were all stored, or are lost for good: one
    /// that is missing will not come. Only in the inbox and on the feed: clients get a `gap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub settled_from: Option<i64>,
}

/// Whether nothing that may still come belongs between `after` and the first of these, which are in
/// order: it says so itself, or a later one does.
pub fn is_settled_before(listed: &[Notification], after: i64, now: Timestamp) -> bool {
    let settles = |later: &Notification| {
        let from = later.settled_from;
        from.is_some_and(|from| from <= after.saturating_add(1))
    };
    let Some(first) = listed.first() else {
        return true;
    };
    first.follows(after, now) || listed.iter().any(settles)
}

impl Notification {
    /// The first event it covers.
    pub fn first(&self) -> i64 {
        self.first_sequence.unwrap_or(self.sequence)
    }

    /// Whether nothing that may still come belongs between `after` and this one. It says so itself,
    /// or it is older than the log keeps events, so that what is missing has expired.
    fn follows(&self, after: i64, now: Timestamp) -> bool {
        let age = now.since(Timestamp::from_millis(self.timestamp));
        self.accounts_from() <= after.saturating_add(1) || age >= LOG_RETENTION
    }

    /// As clients see it.
    pub fn shown(&self) -> Cow<'_, Self> {
        if self.settled_from.is_none() {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Self {
            settled_from: None,
            ..self.clone()
        })
    }

    /// The first event that it accounts for: those it covers, and those settled before it.
    pub fn accounts_from(&self) -> i64 {
        self.settled_from.unwrap_or_else(|| self.first())
    }

    /// What people are shown of an event; `None` for an import's event that its batch's last
    /// event covers.
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
            settled_from: None,
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
            settled_from: None,
        }
    }

    /// Joins this import progress with the one that follows it: the later one's counts, standing
    /// for the events of both. `None` when they do not follow each other.
    pub fn joined(&self, next: &Self) -> Option<Self> {
        let both_progress = [self, next]
            .iter()
            .all(|n| n.kind == NotificationKind::ImportProgress);
        let same_import = self.data.get("importId") == next.data.get("importId");
        let follows = next.settled_from.is_none() && next.first() == self.sequence + 1;
        (both_progress && same_import && follows).then(|| Self {
            first_sequence: Some(self.first()),
            settled_from: self.settled_from,
            ..next.clone()
        })
    }

    /// What older clients, which know no import, are shown once one ended: notifications named
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
        Timestamp::from_millis(self.timestamp).plus(NOTIFICATION_RETENTION)
    }
}

/// A notification's kind, sentence and data.
type NotificationContent = (NotificationKind, String, Value);

fn created(product: &ProductData) -> NotificationContent {
    let verb = if product.restored {
        "restored"
    } else {
        "created"
    };
    let message = format!("Product \"{}\" was {verb}", product.name);
    let data = short_product(product);
    (NotificationKind::ProductCreated, message, data)
}

fn updated(product: &ProductData) -> NotificationContent {
    let changes = product.changes.as_ref();
    let fields = changes
        .map(FieldChanges::fields)
        .unwrap_or_default()
        .join(", ");
    let message = format!("Product \"{}\" was updated ({fields})", product.name);
    let mut data = short_product(product);
    if let Some(changes) = changes {
        data["changes"] = json!(changes);
    }
    (NotificationKind::ProductUpdated, message, data)
}

fn deleted(product: &DeletedData) -> NotificationContent {
    let message = format!("Product \"{}\" was deleted", product.name);
    let data = json!({
        "productId": product.product_id,
        "name": product.name,
        "category": product.category,
        "deletedAt": product.deleted_at,
    });
    (NotificationKind::ProductDeleted, message, data)
}

fn low_stock(product: &LowStockData) -> NotificationContent {
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
    let names: Vec<_> = named
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", thousands(count)))
        .collect();
    if names.is_empty() {
        "no rows".to_owned()
    } else {
        names.join(", ")
    }
}
