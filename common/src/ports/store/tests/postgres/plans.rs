//! Which index serves a statement, whatever the planner knows of the seller.

use std::time::{Duration, Instant};

use super::{TestDatabase, imports::import, run};
use crate::{
    domain::{product_csv::ImportMode, query::ProductFilter},
    ports::store::tests::{batches::row, imports::started, seller},
};

/// Enough that reading them for each sku is not mistaken for a look-up.
const ROWS: u64 = 2_000;
const STEP: u64 = 5;

/// Times an index of `products` was looked into; servers count a little late.
async fn looks(database: &TestDatabase, index: &str) -> i64 {
    let count = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = $1";
    let mut connection = database.connect().await;
    let looks = sqlx::query_scalar(count).bind(index);
    looks.fetch_one(&mut connection).await.unwrap()
}

async fn looked_at(database: &TestDatabase, index: &str, least: i64) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while looks(database, index).await < least {
        let found = looks(database, index).await;
        assert!(
            Instant::now() < deadline,
            "{index}: {found} of {least} looks"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Statistics that know one seller call every other one empty, so that any index of the seller
/// looks as good as the right one.
///
/// Red when: `find` asks for `sku = given.sku` without an order (the sku's index is not looked into).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_seller_unknown_to_the_statistics_is_read_by_sku_and_id() {
    let database = TestDatabase::migrated().await;
    let store = database.open().await;
    // In another order than that of the skus: each batch has some on both sides of the others.
    let rows: Vec<_> = (0..STEP)
        .flat_map(|first| (first..ROWS).step_by(STEP as usize))
        .map(|n| row(n + 2, Some(&format!("S-{n:05}")), 77))
        .collect();
    for name in ["known", "new"] {
        let seller = seller(name);
        let job = started(&store, &seller, ImportMode::Upsert, "w").await;
        let counts = import(&store, job, "w", &rows, (ROWS / STEP) as usize).await;
        assert_eq!(counts.created, ROWS);
        if name == "known" {
            run(
                &mut database.connect().await,
                "VACUUM ANALYZE products".to_owned(),
            )
            .await;
        }
    }
    // Of either seller every batch but the first looks for each of its skus.
    let skus = i64::try_from(2 * (ROWS - ROWS / STEP)).unwrap();
    looked_at(&database, "idx_products_seller_sku", skus).await;
    let before = looks(&database, "products_pkey").await;
    let new = seller("new");
    let all = ProductFilter::default();
    let scan = store.product_scan(&new, &all, 0, 100);
    for product in scan.await.unwrap() {
        assert!(store.product_get(&new, product.id).await.unwrap().is_some());
    }
    looked_at(&database, "products_pkey", before + 100).await;
}
