//! Undoing an import.

use std::{sync::Arc, time::Duration};

use super::{
    Store, assert_gapless,
    batches::{batch, commit, row},
    create,
    imports::{LEASE, started},
    seller, with_sku,
};
use crate::{
    domain::{
        clock,
        error::{Conflict, Error},
        idempotency::Claim,
        import_job::{BatchOutcome, Checkpoint, ImportJob, new_import_id},
        product::ProductPatch,
        product_csv::ImportMode,
        seller::SellerId,
    },
    ports::store::ImportEnd,
};

/// An import of three rows that has ended: `known` altered, `new` and one without a sku created.
pub(super) async fn imported(store: &Arc<dyn Store>, seller: &SellerId) -> ImportJob {
    let mut job = started(store, seller, ImportMode::Upsert, "w").await;
    let rows = vec![
        row(2, Some("known"), 5),
        row(3, Some("new"), 1),
        row(4, None, 1),
    ];
    let next = batch(&job, rows);
    commit(store, &mut job, next).await;
    let ended = store.import_finish(seller, &job.id, "w", ImportEnd::Completed);
    ended.await.unwrap().unwrap()
}

pub(super) async fn queue(store: &Arc<dyn Store>, job: &ImportJob) -> Result<ImportJob, Error> {
    let queued = store.import_undo(&job.seller_id, &job.id, new_import_id(), None);
    queued.await.map(Option::unwrap)
}

fn is_refused(answer: &Result<ImportJob, Error>) -> bool {
    matches!(answer, Err(Error::Conflict(Conflict::NotUndoable { .. })))
}

/// Commits the undo's next part as its worker.
async fn part(store: &Arc<dyn Store>, job: &ImportJob, batch: u64) -> BatchOutcome {
    let from = Checkpoint {
        batch,
        ..job.checkpoint.clone()
    };
    let done = store.import_undo_commit(&job.seller_id, &job.id, "w", &from);
    done.await.unwrap()
}

/// Red when: a part is committed twice or by another worker, a sequence is lost, or the counts of
/// products are not what they were.
pub(super) async fn an_undo_goes_part_by_part(store: Arc<dyn Store>) {
    let a = seller("a");
    let known = create(&store, &a, with_sku("known")).await;
    let import = imported(&store, &a).await;
    let queued = queue(&store, &import).await.unwrap();
    assert_eq!(queued.undo_of.as_ref(), Some(&import.id));
    let job = store.import_take("w", LEASE).await.unwrap().unwrap();
    assert_eq!(job.id, queued.id);
    let strange = store.import_undo_commit(&a, &job.id, "v", &job.checkpoint);
    assert_eq!(strange.await.unwrap(), BatchOutcome::Stopped);
    let mut rows = Vec::new();
    for number in 0..3 {
        assert_eq!(part(&store, &job, number + 1).await, BatchOutcome::Stopped);
        let BatchOutcome::Committed(counts) = part(&store, &job, number).await else {
            panic!("the part was stopped");
        };
        rows.push(counts.rows);
    }
    assert_eq!(rows, [2, 3, 3]);
    let ended = store.import_finish(&a, &job.id, "w", ImportEnd::Completed);
    let ended = ended.await.unwrap().unwrap();
    assert_eq!((ended.counts.updated, ended.notes.deleted), (3, 2));
    let after = store.product_get(&a, known.id).await.unwrap().unwrap();
    assert_eq!((after.quantity, after.version), (known.quantity, 3));
    let import = store.import_get(&a, &import.id).await.unwrap().unwrap();
    assert!(import.undone && import.undone_by == Some(ended.id));
    assert_gapless(&store).await;
    assert!(is_refused(&queue(&store, &import).await));
}

/// Red when: an import is undone by two jobs, or an undo that was cancelled can never be repeated.
pub(super) async fn an_import_has_one_undo_at_a_time(store: Arc<dyn Store>) {
    let a = seller("a");
    create(&store, &a, with_sku("known")).await;
    let running = started(&store, &a, ImportMode::Upsert, "w").await;
    assert!(is_refused(&queue(&store, &running).await));
    let end = store.import_finish(&a, &running.id, "w", ImportEnd::Cancelled);
    assert!(is_refused(
        &queue(&store, &end.await.unwrap().unwrap()).await
    ));
    let import = imported(&store, &a).await;
    let claim = Claim::new("k".to_owned(), "POST /undo", b"");
    let claimed = || store.import_undo(&a, &import.id, new_import_id(), Some(&claim));
    let first = claimed().await.unwrap().unwrap();
    assert_eq!(claimed().await.unwrap().unwrap().id, first.id);
    assert!(is_refused(&queue(&store, &import).await));
    store.import_cancel(&a, &first.id, None).await.unwrap();
    let second = queue(&store, &import).await.unwrap();
    assert!(is_refused(&queue(&store, &second).await));
    let b = seller("b");
    let absent = store.import_undo(&b, &import.id, new_import_id(), None);
    assert_eq!(absent.await.unwrap(), None);
}

/// Red when: a product is put back although someone else changed it, or what the import is known by
/// stays when the import is forgotten.
pub(super) async fn changed_products_stay_and_records_are_swept(store: Arc<dyn Store>) {
    let a = seller("a");
    let known = create(&store, &a, with_sku("known")).await;
    let import = imported(&store, &a).await;
    let patch = ProductPatch {
        quantity: Some(77),
        ..ProductPatch::default()
    };
    store
        .product_update(&a, known.id, patch, None)
        .await
        .unwrap();
    queue(&store, &import).await.unwrap();
    let job = store.import_take("w", LEASE).await.unwrap().unwrap();
    part(&store, &job, 0).await;
    part(&store, &job, 1).await;
    let left = store.import_rejects(&a, &job.id, 0, 10).await.unwrap();
    assert_eq!((left.len(), left[0].1.code.as_str()), (1, "CHANGED_SINCE"));
    assert!(left[0].1.record.ends_with(b",known,Lamp"));
    let after = store.product_get(&a, known.id).await.unwrap().unwrap();
    assert_eq!((after.quantity, after.version), (77, 3));

    let end = store.import_finish(&a, &job.id, "w", ImportEnd::Completed);
    end.await.unwrap();
    let other = imported(&store, &a).await;
    let later = clock::now().plus(Duration::from_secs(3600));
    let swept = store.sweep(later).await.unwrap();
    assert!(swept.contains(&(a.clone(), other.id.clone())));
    let forgotten = store.import_undo(&a, &other.id, new_import_id(), None);
    assert_eq!(forgotten.await.unwrap(), None);
}
