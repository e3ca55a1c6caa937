//! Sellers never meet.

use std::time::Duration;

use super::{Store, create, housekeeping::key, imports::new_import, seller, with_sku};
use crate::{
    domain::{
        import_job::{BatchOutcome, ImportStatus},
        product::{ProductPatch, StockChange},
        product_csv::ImportMode,
        query::{PageStart, ProductFilter, ProductQuery, SortBy, SortOrder},
    },
    ports::store::ImportEnd,
};

pub(super) async fn a_foreign_seller_sees_and_changes_nothing(store: Store) {
    let (own, foreign) = (seller("own"), seller("foreign"));
    let product = create(&store, &own, with_sku("L-1")).await;
    products(&store, &foreign, product.id).await;
    let deleted = store.products.product_delete(&own, product.id, None).await;
    let restore = store
        .products
        .product_restore(&foreign, product.id, None)
        .await;
    assert_eq!(restore.unwrap(), None);
    assert!(deleted.unwrap().is_some());

    let new = new_import(ImportMode::Upsert);
    let job = store.imports.import_create(&own, new, None).await.unwrap();
    imports(&store, &foreign, &job.id).await;
    let job = store
        .imports
        .import_get(&own, &job.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (job.status, job.cancel_requested),
        (ImportStatus::Processing, false)
    );

    store.keys.key_create(&own, key(&own, "k1")).await.unwrap();
    assert_eq!(store.keys.key_list(&foreign).await.unwrap(), []);
    assert!(!store.keys.key_revoke(&foreign, "k1").await.unwrap());
    assert!(store.keys.key_find("k1").await.unwrap().is_some());
}

async fn products(store: &Store, foreign: &crate::domain::seller::SellerId, id: i64) {
    let products = &store.products;
    let patch = ProductPatch {
        quantity: Some(1),
        ..ProductPatch::default()
    };
    let change = StockChange {
        delta: 1,
        reason: None,
    };
    let filter = ProductFilter::default();
    assert_eq!(products.product_get(foreign, id).await.unwrap(), None);
    let updated = products.product_update(foreign, id, patch, Some(7)).await;
    assert_eq!(updated.unwrap(), None);
    let deleted = products.product_delete(foreign, id, Some(7)).await;
    assert_eq!(deleted.unwrap(), None);
    let restored = products.product_restore(foreign, id, None).await;
    assert_eq!(restored.unwrap(), None);
    let stock = products.product_stock(foreign, id, change, None).await;
    assert_eq!(stock.unwrap(), None);
    let query = ProductQuery {
        filter: filter.clone(),
        sort_by: SortBy::CreatedAt,
        sort_order: SortOrder::Desc,
        start: PageStart::Offset(0),
        limit: 100,
        count: true,
    };
    let list = products.product_list(foreign, &query).await.unwrap();
    assert_eq!((list.items.len(), list.total), (0, Some(0)));
    let scan = products.product_scan(foreign, &filter, 0, 100).await;
    assert_eq!(scan.unwrap(), []);
    let names = products.product_attribute_names(foreign, &filter).await;
    assert!(names.unwrap().is_empty());
    let low = products.product_low_stock(foreign, 0, 100).await.unwrap();
    assert_eq!((low.items.len(), low.total), (0, Some(0)));
}

async fn imports(store: &Store, foreign: &crate::domain::seller::SellerId, id: &str) {
    let imports = &store.imports;
    let taken = imports.import_take("w", Duration::from_secs(60)).await;
    let job = taken.unwrap().unwrap();
    assert_eq!(imports.import_get(foreign, id).await.unwrap(), None);
    let list = imports.import_list(foreign, 0, 100).await.unwrap();
    assert_eq!((list.items.len(), list.total), (0, Some(0)));
    let cancelled = imports.import_cancel(foreign, id, None).await;
    assert_eq!(cancelled.unwrap(), None);
    let rejects = imports.import_rejects(foreign, id, 0, 100).await;
    assert_eq!(rejects.unwrap(), []);
    let batch = super::batches::batch(&job, vec![]);
    let outcome = imports.import_commit(foreign, id, "w", batch).await;
    assert_eq!(outcome.unwrap(), BatchOutcome::Stopped);
    let ended = imports
        .import_finish(foreign, id, "w", ImportEnd::Completed)
        .await;
    assert_eq!(ended.unwrap(), None);
    imports.import_release(foreign, id, "w").await.unwrap();
    let free = imports.import_take("w2", Duration::from_secs(60)).await;
    assert_eq!(free.unwrap(), None, "a foreign release changes nothing");
}
