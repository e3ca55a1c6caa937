//! Changes of single products.

use std::sync::Arc;

use super::{Store, create, lamp, seller, with_sku};
use crate::domain::{
    error::{Conflict, Error},
    money::Price,
    product::{Attributes, NewProduct, ProductPatch, StockChange},
};

fn take(delta: i64) -> StockChange {
    StockChange {
        delta,
        reason: None,
    }
}

pub(super) async fn a_created_product_is_read_back(store: Arc<dyn Store>) {
    let (a, b) = (seller("a"), seller("b"));
    let attributes = Attributes::from([("Größe \"x\"".to_owned(), "5' \\ 💡".to_owned())]);
    let full = NewProduct {
        description: Some("Bright\nand warm".to_owned()),
        price: Price::from_cents(Price::MAX_CENTS).unwrap(),
        quantity: i32::MAX,
        sku: Some("L-1".to_owned()),
        low_stock_threshold: Some(0),
        attributes: Some(attributes.clone()),
        ..lamp()
    };
    let first = create(&store, &a, full.clone()).await;
    let second = create(&store, &b, lamp()).await;
    assert!(first.id > 0 && second.id > first.id, "ids are one sequence");
    let expected = full.into_product(first.id, a.clone(), first.created_at);
    assert_eq!(first, expected);
    for product in [first, second] {
        let read = store.product_get(&product.seller_id, product.id);
        assert_eq!(read.await.unwrap(), Some(product));
    }
    assert_eq!(store.product_get(&a, 999).await.unwrap(), None);
}

pub(super) async fn an_update_alters_only_what_it_names(store: Arc<dyn Store>) {
    let a = seller("a");
    let before = create(&store, &a, with_sku("L-1")).await;
    let patch = ProductPatch {
        price: Some(Price::from_cents(5).unwrap()),
        sku: Some(None),
        ..ProductPatch::default()
    };
    let update = |patch| store.product_update(&a, before.id, patch, None);
    let after = update(patch.clone()).await.unwrap().unwrap();
    assert_eq!((after.version, after.price.cents()), (2, 5));
    assert_eq!((&after.sku, &after.name), (&None, &before.name));
    assert!(after.updated_at >= before.updated_at);
    assert_eq!(after.created_at, before.created_at);
    let again = update(patch).await.unwrap().unwrap();
    assert_eq!(again, after, "nothing altered, no new version");
    let absent = store.product_update(&a, 999, ProductPatch::default(), None);
    assert_eq!(absent.await.unwrap(), None);
}

pub(super) async fn versions_guard_updates_and_deletes(store: Arc<dyn Store>) {
    let a = seller("a");
    let id = create(&store, &a, lamp()).await.id;
    let patch = ProductPatch {
        quantity: Some(40),
        ..ProductPatch::default()
    };
    let wrong = store.product_update(&a, id, patch.clone(), Some(2));
    let conflict = Conflict::Version { current: 1 };
    assert!(matches!(wrong.await, Err(Error::Conflict(found)) if found == conflict));
    let right = store.product_update(&a, id, patch, Some(1));
    assert_eq!(right.await.unwrap().unwrap().version, 2);
    let wrong = store.product_delete(&a, id, Some(1)).await;
    assert!(matches!(
        wrong,
        Err(Error::Conflict(Conflict::Version { current: 2 }))
    ));
    let right = store.product_delete(&a, id, Some(2)).await;
    assert_eq!(right.unwrap().unwrap().version, 3);
}

pub(super) async fn a_delete_hides_and_a_restore_brings_back(store: Arc<dyn Store>) {
    let a = seller("a");
    let id = create(&store, &a, lamp()).await.id;
    let deleted = store.product_delete(&a, id, None).await.unwrap();
    assert_eq!(deleted.unwrap().version, 2);
    assert_eq!(store.product_get(&a, id).await.unwrap(), None);
    let twice = store.product_delete(&a, id, None).await.unwrap();
    assert_eq!(twice, None);
    let stock = store.product_stock(&a, id, take(1), None).await;
    assert_eq!(stock.unwrap(), None);
    let restore = || store.product_restore(&a, id, None);
    let restored = restore().await.unwrap().unwrap();
    assert_eq!(restored.version, 3);
    assert_eq!(
        restore().await.unwrap(),
        Some(restored.clone()),
        "live already"
    );
    let read = store.product_get(&a, id).await.unwrap();
    assert_eq!(read, Some(restored));
    let absent = store.product_restore(&a, 999, None).await;
    assert_eq!(absent.unwrap(), None);
}

pub(super) async fn a_sku_is_unique_among_live_products_of_a_seller(store: Arc<dyn Store>) {
    let (a, b) = (seller("a"), seller("b"));
    let taken = |result| {
        let expected = Conflict::DuplicateSku {
            sku: "L-1".to_owned(),
        };
        assert!(matches!(result, Err(Error::Conflict(found)) if found == expected));
    };
    let first = create(&store, &a, with_sku("L-1")).await;
    let other = create(&store, &a, lamp()).await;
    create(&store, &b, with_sku("L-1")).await;
    taken(
        store
            .product_create(&a, with_sku("L-1"), None)
            .await
            .map(Some),
    );
    let patch = ProductPatch {
        sku: Some(Some("L-1".to_owned())),
        ..ProductPatch::default()
    };
    taken(store.product_update(&a, other.id, patch, None).await);
    store.product_delete(&a, first.id, None).await.unwrap();
    create(&store, &a, with_sku("L-1")).await;
    taken(store.product_restore(&a, first.id, None).await);
    assert_eq!(store.product_get(&a, first.id).await.unwrap(), None);
}

pub(super) async fn stock_stays_within_its_bounds(store: Arc<dyn Store>) {
    let a = seller("a");
    let id = create(&store, &a, lamp()).await.id;
    let stock = |delta| store.product_stock(&a, id, take(delta), None);
    assert_eq!(stock(-50).await.unwrap().unwrap().quantity, 0);
    let short = Conflict::InsufficientStock {
        available: 0,
        requested: 3,
    };
    assert!(matches!(stock(-3).await, Err(Error::Conflict(found)) if found == short));
    assert_eq!(
        stock(i64::from(i32::MAX)).await.unwrap().unwrap().version,
        3
    );
    for delta in [1, i64::MAX] {
        let overflow = stock(delta).await;
        assert!(matches!(
            overflow,
            Err(Error::Conflict(Conflict::StockOverflow {
                available: i32::MAX
            }))
        ));
    }
    let read = store.product_get(&a, id).await.unwrap().unwrap();
    assert_eq!((read.quantity, read.version), (i32::MAX, 3));
}

pub(super) async fn no_update_is_lost_under_concurrency(store: Arc<dyn Store>) {
    const WRITERS: i32 = 32;
    let a = seller("a");
    let id = create(&store, &a, lamp()).await.id;
    let writers = (0..WRITERS).map(|writer| {
        let (store, a) = (store.clone(), a.clone());
        tokio::spawn(async move {
            loop {
                let present = store.product_get(&a, id).await.unwrap().unwrap();
                let patch = ProductPatch {
                    name: Some(format!("{} {writer}", present.name)),
                    ..ProductPatch::default()
                };
                let version = Some(present.version);
                match store.product_update(&a, id, patch, version).await {
                    Ok(_) => break,
                    Err(Error::Conflict(Conflict::Version { .. })) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let end = store.product_get(&a, id).await.unwrap().unwrap();
    assert_eq!(end.version, i64::from(WRITERS) + 1);
    for writer in 0..WRITERS {
        let name = writer.to_string();
        assert_eq!(end.name.split(' ').filter(|word| *word == name).count(), 1);
    }
}

pub(super) async fn stock_changes_add_up_under_concurrency(store: Arc<dyn Store>) {
    let a = seller("a");
    let id = create(&store, &a, lamp()).await.id;
    let buyers = (0..64).map(|_| {
        let (store, a) = (store.clone(), a.clone());
        tokio::spawn(async move { store.product_stock(&a, id, take(-1), None).await })
    });
    let mut sold = 0;
    for buyer in buyers.collect::<Vec<_>>() {
        sold += i32::from(buyer.await.unwrap().is_ok());
    }
    let end = store.product_get(&a, id).await.unwrap().unwrap();
    assert_eq!((sold, end.quantity), (50, 0));
}
