//! The exact JSON and sentences of every notification.

use super::*;
use crate::domain::{
    event::{EventContext, EventDraft},
    import_job::{LowStockDigest, LowStockEntry},
    money::Price,
    product::{NewProduct, Product},
};
use crate::support::samples::new_lamp;

const CONTEXT: EventContext<'static> = EventContext {
    default_threshold: 10,
    import_id: None,
    reason: None,
};

fn lamp(quantity: i32) -> Product {
    let new = NewProduct {
        description: Some("bright".to_owned()),
        quantity,
        sku: Some("L-1".to_owned()),
        ..new_lamp()
    };
    let seller = SellerId::parse("seller-1").unwrap();
    new.into_product(7, seller, Timestamp::from_millis(1000))
}

fn seal(draft: EventDraft) -> Event {
    draft.seal(42, Timestamp::from_millis(1_769_847_300_250))
}

fn notified(draft: EventDraft) -> Value {
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

/// The last event of a batch that covers the events from `first` on.
fn progress(import_id: &str, first: i64, sequence: i64) -> Notification {
    let context = EventContext {
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
fn a_created_product_has_a_notification() {
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
    assert_eq!(
        notified(event::created(&lamp(20), CONTEXT).remove(0)),
        expected
    );
    let restored = notified(event::restored(&lamp(20), CONTEXT).remove(0));
    assert_eq!(restored["message"], "Product \"Lamp\" was restored");
    assert_eq!(restored["type"], "ProductCreated");
}

#[test]
fn an_update_names_the_changed_fields() {
    let mut after = lamp(20).touched(Timestamp::from_millis(2000));
    after.price = Price::parse("25").unwrap();
    after.description = None;
    after.low_stock_threshold = Some(5);
    let draft = event::updated(&lamp(20), &after, CONTEXT).remove(0);
    let shown = notified(draft);
    assert_eq!(shown["id"], "seller-1-7-ProductUpdated-2");
    assert_eq!(shown["type"], "ProductUpdated");
    assert_eq!(
        shown["message"],
        "Product \"Lamp\" was updated (description, price, low_stock_threshold)"
    );
    let expected = r#"{"category":"Home","changes":{"description":{"new":null,"old":"bright"},"lowStockThreshold":{"new":5,"old":10},"price":{"new":25,"old":19.9}},"name":"Lamp","price":25,"productId":7,"quantity":20}"#;
    assert_eq!(shown["data"].to_string(), expected);
}

#[test]
fn a_deleted_product_has_a_notification() {
    let product = lamp(20).touched(Timestamp::from_millis(2000));
    let shown = notified(event::deleted(
        &product,
        Timestamp::from_millis(2000),
        CONTEXT,
    ));
    assert_eq!(shown["message"], "Product \"Lamp\" was deleted");
    let data = json!({
        "productId": 7, "name": "Lamp", "category": "Home",
        "deletedAt": "1970-01-01T00:00:02.000Z",
    });
    assert_eq!(
        (&shown["type"], &shown["data"]),
        (&json!("ProductDeleted"), &data)
    );
}

#[test]
fn a_stock_change_names_the_units_left() {
    let after = Product {
        quantity: 1,
        ..lamp(20).touched(Timestamp::from_millis(2000))
    };
    let warning = notified(event::updated(&lamp(20), &after, CONTEXT).remove(1));
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
    let from_the_start = notified(event::created(&lamp(0), CONTEXT).remove(1));
    assert_eq!(
        from_the_start["message"],
        "Product \"Lamp\" is low on stock: 0 units left"
    );
    assert_eq!(from_the_start["data"]["previousQuantity"], Value::Null);
}

#[test]
fn an_ended_import_has_a_notification() {
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
fn a_batch_has_one_notification() {
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
    let context = EventContext {
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
fn older_clients_see_an_import_in_their_own_words() {
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
    let at = Timestamp::from_millis(1_769_847_300_250);
    assert_eq!(
        import(ImportStatus::Completed, 0).expires_at(),
        at.plus(NOTIFICATION_RETENTION)
    );
}
