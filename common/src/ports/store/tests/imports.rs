//! The life of an import job.

use std::{sync::Arc, time::Duration};

use super::{Store, assert_gapless, outbox_events, seller};
use crate::{
    domain::{
        error::{Conflict, Error},
        event::EventData,
        idempotency::Claim,
        import_job::{BatchOutcome, ImportJob, ImportStatus, NewImport, RunOptions, new_import_id},
        product_csv::{
            ColumnRole, CsvColumn, CsvDialect, FileEncoding, FilePosition, ImportMode, ImportPlan,
            ImportPreset, LongText, ProductField, QuoteStyle, RepeatPolicy,
        },
        seller::SellerId,
    },
    ports::store::ImportEnd,
};

/// Longer than any test.
pub(super) const LEASE: Duration = Duration::from_secs(3600);

pub(super) fn new_import(mode: ImportMode) -> NewImport {
    let column = |header: &str, role| CsvColumn {
        header: header.to_owned(),
        role,
        decimal: None,
    };
    NewImport {
        id: new_import_id(),
        file_name: "products.csv".to_owned(),
        bytes_total: 1000,
        sha256: "00".repeat(32),
        on_repeat: RepeatPolicy::Accept,
        undo_of: None,
        run: RunOptions::default(),
        plan: ImportPlan {
            dialect: CsvDialect {
                bom: true,
                encoding: FileEncoding::from_name("windows-1252").unwrap(),
                delimiter: ';',
                quotes: QuoteStyle::Literal,
            },
            preset: ImportPreset::Generic,
            mode,
            columns: vec![
                column("Name", ColumnRole::Field(ProductField::Name)),
                column("Reference", ColumnRole::Field(ProductField::Sku)),
                column("Colour", ColumnRole::Attribute),
            ],
            defaults: vec![(ProductField::Quantity, "0".to_owned())],
            long_text: LongText::Reject,
            warnings: Vec::new(),
            start: FilePosition {
                byte: 40,
                line: 2,
                preset_state: Some("{\"x\":1}".to_owned()),
            },
        },
    }
}

async fn queue(store: &Arc<dyn Store>, seller: &SellerId) -> ImportJob {
    let new = new_import(ImportMode::Upsert);
    store.import_create(seller, new, None).await.unwrap()
}

async fn take(store: &Arc<dyn Store>, worker: &str) -> Option<ImportJob> {
    store.import_take(worker, LEASE).await.unwrap()
}

/// A job that this worker runs.
pub(super) async fn started(
    store: &Arc<dyn Store>,
    seller: &SellerId,
    mode: ImportMode,
    worker: &str,
) -> ImportJob {
    started_as(store, seller, new_import(mode), worker).await
}

/// The same for this import.
pub(super) async fn started_as(
    store: &Arc<dyn Store>,
    seller: &SellerId,
    new: NewImport,
    worker: &str,
) -> ImportJob {
    let id = new.id.clone();
    store.import_create(seller, new, None).await.unwrap();
    let job = take(store, worker).await.unwrap();
    assert_eq!(job.id, id);
    job
}

pub(super) async fn a_job_is_queued_listed_and_claimed_once(store: Arc<dyn Store>) {
    let a = seller("a");
    let claim = Claim::new("k".to_owned(), "POST /import", b"x");
    let new = new_import(ImportMode::Skip);
    let claimed = || store.import_claimed(&a, &claim);
    assert_eq!(claimed().await.unwrap(), None);
    let job = store
        .import_create(&a, new.clone(), Some(&claim))
        .await
        .unwrap();
    assert_eq!(job.status, ImportStatus::Queued);
    assert_eq!((&job.plan, &job.file_name), (&new.plan, &new.file_name));
    assert_eq!(
        (job.checkpoint.batch, &job.checkpoint.position),
        (0, &new.plan.start)
    );
    assert_eq!(claimed().await.unwrap().unwrap(), job);
    let second = new_import(ImportMode::Skip);
    let again = store.import_create(&a, second, Some(&claim)).await.unwrap();
    assert_eq!(again, job);
    let newer = queue(&store, &a).await;
    let page = store.import_list(&a, 0, 1).await.unwrap();
    assert_eq!(
        (page.items, page.total, page.more),
        (vec![newer], Some(2), true)
    );
    let page = store.import_list(&a, 1, 1).await.unwrap();
    assert_eq!((page.items, page.more), (vec![job], false));
    let past = store.import_list(&a, 20, 10).await.unwrap();
    assert_eq!(
        (past.items, past.total, past.more),
        (vec![], Some(2), false)
    );
    assert_eq!(store.import_get(&a, "imp_x").await.unwrap(), None);
}

pub(super) async fn jobs_are_taken_once_and_fairly(store: Arc<dyn Store>) {
    let (a, b) = (seller("a"), seller("b"));
    let mut jobs = Vec::new();
    for seller in [&a, &a, &a, &b] {
        jobs.push(queue(&store, seller).await.id);
    }
    let mut taken = Vec::new();
    while let Some(job) = take(&store, &format!("w{}", taken.len())).await {
        assert_eq!(job.status, ImportStatus::Processing);
        assert!(job.started_at.is_some());
        taken.push(job.id);
    }
    let [a1, a2, a3, b1] = jobs.try_into().unwrap();
    let fair = [a1, b1, a2.clone(), a3];
    assert_eq!(taken, fair, "b does not wait for all of a");
    let again = take(&store, "w2").await.unwrap();
    assert_eq!(again.id, a2, "a restarted worker goes on with its own");
}

pub(super) async fn a_lease_that_ended_is_taken_over(store: Arc<dyn Store>) {
    let a = seller("a");
    let id = queue(&store, &a).await.id;
    let first = store
        .import_take("w1", Duration::ZERO)
        .await
        .unwrap()
        .unwrap();
    let second = take(&store, "w2").await.unwrap();
    assert_eq!(second.started_at, first.started_at);
    assert_eq!(take(&store, "w3").await, None);
    let batch = super::batches::batch(&first, vec![]);
    let late = store.import_commit(&a, &id, "w1", &batch).await;
    assert_eq!(late.unwrap(), BatchOutcome::Stopped);
    let late = store
        .import_finish(&a, &id, "w1", ImportEnd::Completed)
        .await;
    assert_eq!(late.unwrap(), None);
    store.import_release(&a, &id, "w1").await.unwrap();
    assert_eq!(take(&store, "w3").await, None);
}

pub(super) async fn a_released_job_is_free_at_once(store: Arc<dyn Store>) {
    let a = seller("a");
    let id = queue(&store, &a).await.id;
    take(&store, "w1").await.unwrap();
    store.import_release(&a, &id, "w1").await.unwrap();
    assert_eq!(take(&store, "w2").await.unwrap().id, id);
}

pub(super) async fn a_waiting_job_is_cancelled_at_once(store: Arc<dyn Store>) {
    let a = seller("a");
    let id = queue(&store, &a).await.id;
    let claim = Claim::new("k".to_owned(), "POST /cancel", b"");
    let cancel = |claim| store.import_cancel(&a, &id, claim);
    let job = cancel(Some(&claim)).await.unwrap().unwrap();
    assert_eq!(job.status, ImportStatus::Cancelled);
    assert!(job.finished_at.is_some() && job.started_at.is_none());
    assert_eq!(cancel(Some(&claim)).await.unwrap(), Some(job));
    let again = cancel(None).await;
    let status = "cancelled";
    assert!(
        matches!(again, Err(Error::Conflict(Conflict::NotCancellable { status: s })) if s == status)
    );
    assert_eq!(take(&store, "w").await, None);
    let events = outbox_events(&store).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event_id, format!("a-{id}-ImportCompleted-1"));
    let absent = store.import_cancel(&a, "imp_x", None).await;
    assert_eq!(absent.unwrap(), None);
}

pub(super) async fn a_running_job_is_cancelled_after_its_batch(store: Arc<dyn Store>) {
    let a = seller("a");
    let job = started(&store, &a, ImportMode::Upsert, "w").await;
    for _ in 0..2 {
        let asked = store
            .import_cancel(&a, &job.id, None)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (asked.status, asked.cancel_requested),
            (ImportStatus::Processing, true)
        );
    }
    let batch = super::batches::batch(&job, vec![super::batches::row(2, Some("S"), 1)]);
    let outcome = store.import_commit(&a, &job.id, "w", &batch).await;
    assert_eq!(outcome.unwrap(), BatchOutcome::Stopped);
    assert_eq!(outbox_events(&store).await, []);
    let ended = store
        .import_finish(&a, &job.id, "w", ImportEnd::Cancelled)
        .await;
    assert_eq!(ended.unwrap().unwrap().status, ImportStatus::Cancelled);
}

pub(super) async fn a_job_ends_once_and_says_so(store: Arc<dyn Store>) {
    let a = seller("a");
    let job = started(&store, &a, ImportMode::Upsert, "w").await;
    let batch = super::batches::batch(&job, vec![super::batches::row(2, Some("S"), 1)]);
    store.import_commit(&a, &job.id, "w", &batch).await.unwrap();
    let end = || {
        let why = ImportEnd::Failed("the file changed".to_owned());
        store.import_finish(&a, &job.id, "w", why)
    };
    let ended = end().await.unwrap().unwrap();
    assert_eq!(ended.error.as_deref(), Some("the file changed"));
    assert_eq!(end().await.unwrap(), None);
    let stored = store.import_get(&a, &job.id).await.unwrap();
    assert_eq!(stored, Some(ended));
    let EventData::ImportCompleted(data) = outbox_events(&store).await.pop().unwrap().data else {
        panic!("the last event is the import's");
    };
    assert_eq!(
        (data.status, data.rows, data.created),
        (ImportStatus::Failed, 1, 1)
    );
    assert_eq!(
        (data.low_stock.count, data.low_stock.first[0].quantity),
        (1, 1)
    );
    assert!(data.started_at.is_some());
    assert_gapless(&store).await;
    assert_eq!(take(&store, "w").await, None);
}
