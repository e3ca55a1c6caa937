//! What changes leave in the outbox.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Store, assert_gapless, create, lamp, outbox_events, seller};
use crate::{
    domain::{
        clock,
        event::{Event, EventData, EventKind},
        product::{NewProduct, ProductPatch, StockChange},
    },
    ports::store::{OutboxEntry, SetAsideEntry},
};

pub(super) async fn each_change_has_its_events(store: Arc<dyn Store>) {
    let a = seller("a");
    let id = create(&store, &a, lamp()).await.id;
    let patch = ProductPatch {
        quantity: Some(40),
        ..ProductPatch::default()
    };
    let updated = store.product_update(&a, id, patch.clone(), None).await;
    store.product_update(&a, id, patch, None).await.unwrap();
    let change = StockChange {
        delta: -2,
        reason: Some("sold".to_owned()),
    };
    store.product_stock(&a, id, change, None).await.unwrap();
    store.product_delete(&a, id, None).await.unwrap();
    store.product_restore(&a, id, None).await.unwrap();
    store.product_restore(&a, id, None).await.unwrap();

    let events = outbox_events(&store).await;
    let ids: Vec<_> = events.iter().map(|event| event.event_id.clone()).collect();
    let expected = [
        "Created-1",
        "Updated-2",
        "Updated-3",
        "Deleted-4",
        "Created-5",
    ]
    .map(|end| format!("a-{id}-Product{end}"));
    assert_eq!(ids, expected);
    assert_eq!(events[1].timestamp, updated.unwrap().unwrap().updated_at);
    let EventData::ProductUpdated(stock) = &events[2].data else {
        panic!("{:?}", events[2]);
    };
    assert_eq!(
        (stock.reason.as_deref(), stock.quantity),
        (Some("sold"), 38)
    );
    let EventData::ProductCreated(restored) = &events[4].data else {
        panic!("{:?}", events[4]);
    };
    assert!(restored.restored);
    assert_gapless(&store).await;
}

pub(super) async fn low_stock_is_reported_when_it_begins(store: Arc<dyn Store>) {
    let a = seller("a");
    let low = NewProduct {
        quantity: 3,
        ..lamp()
    };
    create(&store, &a, low).await;
    let id = create(&store, &a, lamp()).await.id;
    for delta in [-41, -1, 40, -40] {
        let change = StockChange {
            delta,
            reason: None,
        };
        store.product_stock(&a, id, change, None).await.unwrap();
    }
    let events = outbox_events(&store).await;
    let warnings: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.data {
            EventData::LowStockWarning(low) => Some((low.previous_quantity, low.quantity)),
            _ => None,
        })
        .collect();
    assert_eq!(warnings, [(None, 3), (Some(50), 9), (Some(48), 8)]);
    assert_gapless(&store).await;
}

pub(super) async fn sequences_have_no_gap_under_concurrency(store: Arc<dyn Store>) {
    const WRITERS: usize = 32;
    let writers = (0..WRITERS).map(|writer| {
        let (store, seller) = (store.clone(), seller(["a", "b", "c"][writer % 3]));
        tokio::spawn(async move {
            let taken = NewProduct {
                sku: Some("one for all".to_owned()),
                ..lamp()
            };
            for _ in 0..4 {
                let product = create(&store, &seller, lamp()).await;
                // Fails for all but one: a failure must not leave a hole.
                let _ = store.product_create(&seller, taken.clone(), None).await;
                let patch = ProductPatch {
                    quantity: Some(1),
                    ..ProductPatch::default()
                };
                let update = store.product_update(&seller, product.id, patch, None);
                update.await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let last = assert_gapless(&store).await;
    let total: i64 = last.values().sum();
    // A create, an update and a warning each, and one more create per seller.
    assert_eq!(total, 32 * 4 * 3 + 3);
    assert_eq!(store.outbox_backlog().await.unwrap().messages, 32 * 12 + 3);
    let mut versions = HashMap::new();
    for event in outbox_events(&store).await {
        if let EventData::ProductCreated(data) | EventData::ProductUpdated(data) = &event.data {
            let version = versions.entry(data.product_id).or_insert(0);
            *version += 1;
            assert_eq!(event.version, *version);
        }
    }
}

pub(super) async fn the_outbox_forgets_what_is_removed(store: Arc<dyn Store>) {
    assert!(store.relay_lease_acquire().await.unwrap());
    for name in ["a", "b", "a"] {
        create(&store, &seller(name), lamp()).await;
    }
    let now = clock::now();
    let oldest = store.outbox_backlog().await.unwrap().oldest.unwrap();
    assert!(oldest <= now && now.since(oldest) < Duration::from_secs(60));
    let entries = store.outbox_peek(2).await.unwrap();
    assert_eq!(entries.len(), 2);
    assert!(entries[0].id < entries[1].id);
    let gone: Vec<_> = entries.iter().map(|e| (e.seller.clone(), e.id)).collect();
    for _ in 0..2 {
        store.outbox_remove(&gone).await.unwrap();
        assert_eq!(store.outbox_backlog().await.unwrap().messages, 1);
    }
    let rest = store.outbox_peek(10).await.unwrap();
    assert_eq!(rest.len(), 1);
    assert!(rest[0].id > entries[1].id);
    let foreign = [(seller("b"), rest[0].id)];
    store.outbox_remove(&foreign).await.unwrap();
    let kinds: Vec<_> = outbox_events(&store)
        .await
        .iter()
        .map(Event::kind)
        .collect();
    assert_eq!(kinds, [EventKind::ProductCreated]);
}

pub(super) async fn a_wait_ends_with_a_change(store: Arc<dyn Store>) {
    const LONG: Duration = Duration::from_secs(60);
    let started = Instant::now();
    // Committed before the wait begins: the signal must not be lost.
    create(&store, &seller("a"), lamp()).await;
    assert!(store.outbox_wait(LONG).await);
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.outbox_wait(LONG).await }
    });
    create(&store, &seller("a"), lamp()).await;
    assert!(waiting.await.unwrap());
    assert!(started.elapsed() < LONG, "a signal was lost");
    assert!(!store.outbox_wait(Duration::from_millis(1)).await);
}

/// Red when: a row that was set aside is peeked again, counted as waiting, or takes another with it.
pub(super) async fn what_is_set_aside_is_out_of_the_way(store: Arc<dyn Store>) {
    assert!(store.relay_lease_acquire().await.unwrap());
    for name in ["a", "b", "a"] {
        create(&store, &seller(name), lamp()).await;
    }
    let entries = store.outbox_peek(10).await.unwrap();
    let aside = |entry: &OutboxEntry, records| SetAsideEntry {
        id: entry.id,
        seller: entry.seller.clone(),
        records,
        reason: "too large".to_owned(),
    };
    let rows = vec![
        aside(&entries[0], None),
        aside(&entries[1], Some(entries[1].records.clone().unwrap())),
    ];
    for _ in 0..2 {
        store.outbox_set_aside(rows.clone()).await.unwrap();
        assert_eq!(store.outbox_aside().await.unwrap(), 2);
        assert_eq!(store.outbox_backlog().await.unwrap().messages, 1);
        assert_eq!(store.outbox_peek(10).await.unwrap(), entries[2..]);
    }
}
