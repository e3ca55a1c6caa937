//! Stock changes of many products at once.

use std::sync::Arc;

use super::{Store, assert_gapless, create, lamp, outbox_events, seller, with_sku};
use crate::domain::{
    event::{Event, EventKind},
    idempotency::Claim,
    product::{
        ProductId, ProductRef, StockBatch, StockBatchLine, StockChange, StockOutcome, StockRefusal,
    },
};

fn by_id(id: ProductId, delta: i64) -> StockBatchLine {
    StockBatchLine {
        product: ProductRef::Id(id),
        change: StockChange {
            delta,
            reason: None,
        },
    }
}

fn by_sku(sku: &str, delta: i64) -> StockBatchLine {
    StockBatchLine {
        product: ProductRef::Sku(sku.to_owned()),
        ..by_id(0, delta)
    }
}

fn batch(lines: Vec<StockBatchLine>, atomic: bool) -> StockBatch {
    StockBatch { lines, atomic }
}

/// Quantity and version of what was done; `None` of what was not.
fn done(outcomes: &[StockOutcome]) -> Vec<Option<(i32, i64)>> {
    let state = |outcome: &StockOutcome| match outcome {
        StockOutcome::Done(product) => Some((product.quantity, product.version)),
        _ => None,
    };
    outcomes.iter().map(state).collect()
}

/// Red when: each change of a product is a version, or a refused change stops those after it.
pub(super) async fn each_change_of_a_batch_stands_on_its_own(store: Arc<dyn Store>) {
    let a = seller("a");
    let first = create(&store, &a, with_sku("s-1")).await.id;
    let second = create(&store, &a, lamp()).await.id;
    let foreign = create(&store, &seller("b"), with_sku("s-2")).await.id;
    let lines = vec![
        by_sku("s-1", -20),
        by_id(second, -51),
        by_id(foreign, -1),
        by_sku("s-2", -1),
        by_id(first, -25),
        by_id(first, i64::from(i32::MAX)),
        by_id(second, 3),
        by_id(second, -3),
    ];
    let outcomes = store
        .product_stock_batch(&a, batch(lines, false), None)
        .await
        .unwrap();
    let (changed, same) = (Some((5, 2)), Some((50, 1)));
    assert_eq!(
        done(&outcomes),
        [changed, None, None, None, changed, None, same, same]
    );
    assert_eq!(
        outcomes[1],
        StockOutcome::Refused {
            id: second,
            refusal: StockRefusal::Insufficient {
                available: 50,
                requested: 51
            }
        }
    );
    assert_eq!(
        (&outcomes[2], &outcomes[3]),
        (&StockOutcome::Absent, &StockOutcome::Absent)
    );
    assert_eq!(
        outcomes[5],
        StockOutcome::Refused {
            id: first,
            refusal: StockRefusal::Overflow { available: 5 }
        }
    );
    let kinds: Vec<_> = outbox_events(&store)
        .await
        .iter()
        .map(Event::kind)
        .collect();
    assert_eq!(
        kinds[3..],
        [EventKind::ProductUpdated, EventKind::LowStockWarning],
        "one event for each product changed, and its warning"
    );
    assert_gapless(&store).await;
    assert_eq!(
        store
            .product_get(&a, first)
            .await
            .unwrap()
            .unwrap()
            .quantity,
        5
    );
    let others = store.product_get(&seller("b"), foreign).await.unwrap();
    assert_eq!(others.unwrap().quantity, 50);
}

/// Red when: an atomic batch keeps what could be done, or its key keeps a refusal.
pub(super) async fn an_atomic_batch_is_done_wholly_or_not_at_all(store: Arc<dyn Store>) {
    let a = seller("a");
    let first = create(&store, &a, lamp()).await.id;
    let second = create(&store, &a, lamp()).await.id;
    let claim = Claim::new("k".to_owned(), "POST /api/products/stock", b"");
    let ask = |delta| {
        let lines = vec![by_id(first, -1), by_id(second, delta)];
        store.product_stock_batch(&a, batch(lines, true), Some(&claim))
    };
    assert_eq!(done(&ask(-51).await.unwrap()), [Some((50, 1)), None]);
    assert_eq!(outbox_events(&store).await.len(), 2);
    for _ in 0..2 {
        assert_eq!(
            done(&ask(-50).await.unwrap()),
            [Some((49, 2)), Some((0, 2))]
        );
    }
    assert_eq!(
        outbox_events(&store).await.len(),
        5,
        "two changes and a warning"
    );
}

/// Red when: rows are locked in the order of the request, which makes two batches wait for each other.
pub(super) async fn batches_of_one_seller_do_not_block_each_other(store: Arc<dyn Store>) {
    let a = seller("a");
    let mut ids = Vec::new();
    for _ in 0..8 {
        ids.push(create(&store, &a, lamp()).await.id);
    }
    let writers = (0..8).map(|writer| {
        let (store, a, mut ids) = (store.clone(), a.clone(), ids.clone());
        ids.rotate_left(writer);
        if writer % 2 == 1 {
            ids.reverse();
        }
        tokio::spawn(async move {
            for _ in 0..5 {
                let lines = ids.iter().map(|id| by_id(*id, -1)).collect();
                let outcomes = store.product_stock_batch(&a, batch(lines, true), None);
                assert!(done(&outcomes.await.unwrap()).iter().all(Option::is_some));
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    for id in ids {
        let product = store.product_get(&a, id).await.unwrap().unwrap();
        assert_eq!((product.quantity, product.version), (10, 41));
    }
    assert_gapless(&store).await;
}
