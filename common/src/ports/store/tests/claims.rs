//! Requests that are repeated.

use std::sync::Arc;

use super::{Store, create, lamp, outbox_events, seller, with_sku};
use crate::domain::{
    error::{Conflict, Error},
    idempotency::Claim,
    product::{NewProduct, StockChange},
};

fn claim(key: &str, body: &str) -> Claim {
    Claim::new(key.to_owned(), "POST /api/products", body.as_bytes())
}

fn refused<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Conflict(Conflict::IdempotencyKeyReused)))
}

pub(super) async fn equal_requests_act_once(store: Arc<dyn Store>) {
    let a = seller("a");
    let requests = (0..64).map(|_| {
        let (store, a) = (store.clone(), a.clone());
        tokio::spawn(async move {
            let claim = claim("k", "lamp");
            store
                .product_create(&a, lamp(), Some(&claim))
                .await
                .unwrap()
        })
    });
    let mut answers = Vec::new();
    for request in requests.collect::<Vec<_>>() {
        answers.push(request.await.unwrap());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(outbox_events(&store).await.len(), 1);
    // Another seller's key of the same name is another key.
    let (b, key) = (seller("b"), claim("k", "lamp"));
    let other = store.product_create(&b, lamp(), Some(&key));
    assert_ne!(other.await.unwrap().id, answers[0].id);
}

pub(super) async fn another_request_with_the_key_is_refused(store: Arc<dyn Store>) {
    let a = seller("a");
    let create = |body| {
        let claim = claim("k", body);
        let (store, a) = (store.clone(), a.clone());
        async move { store.product_create(&a, lamp(), Some(&claim)).await }
    };
    let first = create("lamp").await.unwrap();
    assert!(refused(&create("chair").await));
    let other = Claim::new("k".to_owned(), "POST /api/products/1/stock", b"lamp");
    let change = StockChange {
        delta: 1,
        reason: None,
    };
    let stock = store.product_stock(&a, first.id, change, Some(&other));
    assert!(refused(&stock.await));
    assert!(refused(&store.import_claimed(&a, &other).await));
    assert_eq!(create("lamp").await.unwrap(), first);
    assert_eq!(outbox_events(&store).await.len(), 1);
}

pub(super) async fn failures_are_not_recorded(store: Arc<dyn Store>) {
    let a = seller("a");
    let taken = create(&store, &a, with_sku("L-1")).await;
    let claim = claim("k", "lamp");
    let create = || store.product_create(&a, with_sku("L-1"), Some(&claim));
    assert!(create().await.is_err());
    store.product_delete(&a, taken.id, None).await.unwrap();
    assert_eq!(create().await.unwrap().sku.as_deref(), Some("L-1"));
    let absent = Claim::new("absent".to_owned(), "POST /restore", b"");
    for _ in 0..2 {
        let restore = store.product_restore(&a, 999, Some(&absent));
        assert_eq!(restore.await.unwrap(), None);
    }
}

pub(super) async fn every_claimed_change_is_replayed(store: Arc<dyn Store>) {
    let a = seller("a");
    let low = NewProduct {
        quantity: 5,
        ..lamp()
    };
    let id = create(&store, &a, low).await.id;
    let stock = || async {
        let change = StockChange {
            delta: -3,
            reason: None,
        };
        let claim = claim("stock", "-3");
        store.product_stock(&a, id, change, Some(&claim)).await
    };
    let first = stock().await.unwrap().unwrap();
    // The replay answers what the first did, even where doing it again would fail.
    assert_eq!(stock().await.unwrap(), Some(first.clone()));
    store.product_delete(&a, id, None).await.unwrap();
    assert_eq!(stock().await.unwrap(), Some(first));
    let restore = || async {
        let claim = claim("restore", "");
        store.product_restore(&a, id, Some(&claim)).await
    };
    let restored = restore().await.unwrap();
    store.product_delete(&a, id, None).await.unwrap();
    assert_eq!(restore().await.unwrap(), restored);
    assert_eq!(store.product_get(&a, id).await.unwrap(), None);
}
