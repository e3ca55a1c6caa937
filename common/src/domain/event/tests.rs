//! What each change causes, and the exact JSON of every kind.

use super::*;
use crate::domain::product::{NewProduct, Product};
use crate::support::samples::new_lamp;

const CONTEXT: EventContext<'static> = EventContext {
    default_threshold: 10,
    import_id: None,
    reason: None,
};

fn lamp(quantity: i32, threshold: Option<i32>) -> Product {
    let new = NewProduct {
        quantity,
        sku: Some("L-1".to_owned()),
        low_stock_threshold: threshold,
        ..new_lamp()
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
    let context = EventContext {
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
fn the_last_event_of_a_batch_says_what_it_covers() {
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
