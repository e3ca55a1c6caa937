//! Several daemons on one database, and what they must not do to each other.

use std::sync::Arc;

use futures_util::future::join_all;

use super::{TestDatabase, run, url};
use crate::{
    domain::{
        error::Error,
        product::{NewProduct, ProductPatch},
        seller::SellerId,
    },
    ports::{
        store::Store,
        store::tests::{assert_gapless, create, lamp, outbox_events, seller, with_sku},
    },
};

/// Red when: the migrator does not lock (`Migrator::set_locking(false)`).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn stores_that_start_together_migrate_once() {
    let database = TestDatabase::empty().await;
    let stores = join_all((0..4).map(|_| database.open())).await;
    for store in &stores {
        create(store, &seller("a"), lamp()).await;
    }
    assert_eq!(assert_gapless(&stores[0]).await[&seller("a")], 4);
}

/// Groups of creates with a duplicate in them: it fails alone, and every seller's sequence stays
/// whole. Two stores, so that groups meet on the server, too.
///
/// Red when: a group's failure is the answer to all of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_create_that_fails_fails_alone() {
    const REQUESTS: usize = 120;
    let database = TestDatabase::migrated().await;
    let stores = [database.open().await, database.open().await];
    let requests = (0..REQUESTS).map(|n| {
        let (store, seller) = (stores[n % 2].clone(), seller(["a", "b", "c"][n % 3]));
        tokio::spawn(async move {
            // Every tenth of a seller's asks for the same sku.
            let sku = if n % 10 == 0 {
                "taken".to_owned()
            } else {
                format!("S-{n}")
            };
            store.product_create(&seller, with_sku(&sku), None).await
        })
    });
    let (mut stored, mut refused) = (0, 0);
    for request in requests.collect::<Vec<_>>() {
        match request.await.unwrap() {
            Ok(_) => stored += 1,
            Err(Error::Conflict(_)) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((stored, refused), (REQUESTS - 9, 9));
    assert_gapless(&stores[0]).await;
    assert_eq!(outbox_events(&stores[0]).await.len(), stored);
}

/// A seller whose counters someone holds locked does not hold up another's creates.
///
/// Red when: groups wait as long as anyone (`GROUP_LOCK_TIMEOUT` of 10 s).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_locked_seller_holds_up_no_other() {
    let database = TestDatabase::migrated().await;
    let store = database.open().await;
    let (locked, free) = (seller("locked"), seller("free"));
    create(&store, &locked, lamp()).await;
    let mut other = database.connect().await;
    run(&mut other, "BEGIN".to_owned()).await;
    run(&mut other, "SELECT * FROM sellers FOR UPDATE".to_owned()).await;
    let waiting: Vec<_> = (0..4)
        .map(|_| {
            let (store, locked) = (store.clone(), locked.clone());
            tokio::spawn(async move { store.product_create(&locked, lamp(), None).await })
        })
        .collect();
    let limit = std::time::Duration::from_secs(2);
    for _ in 0..5 {
        let created = tokio::time::timeout(limit, create(&store, &free, lamp()));
        created.await.expect("held up by a foreign lock");
    }
    run(&mut other, "COMMIT".to_owned()).await;
    for request in waiting {
        request.await.unwrap().unwrap();
    }
    assert_eq!(assert_gapless(&store).await[&locked], 5);
}

/// Creates and changes that want the same sku: a caller that waits for it must not hold the counters.
///
/// Red when: a change takes the counters before it writes its product (one deadlock or more).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_wait_for_a_sku_holds_nothing_others_need() {
    let database = TestDatabase::migrated().await;
    let store = database.open().await;
    let a = seller("a");
    let changes = (0..16).map(|n| {
        let (store, a) = (store.clone(), a.clone());
        tokio::spawn(async move {
            let own = create(&store, &a, lamp()).await.id;
            for _ in 0..10 {
                let taken = if n % 2 == 0 {
                    store
                        .product_create(&a, with_sku("x"), None)
                        .await
                        .map(Some)
                } else {
                    let patch = ProductPatch {
                        sku: Some(Some("x".to_owned())),
                        ..ProductPatch::default()
                    };
                    store.product_update(&a, own, patch, None).await
                };
                match taken {
                    Ok(product) => give_up_sku(&store, &a, product.unwrap().id).await,
                    Err(Error::Conflict(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        })
    });
    for change in changes.collect::<Vec<_>>() {
        change.await.unwrap();
    }
    assert_gapless(&store).await;
    let mut connection = database.connect().await;
    let deadlocks: i64 = sqlx::query_scalar(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(deadlocks, 0);
}

async fn give_up_sku(store: &Arc<dyn Store>, a: &SellerId, id: i64) {
    let patch = ProductPatch {
        sku: Some(None),
        ..ProductPatch::default()
    };
    store.product_update(a, id, patch, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn every_text_comes_back_byte_by_byte() {
    let database = TestDatabase::migrated().await;
    let store = database.open().await;
    let a = seller("a");
    let texts = [
        "\u{1F600}\u{202E}",
        "a\u{1}\u{7f}\r\n\t",
        "ß'\"\\{}[],NULL",
        "\u{fffd}\u{10ffff}",
    ];
    for text in texts {
        let attributes = [
            (text.to_owned(), text.to_owned()),
            ("b".to_owned(), String::new()),
        ];
        let new = NewProduct {
            name: text.to_owned(),
            description: Some(text.to_owned()),
            sku: Some(text.to_owned()),
            attributes: Some(attributes.into()),
            ..lamp()
        };
        let created = create(&store, &a, new.clone()).await;
        let read = store.product_get(&a, created.id).await.unwrap();
        assert_eq!(read.as_ref(), Some(&created));
        assert_eq!(
            (created.name, created.attributes),
            (new.name, new.attributes)
        );
    }
}

#[tokio::test]
#[ignore = "needs dev/engines"]
async fn an_error_never_shows_the_password() {
    let wrong = url("absent").replace("://postgres:", "://postgres:hunter2");
    let config = super::config(&wrong);
    let error = crate::ports::store::connect(&config).await.unwrap_err();
    let shown = format!("{error} {error:?} {config:?}");
    assert!(matches!(error, Error::Invalid(_)), "{shown}");
    assert!(shown.contains("password"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}
