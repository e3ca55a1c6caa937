//! API keys and sweeping.

use std::{sync::Arc, time::Duration};

use super::{Store, batches, imports::started, seller};
use crate::{
    domain::{
        clock::{self, Timestamp},
        import_job::ImportBatch,
        product_csv::{ImportMode, RejectedRow},
        seller::SellerId,
    },
    ports::store::{ApiKey, ImportEnd},
};

pub(super) fn key(seller: &SellerId, id: &str) -> ApiKey {
    ApiKey {
        id: id.to_owned(),
        seller: seller.clone(),
        name: format!("key {id}"),
        sha256: "ab".repeat(32),
        created_at: Timestamp::from_millis(1000),
        revoked_at: None,
    }
}

pub(super) async fn keys_live_until_they_are_revoked(store: Arc<dyn Store>) {
    let a = seller("a");
    let (first, second) = (key(&a, "k1"), key(&a, "k2"));
    for key in [&first, &second] {
        store.key_create(&a, key.clone()).await.unwrap();
    }
    assert!(store.key_create(&a, first.clone()).await.is_err());
    let listed = store.key_list(&a).await.unwrap();
    assert_eq!(listed, [second, first.clone()]);
    assert_eq!(store.key_find("k1").await.unwrap(), Some(first));
    assert!(store.key_revoke(&a, "k1").await.unwrap());
    assert!(!store.key_revoke(&a, "k1").await.unwrap());
    assert_eq!(store.key_find("k1").await.unwrap(), None);
    assert_eq!(store.key_find("absent").await.unwrap(), None);
    assert!(store.key_list(&a).await.unwrap()[1].revoked_at.is_some());
}

pub(super) async fn a_sweep_forgets_ended_imports_only(store: Arc<dyn Store>) {
    let a = seller("a");
    store.ping().await.unwrap();
    let ended = started(&store, &a, ImportMode::Upsert, "w").await;
    let rejects = (0..2100).map(|line| RejectedRow {
        line,
        column: String::new(),
        code: "TYPE".to_owned(),
        message: "no".to_owned(),
        hint: String::new(),
        record: vec![],
    });
    let batch = ImportBatch {
        rejects: rejects.collect(),
        ..batches::batch(&ended, vec![])
    };
    store
        .import_commit(&a, &ended.id, "w", &batch)
        .await
        .unwrap();
    store
        .import_finish(&a, &ended.id, "w", ImportEnd::Completed)
        .await
        .unwrap();
    let running = started(&store, &a, ImportMode::Upsert, "w").await;

    let asked = [
        ended.id.clone(),
        "imp_unknown".to_owned(),
        running.id.clone(),
    ];
    let mut known = store.imports_known(&asked).await.unwrap();
    known.sort();
    let mut expected = [ended.id.clone(), running.id.clone()];
    expected.sort();
    assert_eq!(known, expected);
    let hour = Duration::from_secs(3600);
    let early = store.sweep(clock::now().minus(hour)).await.unwrap();
    assert_eq!(early, []);
    let swept = store.sweep(clock::now().plus(hour)).await.unwrap();
    let known = store.imports_known(&asked).await.unwrap();
    assert_eq!(known, [&*running.id]);
    assert_eq!(swept, [(a.clone(), ended.id.clone())]);
    assert_eq!(store.import_get(&a, &ended.id).await.unwrap(), None);
    let rejects = store.import_rejects(&a, &ended.id, 0, 10).await.unwrap();
    assert_eq!(rejects, []);
    assert!(store.import_get(&a, &running.id).await.unwrap().is_some());
}
