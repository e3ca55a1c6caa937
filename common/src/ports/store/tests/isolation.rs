//! Sellers never meet.

use std::{sync::Arc, time::Duration};

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

pub(super) async fn a_foreign_seller_sees_and_changes_nothing(store: Arc<dyn Store>) {
    let (own, foreign) = (seller("own"), seller("foreign"));
    let product = create(&store, &own, with_sku("L-1")).await;
    products(&store, &foreign, product.id).await;
    let deleted = store.product_delete(&own, product.id, None).await;
    let restore = store.product_restore(&foreign, product.id, None).await;
    assert_eq!(restore.unwrap(), None);
    assert!(deleted.unwrap().is_some());

    let new = new_import(ImportMode::Upsert);
    let job = store.import_create(&own, new, None).await.unwrap();
    imports(&store, &foreign, &job.id).await;
    let job = store.import_get(&own, &job.id).await.unwrap().unwrap();
    assert_eq!(
        (job.status, job.cancel_requested),
        (ImportStatus::Processing, false)
    );

    store.key_create(&own, key(&own, "k1")).await.unwrap();
    assert_eq!(store.key_list(&foreign).await.unwrap(), []);
    assert!(!store.key_revoke(&foreign, "k1").await.unwrap());
    assert!(store.key_find("k1").await.unwrap().is_some());
}

async fn products(store: &Arc<dyn Store>, foreign: &crate::domain::seller::SellerId, id: i64) {
    let patch = ProductPatch {
        quantity: Some(1),
        ..ProductPatch::default()
    };
    let change = StockChange {
        delta: 1,
        reason: None,
    };
    let filter = ProductFilter::default();
    assert_eq!(store.product_get(foreign, id).await.unwrap(), None);
    let updated = store.product_update(foreign, id, patch, Some(7)).await;
    assert_eq!(updated.unwrap(), None);
    let deleted = store.product_delete(foreign, id, Some(7)).await;
    assert_eq!(deleted.unwrap(), None);
    let restored = store.product_restore(foreign, id, None).await;
    assert_eq!(restored.unwrap(), None);
    let stock = store.product_stock(foreign, id, change, None).await;
    assert_eq!(stock.unwrap(), None);
    let query = ProductQuery {
        filter: filter.clone(),
        sort_by: SortBy::CreatedAt,
        sort_order: SortOrder::Desc,
        start: PageStart::Offset(0),
        limit: 100,
        count: true,
    };
    let list = store.product_list(foreign, &query).await.unwrap();
    assert_eq!((list.items.len(), list.total), (0, Some(0)));
    let scan = store.product_scan(foreign, &filter, 0, 100).await;
    assert_eq!(scan.unwrap(), []);
    let attributes = store
        .product_scan_attributes(foreign, &filter, 0, 100)
        .await;
    assert_eq!(attributes.unwrap(), []);
    let low = store.product_low_stock(foreign, 0, 100).await.unwrap();
    assert_eq!((low.items.len(), low.total), (0, Some(0)));
}

async fn imports(store: &Arc<dyn Store>, foreign: &crate::domain::seller::SellerId, id: &str) {
    let taken = store.import_take("w", Duration::from_secs(60)).await;
    let job = taken.unwrap().unwrap();
    assert_eq!(store.import_get(foreign, id).await.unwrap(), None);
    let list = store.import_list(foreign, 0, 100).await.unwrap();
    assert_eq!((list.items.len(), list.total), (0, Some(0)));
    let cancelled = store.import_cancel(foreign, id, None).await;
    assert_eq!(cancelled.unwrap(), None);
    let rejects = store.import_rejects(foreign, id, 0, 100).await;
    assert_eq!(rejects.unwrap(), []);
    let batch = super::batches::batch(&job, vec![]);
    let outcome = store.import_commit(foreign, id, "w", &batch).await;
    assert_eq!(outcome.unwrap(), BatchOutcome::Stopped);
    let ended = store
        .import_finish(foreign, id, "w", ImportEnd::Completed)
        .await;
    assert_eq!(ended.unwrap(), None);
    store.import_release(foreign, id, "w").await.unwrap();
    let free = store.import_take("w2", Duration::from_secs(60)).await;
    assert_eq!(free.unwrap(), None, "a foreign release changes nothing");
}
