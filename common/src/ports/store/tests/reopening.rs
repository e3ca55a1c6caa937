//! What the embedded engine keeps when its process ends.

use sqlx::{Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{
    THRESHOLD, batches, create,
    imports::{LEASE, started},
    lamp, open_sqlite, outbox_events, seller,
};
use crate::{
    config::StoreConfig,
    domain::{error::Error, idempotency::Claim, product_csv::ImportMode},
    ports::store::connect,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_store_comes_back_whole() {
    let directory = tempfile::tempdir().unwrap();
    let a = seller("a");
    let claim = Claim::new("k".to_owned(), "POST /api/products", b"lamp");
    let store = open_sqlite(directory.path()).await;
    let product = store
        .product_create(&a, lamp(), Some(&claim))
        .await
        .unwrap();
    let gone = create(&store, &a, lamp()).await;
    store.product_delete(&a, gone.id, None).await.unwrap();
    let job = started(&store, &a, ImportMode::Upsert, "w").await;
    let batch = batches::batch(&job, vec![batches::row(2, Some("x"), 50)]);
    store.import_commit(&a, &job.id, "w", &batch).await.unwrap();
    let (job, events) = (
        store.import_get(&a, &job.id).await.unwrap(),
        outbox_events(&store).await,
    );
    drop(store);

    let store = open_sqlite(directory.path()).await;
    assert_eq!(
        store.product_get(&a, product.id).await.unwrap(),
        Some(product.clone())
    );
    assert_eq!(outbox_events(&store).await, events);
    let replay = store.product_create(&a, lamp(), Some(&claim)).await;
    assert_eq!(replay.unwrap(), product);
    // Another worker waits for the lease; the very worker was restarted and goes on at once.
    let taken = store.import_take("w2", LEASE).await.unwrap();
    assert_eq!(taken, None);
    let taken = store.import_take("w", LEASE).await.unwrap();
    assert_eq!(taken, job);
    let next = create(&store, &a, lamp()).await;
    assert!(next.id > gone.id + 1, "ids are never used twice");
    let last = outbox_events(&store).await.pop().unwrap();
    assert_eq!(last.sequence, events.last().unwrap().sequence + 1);
}

/// Waiting does not mend it: the start ends at once.
///
/// Red when: a migration that this program does not have is taken for a failure that passes.
#[tokio::test]
async fn the_file_of_a_newer_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_sqlite(directory.path()).await;
    store.ping().await.unwrap();
    drop(store);
    let path = directory.path().join("store.db");
    let options = SqliteConnectOptions::new().filename(&path);
    let mut file = SqliteConnection::connect_with(&options).await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (99999999, 'newer', true, '', 0)";
    file.execute(newer).await.unwrap();
    let config = StoreConfig::Sqlite {
        path,
        low_stock_threshold: THRESHOLD,
    };
    let error = connect(&config).await.unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, Error::Invalid(_)), "{said}");
    assert!(
        said.contains("PMD_DATA_DIR") && said.contains("another version"),
        "{said}"
    );
}
