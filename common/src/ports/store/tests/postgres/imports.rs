//! Imports beside other daemons, other imports and everyone else's changes.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use tokio::time::timeout;

use super::{Store, TestDatabase, run};
use crate::{
    domain::{
        error::{Conflict, Error},
        event::EventData,
        import_job::{BatchOutcome, ImportCounts, ImportJob},
        product::{Product, ProductPatch},
        product_csv::{ImportMode, ParsedRow},
        query::ProductFilter,
        seller::SellerId,
    },
    ports::store::{
        ImportEnd,
        tests::{
            assert_gapless,
            batches::{batch, row},
            imports::{LEASE, new_import, started},
            outbox_events, seller, with_sku,
        },
    },
};

/// Red when: `take_one` does not ask again whether the job is free.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_job_is_taken_by_one_worker_only() {
    let database = TestDatabase::migrated().await;
    let stores = [database.open().await, database.open().await];
    for n in 0..24 {
        let (seller, new) = (seller(["a", "b", "c"][n % 3]), new_import(ImportMode::Skip));
        stores[0].import_create(&seller, new, None).await.unwrap();
    }
    let workers = (0..24).map(|n| {
        let store = stores[n % 2].clone();
        tokio::spawn(async move {
            let worker = format!("w{n}");
            store.import_take(&worker, LEASE).await.unwrap()
        })
    });
    let taken = join_all(workers.collect::<Vec<_>>()).await;
    let jobs = taken.into_iter().filter_map(Result::unwrap);
    let ids: Vec<_> = jobs.map(|job| job.id).collect();
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
    let mut left = Vec::new();
    while let Some(job) = take(&stores[1], &format!("late {}", left.len())).await {
        left.push(job.id);
    }
    assert_eq!(ids.len() + left.len(), 24);
}

async fn take(store: &Arc<dyn Store>, worker: &str) -> Option<ImportJob> {
    store.import_take(worker, LEASE).await.unwrap()
}

/// A lease that ended while its worker commits: the job stays where it is, and no caller waits.
///
/// Red when: `take_one` waits for the lock (no SKIP LOCKED).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_job_that_is_being_committed_is_left_alone() {
    let database = TestDatabase::migrated().await;
    let store = database.open().await;
    let a = seller("a");
    let job = started(&store, &a, ImportMode::Upsert, "w1").await;
    let mut committing = database.connect().await;
    let age = "UPDATE imports SET lease_until = now() - interval '1 second'";
    run(&mut committing, age.to_owned()).await;
    run(&mut committing, "BEGIN".to_owned()).await;
    run(
        &mut committing,
        "SELECT * FROM imports FOR UPDATE".to_owned(),
    )
    .await;
    let looks = timeout(Duration::from_secs(2), take(&store, "w2")).await;
    assert_eq!(looks.unwrap(), None);
    run(&mut committing, "COMMIT".to_owned()).await;
    assert_eq!(take(&store, "w2").await.unwrap().id, job.id);
    let empty = batch(&job, vec![]);
    let late = store.import_commit(&a, &job.id, "w1", &empty);
    assert_eq!(late.await.unwrap(), BatchOutcome::Stopped);
}

/// Commits the rows in batches of this size.
pub(super) async fn import(
    store: &Arc<dyn Store>,
    mut job: ImportJob,
    worker: &str,
    rows: &[ParsedRow],
    size: usize,
) -> ImportCounts {
    let mut counts = ImportCounts::default();
    for rows in rows.chunks(size) {
        let next = batch(&job, rows.to_vec());
        let outcome = store.import_commit(&job.seller_id, &job.id, worker, &next);
        let BatchOutcome::Committed(so_far) = outcome.await.unwrap() else {
            panic!("the batch was stopped");
        };
        counts = so_far;
        let stored = store.import_get(&job.seller_id, &job.id).await.unwrap();
        job = stored.unwrap();
    }
    let end = store.import_finish(&job.seller_id, &job.id, worker, ImportEnd::Completed);
    assert!(end.await.unwrap().is_some());
    counts
}

async fn products(store: &Arc<dyn Store>, seller: &SellerId) -> Vec<Product> {
    let all = ProductFilter::default();
    let scan = store.product_scan(seller, &all, 0, 10_000);
    scan.await.unwrap()
}

/// Every product's versions are published without a gap, in order, and the last one is the stored one.
async fn assert_history(store: &Arc<dyn Store>, seller: &SellerId) {
    let mut versions = HashMap::new();
    for event in outbox_events(store).await {
        if let EventData::ProductCreated(data) | EventData::ProductUpdated(data) = &event.data {
            let version = versions.entry(data.product_id).or_insert(0);
            *version += 1;
            assert_eq!(event.version, *version, "of product {}", data.product_id);
        }
    }
    for product in products(store, seller).await {
        assert_eq!(versions.remove(&product.id), Some(product.version));
    }
    assert!(versions.is_empty());
    assert_gapless(store).await;
}

/// From here on the server ends no deadlock in time: who is in one is late and fails.
async fn endless_deadlocks(database: &TestDatabase) {
    let name = &database.name;
    let setting = format!("ALTER DATABASE {name} SET deadlock_timeout = '10min'");
    run(&mut database.connect().await, setting).await;
}

/// Red when: a sku that someone else creates during the batch fails it (`copy_failed` does not
/// answer `Retryable`), known products are not locked before they are written, or the events are not
/// packed again when others took their sequences.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn an_import_goes_together_with_creates_and_updates_of_the_same_skus() {
    const SKUS: u64 = 180;
    let database = TestDatabase::migrated().await;
    endless_deadlocks(&database).await;
    let stores = [database.open().await, database.open().await];
    let a = seller("a");
    let writers = (0..6).map(|writer: usize| {
        let (store, a) = (stores[writer % 2].clone(), a.clone());
        tokio::spawn(async move {
            let mut created = 0;
            for n in (0..SKUS).filter(|n| n % 6 == writer as u64) {
                // Each of them before or after the import, as it comes.
                let sku = format!("S-{:04}", (n * 7) % SKUS);
                let product = store.product_create(&a, with_sku(&sku), None).await;
                let id = match product {
                    Ok(product) => {
                        created += 1;
                        product.id
                    }
                    Err(Error::Conflict(Conflict::DuplicateSku { .. })) => {
                        let all = products(&store, &a).await;
                        let named = |p: &&Product| p.sku.as_deref() == Some(&sku);
                        all.iter().find(named).unwrap().id
                    }
                    Err(error) => panic!("{error}"),
                };
                let patch = ProductPatch {
                    description: Some(Some(format!("by {writer}"))),
                    ..ProductPatch::default()
                };
                let updated = store.product_update(&a, id, patch, None).await;
                assert!(updated.unwrap().is_some());
            }
            created
        })
    });
    let writing: Vec<_> = writers.collect();
    let job = started(&stores[0], &a, ImportMode::Upsert, "w").await;
    let rows: Vec<_> = (0..SKUS)
        .map(|n| row(n + 2, Some(&format!("S-{n:04}")), 77))
        .collect();
    let counts = import(&stores[0], job, "w", &rows, 50).await;
    let mut created = counts.created;
    for writer in writing {
        created += writer.await.unwrap();
    }
    assert_eq!(created, SKUS);
    let products = products(&stores[0], &a).await;
    assert_eq!(products.len() as u64, SKUS);
    let lost = |product: &&Product| product.quantity != 77 || product.description.is_none();
    assert_eq!(products.iter().find(lost), None);
    assert_history(&stores[0], &a).await;
}

/// Two files of one seller with the same skus, one from its end. Both come as far as the sku in
/// the middle, which someone else has; then the way is free.
///
/// Red when: new rows are not sorted by sku, or known products are locked in the file's order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn imports_of_the_same_skus_wait_for_each_other_but_not_in_a_circle() {
    let database = TestDatabase::migrated().await;
    endless_deadlocks(&database).await;
    let stores = [database.open().await, database.open().await];
    let a = seller("a");
    for (round, middle) in [
        "INSERT INTO products (seller_id, sku, name, price, category, version, created_at, \
         updated_at) VALUES ('a', 'S-0100', 'x', 1, 'x', 1, now(), now())",
        "SELECT * FROM products WHERE sku = 'S-0100' FOR UPDATE",
    ]
    .into_iter()
    .enumerate()
    {
        let mut other = database.connect().await;
        run(&mut other, "BEGIN".to_owned()).await;
        run(&mut other, middle.to_owned()).await;
        let mut imports = Vec::new();
        for (n, store) in stores.iter().enumerate() {
            let worker = format!("w{n}");
            let job = started(store, &a, ImportMode::Upsert, &worker).await;
            let quantity = i32::try_from(100 + 2 * round + n).unwrap();
            let mut rows: Vec<_> = (0..200)
                .map(|i| row(i + 2, Some(&format!("S-{i:04}")), quantity))
                .collect();
            if n == 1 {
                rows.reverse();
            }
            let store = store.clone();
            imports.push(tokio::spawn(async move {
                import(&store, job, &worker, &rows, 200).await
            }));
        }
        timeout(Duration::from_secs(15), wait_for_locks(&database, 2))
            .await
            .unwrap();
        run(&mut other, "ROLLBACK".to_owned()).await;
        for import in imports {
            import.await.unwrap();
        }
    }
    assert_eq!(products(&stores[0], &a).await.len(), 200);
    assert_history(&stores[0], &a).await;
}

async fn wait_for_locks(database: &TestDatabase, wanted: i64) {
    let mut connection = database.connect().await;
    let mut waiting = 0;
    while waiting < wanted {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let count = "SELECT count(*) FROM pg_stat_activity \
                     WHERE datname = current_database() AND wait_event_type = 'Lock'";
        waiting = sqlx::query_scalar(count)
            .fetch_one(&mut connection)
            .await
            .unwrap();
    }
}
