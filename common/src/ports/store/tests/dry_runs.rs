//! Imports that change nothing.

use std::{sync::Arc, time::Duration};

use super::{
    Store,
    batches::{batch, commit, parts, row},
    create,
    imports::{new_import, started_as},
    outbox_events, seller, with_sku,
};
use crate::{
    domain::{
        clock,
        import_job::{ImportJob, NewImport, RunOptions},
        product_csv::ImportMode,
        seller::SellerId,
    },
    ports::store::ImportEnd,
};

async fn dry_run(store: &Arc<dyn Store>, seller: &SellerId) -> ImportJob {
    let run = RunOptions {
        dry_run: true,
        max_errors: None,
    };
    let new = NewImport {
        run,
        ..new_import(ImportMode::Upsert)
    };
    started_as(store, seller, new, "w").await
}

/// Red when: a dry run writes a product or an event, or a later batch finds only what is stored.
pub(super) async fn later_batches_meet_what_earlier_ones_would_write(store: Arc<dyn Store>) {
    let a = seller("a");
    let known = create(&store, &a, with_sku("known")).await;
    let before = outbox_events(&store).await.len();
    let mut job = dry_run(&store, &a).await;
    for (known, new, expected) in [(1, 1, [2, 1, 0, 0, 0]), (1, 2, [3, 2, 1, 0, 0])] {
        let rows = vec![
            row(2, Some("known"), known),
            row(3, Some("new"), new),
            row(4, None, 1),
        ];
        let next = batch(&job, rows);
        assert_eq!(parts(commit(&store, &mut job, next).await), expected);
    }
    let sample: Vec<_> = job.notes.changes.iter().collect();
    let named = |n: usize| (sample[n].product_id, sample[n].sku.as_deref());
    assert_eq!(sample.len(), 2);
    assert_eq!(named(0), (Some(known.id), Some("known")));
    assert_eq!(named(1), (None, Some("new")));
    let ended = store.import_finish(&a, &job.id, "w", ImportEnd::Completed);
    assert!(ended.await.unwrap().is_some());
    assert_eq!(outbox_events(&store).await.len(), before);
    assert_eq!(store.product_get(&a, known.id).await.unwrap(), Some(known));

    // The next run begins with what is stored.
    let mut next_run = dry_run(&store, &a).await;
    let next = batch(&next_run, vec![row(2, Some("new"), 1)]);
    assert_eq!(
        parts(commit(&store, &mut next_run, next).await),
        [1, 0, 0, 0, 0]
    );
}

/// Red when: what a dry run kept for its later batches stays after its end, or a running one loses it.
pub(super) async fn what_a_dry_run_kept_is_swept(store: Arc<dyn Store>) {
    let a = seller("a");
    let hour_ago = || clock::now().minus(Duration::from_secs(3600));
    let mut job = dry_run(&store, &a).await;
    let next = batch(&job, vec![row(2, Some("x"), 1)]);
    commit(&store, &mut job, next).await;
    store.sweep(hour_ago()).await.unwrap();
    let next = batch(&job, vec![row(3, Some("x"), 2)]);
    assert_eq!(parts(commit(&store, &mut job, next).await), [1, 1, 0, 0, 0]);
    store.import_clear_staged(&a, &job.id).await.unwrap();
    let next = batch(&job, vec![row(4, Some("x"), 2)]);
    assert_eq!(parts(commit(&store, &mut job, next).await), [2, 1, 0, 0, 0]);
}
