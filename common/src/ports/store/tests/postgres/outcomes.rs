//! Every write of the store with its connection cut around the COMMIT: it is done once or not at
//! all, and its caller never takes the one for the other.

use std::sync::Arc;

use futures_util::future::join_all;

use super::{TestDatabase, open};
use crate::{
    domain::{
        clock,
        error::{Error, Result},
        idempotency::Claim,
        import_job::{ImportJob, NewImport, new_import_id},
        product::{ProductId, ProductPatch, ProductRef, StockBatch, StockBatchLine, StockChange},
        product_csv::ImportMode,
    },
    ports::store::{
        ApiKey, ImportEnd, Store,
        tests::{
            assert_gapless,
            batches::{batch, row},
            create,
            imports::{LEASE, new_import, started},
            lamp, seller,
            undos::{imported, queue},
        },
    },
    support::commit_proxy::{CommitFault, CommitProxy},
};

/// Every write, and those with a claim twice: alone and with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StoreWrite {
    Create,
    CreateClaimed,
    Update,
    Delete,
    Restore,
    RestoreClaimed,
    Stock,
    StockClaimed,
    StockBatch,
    StockBatchClaimed,
    ImportCreate,
    ImportCreateClaimed,
    ImportCancel,
    ImportCancelClaimed,
    ImportCommit,
    ImportFinish,
    ImportUndo,
    ImportUndoClaimed,
    ImportUndoCommit,
    KeyCreate,
    KeyRevoke,
    OutboxRemove,
}

/// Those whose repetition acts once: they succeed in spite of the fault.
const REPEATED: [StoreWrite; 10] = [
    StoreWrite::CreateClaimed,
    StoreWrite::RestoreClaimed,
    StoreWrite::StockClaimed,
    StoreWrite::StockBatchClaimed,
    StoreWrite::ImportCreate,
    StoreWrite::ImportCreateClaimed,
    StoreWrite::ImportCancelClaimed,
    StoreWrite::ImportUndo,
    StoreWrite::ImportUndoClaimed,
    StoreWrite::OutboxRemove,
];
const ALONE: [StoreWrite; 12] = [
    StoreWrite::Create,
    StoreWrite::Update,
    StoreWrite::Delete,
    StoreWrite::Restore,
    StoreWrite::Stock,
    StoreWrite::StockBatch,
    StoreWrite::ImportCancel,
    StoreWrite::ImportCommit,
    StoreWrite::ImportFinish,
    StoreWrite::ImportUndoCommit,
    StoreWrite::KeyCreate,
    StoreWrite::KeyRevoke,
];

/// What a write found and left.
struct WriteTrial {
    before: String,
    answer: Result<()>,
    after: String,
}

/// Red when: a transaction runs again after a commit whose answer was lost (`Create` makes two
/// rows), or such a loss is an engine that is away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn every_write_that_is_cut_after_its_commit_is_done_once() {
    for write in ALONE.into_iter().chain(REPEATED) {
        let done = trial(write, None).await;
        done.answer.unwrap();
        assert_ne!(done.before, done.after, "{write:?} changes something");
        let cut = trial(write, Some(CommitFault::CutBehind)).await;
        assert_eq!(cut.before, done.before);
        assert_eq!(cut.after, done.after, "{write:?} is done once");
        expect_answer(write, &cut.answer);
    }
}

/// Red when: as above (those without a claim answer that the engine is away).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn every_write_that_is_cut_before_its_commit_is_done_once_or_not() {
    for write in ALONE.into_iter().chain(REPEATED) {
        let cut = trial(write, Some(CommitFault::CutBefore)).await;
        assert_eq!(
            cut.before != cut.after,
            REPEATED.contains(&write),
            "{write:?} is done when it is repeated only"
        );
        expect_answer(write, &cut.answer);
    }
}

/// Red when: the deadline does not look whether a COMMIT was sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_commit_that_is_not_answered_in_time_is_unknown() {
    for write in [StoreWrite::Create, StoreWrite::Update] {
        let silent = trial(write, Some(CommitFault::Silence)).await;
        assert_ne!(silent.before, silent.after);
        assert!(is_unknown(&silent.answer), "{:?}", silent.answer);
    }
}

/// However often the answer is lost, the claim's change is done once.
///
/// Red when: a repetition that does not get through answers that the engine is away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_claim_whose_answers_are_all_lost_acts_once() {
    let database = TestDatabase::migrated().await;
    let (store, proxy) = through(&database).await;
    let a = seller("a");
    let claim = claim();
    proxy.arm(CommitFault::CutBehind, usize::MAX);
    let lost = store.product_create(&a, lamp(), Some(&claim)).await;
    assert!(
        matches!(lost, Err(Error::OutcomeUnknown { .. })),
        "{lost:?}"
    );
    proxy.arm(CommitFault::CutBehind, 0);
    let made = store
        .product_create(&a, lamp(), Some(&claim))
        .await
        .unwrap();
    assert_eq!(made.version, 1);
    assert_eq!(assert_gapless(&store).await[&a], 1);
}

/// Red when: a group whose commit may be done is stored again one by one (some products twice), or
/// its members hear that the engine is away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_group_that_is_cut_after_its_commit_invents_nothing() {
    const CREATES: usize = 64;
    let database = TestDatabase::migrated().await;
    let (store, proxy) = through(&database).await;
    let a = seller("a");
    create(&store, &a, lamp()).await;
    let (mut known, mut unknown) = (1, 0);
    for fault in [CommitFault::CutBehind, CommitFault::CutBefore] {
        proxy.arm(fault, 1);
        let answers = join_all((0..CREATES).map(|_| store.product_create(&a, lamp(), None))).await;
        for answer in answers {
            match answer {
                Ok(_) => known += 1,
                Err(Error::OutcomeUnknown { .. }) => unknown += 1,
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert_eq!(proxy.struck(), 2);
    let mut connection = database.connect().await;
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM products")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(
        (known..=known + unknown).contains(&rows),
        "{rows} of {known} and {unknown}"
    );
    assert!(unknown >= 2, "groups were cut");
    assert_eq!(assert_gapless(&store).await[&a], rows);
}

/// Single statements without a transaction run again when their answer is lost, and do no harm.
///
/// Red when: a worker does not get the job that it has taken already (no answer).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn statements_that_run_again_act_once() {
    let database = TestDatabase::migrated().await;
    let (store, proxy) = through(&database).await;
    let a = seller("a");
    let new = new_import(ImportMode::Upsert);
    store.import_create(&a, new.clone(), None).await.unwrap();
    proxy.arm_for("UPDATE 1", CommitFault::CutBehind, 1);
    let taken = store.import_take("w", LEASE).await.unwrap().unwrap();
    assert_eq!((taken.id, proxy.struck()), (new.id.clone(), 1));
    proxy.arm_for("UPDATE 1", CommitFault::CutBehind, 1);
    store.import_release(&a, &new.id, "w").await.unwrap();
    assert_eq!(proxy.struck(), 2);
    let other = store.import_take("other", LEASE).await.unwrap().unwrap();
    store
        .import_finish(&a, &other.id, "other", ImportEnd::Completed)
        .await
        .unwrap();
    proxy.arm_for("DELETE 1", CommitFault::CutBehind, 1);
    store.sweep(clock::now().plus(LEASE)).await.unwrap();
    assert_eq!(proxy.struck(), 3);
    assert_eq!(store.import_get(&a, &new.id).await.unwrap(), None);
}

fn expect_answer(write: StoreWrite, answer: &Result<()>) {
    if REPEATED.contains(&write) {
        assert!(answer.is_ok(), "{write:?}: {answer:?}");
    } else {
        assert!(is_unknown(answer), "{write:?}: {answer:?}");
    }
}

fn is_unknown(answer: &Result<()>) -> bool {
    matches!(answer, Err(Error::OutcomeUnknown { .. }))
}

fn claim() -> Claim {
    Claim::new("k".to_owned(), "POST /", b"x")
}

/// A store whose connections go through a proxy.
async fn through(database: &TestDatabase) -> (Arc<dyn Store>, CommitProxy) {
    let url = database.url();
    let proxy = CommitProxy::open(&url).await;
    (open(&proxy.url(&url)).await, proxy)
}

/// Does a write in a database of its own; its first COMMIT meets the fault.
async fn trial(write: StoreWrite, fault: Option<CommitFault>) -> WriteTrial {
    let database = TestDatabase::migrated().await;
    let direct = database.open().await;
    let (store, proxy) = through(&database).await;
    let subject = Subject::prepare(write, &direct).await;
    let before = state(&database).await;
    if let Some(fault) = fault {
        proxy.arm(fault, 1);
    }
    let answer = subject.write(write, &store).await;
    assert_eq!(proxy.struck(), usize::from(fault.is_some()), "{write:?}");
    WriteTrial {
        before,
        answer,
        after: state(&database).await,
    }
}

/// What a write is done to.
struct Subject {
    product: i64,
    new: NewImport,
    job: Option<ImportJob>,
}

impl Subject {
    async fn prepare(write: StoreWrite, store: &Arc<dyn Store>) -> Self {
        let a = seller("a");
        let product = create(store, &a, lamp()).await.id;
        let (mut new, mut job) = (new_import(ImportMode::Upsert), None);
        match write {
            StoreWrite::Restore | StoreWrite::RestoreClaimed => {
                store.product_delete(&a, product, None).await.unwrap();
            }
            StoreWrite::ImportCancel | StoreWrite::ImportCancelClaimed => {
                let queued = store.import_create(&a, new, None).await.unwrap();
                new = new_import(ImportMode::Upsert);
                job = Some(queued);
            }
            StoreWrite::ImportCommit | StoreWrite::ImportFinish => {
                job = Some(started(store, &a, ImportMode::Upsert, "w").await);
            }
            StoreWrite::ImportUndo | StoreWrite::ImportUndoClaimed => {
                job = Some(imported(store, &a).await);
            }
            StoreWrite::ImportUndoCommit => {
                let import = imported(store, &a).await;
                queue(store, &import).await.unwrap();
                job = store.import_take("w", LEASE).await.unwrap();
            }
            StoreWrite::KeyRevoke => store.key_create(&a, key()).await.unwrap(),
            _ => {}
        }
        Self { product, new, job }
    }

    async fn write(self, write: StoreWrite, store: &Arc<dyn Store>) -> Result<()> {
        let (a, id, claim) = (&seller("a"), self.product, claim());
        let job = || self.job.clone().unwrap();
        match write {
            StoreWrite::Create => store.product_create(a, lamp(), None).await.map(drop),
            StoreWrite::CreateClaimed => {
                let made = store.product_create(a, lamp(), Some(&claim)).await;
                made.map(drop)
            }
            StoreWrite::Update => {
                let patch = ProductPatch {
                    quantity: Some(7),
                    ..ProductPatch::default()
                };
                store.product_update(a, id, patch, None).await.map(drop)
            }
            StoreWrite::Delete => store.product_delete(a, id, None).await.map(drop),
            StoreWrite::Restore => store.product_restore(a, id, None).await.map(drop),
            StoreWrite::RestoreClaimed => {
                let restored = store.product_restore(a, id, Some(&claim)).await;
                restored.map(drop)
            }
            StoreWrite::Stock => store.product_stock(a, id, sale(), None).await.map(drop),
            StoreWrite::StockClaimed => {
                let sold = store.product_stock(a, id, sale(), Some(&claim)).await;
                sold.map(drop)
            }
            StoreWrite::StockBatch => {
                let sold = store.product_stock_batch(a, sales(id), None).await;
                sold.map(drop)
            }
            StoreWrite::StockBatchClaimed => {
                let sold = store.product_stock_batch(a, sales(id), Some(&claim));
                sold.await.map(drop)
            }
            StoreWrite::ImportCreate => store.import_create(a, self.new, None).await.map(drop),
            StoreWrite::ImportCreateClaimed => {
                let queued = store.import_create(a, self.new, Some(&claim)).await;
                queued.map(drop)
            }
            StoreWrite::ImportCancel => store.import_cancel(a, &job().id, None).await.map(drop),
            StoreWrite::ImportCancelClaimed => {
                let ended = store.import_cancel(a, &job().id, Some(&claim)).await;
                ended.map(drop)
            }
            StoreWrite::ImportCommit => {
                let batch = batch(&job(), vec![row(2, Some("S-1"), 1), row(3, None, 2)]);
                let done = store.import_commit(a, &job().id, "w", &batch).await;
                done.map(drop)
            }
            StoreWrite::ImportFinish => {
                let end = ImportEnd::Completed;
                let ended = store.import_finish(a, &job().id, "w", end).await;
                ended.map(drop)
            }
            StoreWrite::ImportUndo => {
                let undo = store.import_undo(a, &job().id, new_import_id(), None).await;
                undo.map(drop)
            }
            StoreWrite::ImportUndoClaimed => {
                let undo = store
                    .import_undo(a, &job().id, new_import_id(), Some(&claim))
                    .await;
                undo.map(drop)
            }
            StoreWrite::ImportUndoCommit => {
                let from = job().checkpoint;
                let part = store.import_undo_commit(a, &job().id, "w", &from).await;
                part.map(drop)
            }
            StoreWrite::KeyCreate => store.key_create(a, key()).await,
            StoreWrite::KeyRevoke => store.key_revoke(a, "k1").await.map(drop),
            StoreWrite::OutboxRemove => {
                let rows = store.outbox_peek(10).await?;
                let rows: Vec<_> = rows.into_iter().map(|row| (row.seller, row.id)).collect();
                store.outbox_remove(&rows).await
            }
        }
    }
}

fn sale() -> StockChange {
    StockChange {
        delta: -1,
        reason: None,
    }
}

fn sales(id: ProductId) -> StockBatch {
    StockBatch {
        lines: vec![StockBatchLine {
            product: ProductRef::Id(id),
            change: sale(),
        }],
        atomic: false,
    }
}

fn key() -> ApiKey {
    ApiKey {
        id: "k1".to_owned(),
        seller: seller("a"),
        name: "till".to_owned(),
        sha256: "00".repeat(32),
        created_at: clock::now(),
        revoked_at: None,
    }
}

/// Whatever a write may change, without what differs between two databases.
async fn state(database: &TestDatabase) -> String {
    let mut connection = database.connect().await;
    let state = "SELECT concat_ws(' ', \
        (SELECT string_agg(concat(version, ':', quantity, deleted_at IS NULL), ',' ORDER BY id) \
             FROM products), \
        (SELECT concat(sequence, ':', live, ':', deleted) FROM sellers), \
        (SELECT concat(count(*), ':', sum(messages)) FROM outbox), \
        (SELECT string_agg(concat(status, batch, rows, cancel_requested, owner), ',' \
             ORDER BY created_at) FROM imports), \
        (SELECT concat(count(*), ':', count(revoked_at)) FROM api_keys), \
        (SELECT concat(count(*), ':', count(result)) FROM idempotency_keys))";
    sqlx::query_scalar(state)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}
