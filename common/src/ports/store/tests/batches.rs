//! What the batches of an import do.

use std::sync::Arc;

use super::{
    Store, assert_gapless, create,
    imports::{LEASE, started},
    lamp, outbox_events, seller, with_sku,
};
use crate::{
    domain::{
        event::{Event, EventData, EventKind},
        import_job::{BatchOutcome, Checkpoint, ImportBatch, ImportCounts, ImportJob},
        product::{Attributes, Product},
        product_csv::{
            FieldSet, FilePosition, ImportMode, ParsedRow, RejectedRow, RowProduct, SkipCounts,
        },
        query::{PageStart, ProductFilter, ProductQuery, SortBy, SortOrder},
        seller::SellerId,
    },
    ports::store::ImportEnd,
};

/// A row that gives everything but its category.
pub(super) fn row(line: u64, sku: Option<&str>, quantity: i32) -> ParsedRow {
    let mut given = FieldSet::QUANTITY;
    given |= FieldSet::PRICE;
    let lamp = lamp();
    ParsedRow {
        line,
        id: None,
        product: RowProduct {
            name: Some(lamp.name),
            description: None,
            price: Some(lamp.price),
            quantity,
            category: lamp.category,
            sku: sku.map(str::to_owned),
            low_stock_threshold: None,
            attributes: None,
        },
        given,
        warnings: vec![],
        record: format!("row {line}").into_bytes(),
    }
}

/// So many blank rows.
pub(super) fn skips(blank: u64) -> SkipCounts {
    SkipCounts {
        blank,
        ..SkipCounts::default()
    }
}

/// The job's next batch.
pub(super) fn batch(job: &ImportJob, rows: Vec<ParsedRow>) -> ImportBatch {
    let from = job.checkpoint.clone();
    ImportBatch {
        to: FilePosition {
            byte: from.position.byte + 100,
            line: from.position.line + rows.len() as u64,
            preset_state: None,
        },
        from,
        rows,
        rejects: vec![],
        skips: SkipCounts::default(),
    }
}

/// Commits a batch and moves the job on as its worker would.
pub(super) async fn commit(
    store: &Arc<dyn Store>,
    job: &mut ImportJob,
    batch: ImportBatch,
) -> ImportCounts {
    let next = Checkpoint {
        batch: batch.from.batch + 1,
        position: batch.to.clone(),
    };
    let outcome = store
        .import_commit(&job.seller_id, &job.id, "w", &batch)
        .await;
    let BatchOutcome::Committed(counts) = outcome.unwrap() else {
        panic!("the batch was stopped");
    };
    let stored = store.import_get(&job.seller_id, &job.id).await;
    *job = stored.unwrap().unwrap();
    assert_eq!((&job.checkpoint, job.counts), (&next, counts));
    let sum = counts.created + counts.updated + counts.unchanged + counts.skipped;
    assert_eq!(counts.rows, sum + counts.rejected);
    counts
}

/// Created, updated, unchanged, skipped, rejected.
pub(super) fn parts(counts: ImportCounts) -> [u64; 5] {
    [
        counts.created,
        counts.updated,
        counts.unchanged,
        counts.skipped,
        counts.rejected,
    ]
}

/// All live products by id; the count must agree.
async fn all(store: &Arc<dyn Store>, seller: &SellerId) -> Vec<Product> {
    let filter = ProductFilter::default();
    let scan = store
        .product_scan(seller, &filter, 0, 100_000)
        .await
        .unwrap();
    let query = ProductQuery {
        filter,
        sort_by: SortBy::CreatedAt,
        sort_order: SortOrder::Desc,
        start: PageStart::Offset(0),
        limit: 1,
        count: true,
    };
    let page = store.product_list(seller, &query).await.unwrap();
    assert_eq!(page.total, Some(scan.len() as u64));
    scan
}

pub(super) async fn an_upsert_creates_updates_and_leaves_alone(store: Arc<dyn Store>) {
    let a = seller("a");
    let same = create(&store, &a, with_sku("same")).await;
    let other = create(&store, &a, with_sku("other")).await;
    let deleted = create(&store, &a, with_sku("deleted")).await;
    store.product_delete(&a, deleted.id, None).await.unwrap();
    create(&store, &seller("b"), with_sku("new")).await;
    let mut job = started(&store, &a, ImportMode::Upsert, "w").await;
    let mut coloured = row(5, Some("deleted"), 50);
    coloured.product.attributes = Some(Attributes::from([("Colour".into(), "red".into())]));
    let rows = vec![
        row(2, Some("same"), 50),
        row(3, Some("other"), 12),
        row(4, Some("new"), 7),
        coloured,
    ];
    let next = batch(&job, rows.clone());
    assert_eq!(parts(commit(&store, &mut job, next).await), [2, 1, 1, 0, 0]);
    let products = all(&store, &a).await;
    assert_eq!(products[0], same);
    assert_eq!((products[1].version, products[1].quantity), (2, 12));
    assert_eq!(products[1].id, other.id);
    assert_eq!(
        (products[2].sku.as_deref(), products[2].version),
        (Some("new"), 1)
    );
    assert_eq!(products[3].attributes.as_ref().unwrap()["Colour"], "red");
    assert_eq!(
        (job.low_stock.count, job.low_stock.first[0].product_id),
        (1, products[2].id)
    );

    let events = outbox_events(&store).await.len();
    let next = batch(&job, rows);
    assert_eq!(parts(commit(&store, &mut job, next).await), [2, 1, 5, 0, 0]);
    assert_eq!(all(&store, &a).await, products);
    assert_eq!(
        outbox_events(&store).await.len(),
        events,
        "unchanged rows tell nothing"
    );
}

pub(super) async fn every_mode_treats_known_skus_its_way(store: Arc<dyn Store>) {
    for (mode, expected, codes) in [
        (
            ImportMode::Create,
            [2, 0, 0, 0, 3],
            vec!["DUPLICATE_SKU"; 3],
        ),
        (ImportMode::Upsert, [2, 1, 0, 2, 0], vec![]),
        (
            ImportMode::Update,
            [0, 1, 0, 1, 3],
            vec!["PRODUCT_NOT_FOUND"; 3],
        ),
        (ImportMode::Skip, [2, 0, 0, 3, 0], vec![]),
    ] {
        let a = seller(&format!("{mode:?}"));
        create(&store, &a, with_sku("known")).await;
        let mut job = started(&store, &a, mode, "w").await;
        let rows = vec![
            row(2, Some("known"), 1),
            row(3, Some("new"), 1),
            row(4, Some("known"), 2),
            row(5, Some("new"), 2),
            row(6, None, 3),
        ];
        let next = batch(&job, rows);
        assert_eq!(
            parts(commit(&store, &mut job, next).await),
            expected,
            "{mode:?}"
        );
        let rejects = store.import_rejects(&a, &job.id, 0, 10).await.unwrap();
        let found: Vec<_> = rejects
            .iter()
            .map(|(_, reject)| reject.code.as_str())
            .collect();
        assert_eq!(found, codes, "{mode:?}");
        for (_, reject) in rejects {
            assert_eq!(reject.column, "Reference");
            assert_eq!(reject.record, format!("row {}", reject.line).into_bytes());
        }
        assert_eq!(all(&store, &a).await.len() as u64, 1 + expected[0]);
        let ended = store
            .import_finish(&a, &job.id, "w", ImportEnd::Completed)
            .await;
        assert!(ended.unwrap().is_some());
    }
    assert_gapless(&store).await;
}

pub(super) async fn equal_skus_in_a_batch_are_written_once(store: Arc<dyn Store>) {
    let a = seller("a");
    let known = create(&store, &a, with_sku("known")).await;
    let reverted = create(&store, &a, with_sku("reverted")).await;
    let mut job = started(&store, &a, ImportMode::Upsert, "w").await;
    let mut named = row(4, Some("new"), 30);
    named.product.name = Some("Chair".to_owned());
    let mut unnamed = row(6, Some("new"), 40);
    unnamed.product.name = None;
    let rows = vec![
        row(2, Some("known"), 20),
        row(3, Some("new"), 20),
        named,
        row(5, Some("known"), 30),
        unnamed,
        row(7, Some("reverted"), 1),
        row(8, Some("reverted"), 50),
    ];
    let next = batch(&job, rows);
    assert_eq!(parts(commit(&store, &mut job, next).await), [1, 1, 1, 4, 0]);
    let products = all(&store, &a).await;
    assert_eq!(
        (products[0].id, products[0].version, products[0].quantity),
        (known.id, 2, 30)
    );
    assert_eq!(products[1], reverted);
    let new = &products[2];
    assert_eq!(
        (new.version, new.quantity, new.name.as_str()),
        (1, 40, "Chair")
    );
    let events = outbox_events(&store).await;
    let kinds: Vec<_> = events[2..].iter().map(Event::kind).collect();
    assert_eq!(
        kinds,
        [EventKind::ProductUpdated, EventKind::ProductCreated]
    );
    assert_eq!(job.low_stock.count, 0, "only the end counts");
}

pub(super) async fn rows_without_a_sku_are_new_products(store: Arc<dyn Store>) {
    let a = seller("a");
    let mut job = started(&store, &a, ImportMode::Upsert, "w").await;
    for _ in 0..2 {
        let next = batch(&job, vec![row(2, None, 20), row(3, None, 20)]);
        commit(&store, &mut job, next).await;
    }
    assert_eq!(parts(job.counts), [4, 0, 0, 0, 0]);
    let ids: Vec<_> = all(&store, &a)
        .await
        .iter()
        .map(|product| product.id)
        .collect();
    assert_eq!(ids, (ids[0]..ids[0] + 4).collect::<Vec<_>>());
}

pub(super) async fn events_stand_in_row_order_and_carry_the_group(store: Arc<dyn Store>) {
    let a = seller("a");
    create(&store, &a, lamp()).await;
    let mut job = started(&store, &a, ImportMode::Upsert, "w").await;
    let rows = vec![
        row(2, Some("x"), 50),
        row(3, Some("y"), 4),
        row(4, None, 50),
    ];
    let next = batch(&job, rows);
    let counts = commit(&store, &mut job, next).await;
    let events = outbox_events(&store).await;
    assert_gapless(&store).await;
    let reported: Vec<_> = events[1..]
        .iter()
        .map(|event| match &event.data {
            EventData::ProductCreated(data) => (data.sku.as_deref(), data.quantity),
            EventData::LowStockWarning(data) => (Some("low"), data.quantity),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        reported,
        [
            (Some("x"), 50),
            (Some("y"), 4),
            (Some("low"), 4),
            (None, 50)
        ]
    );
    for event in &events[1..] {
        assert_eq!(event.data.import_id(), Some(job.id.as_str()));
    }
    let (last, before) = events.split_last().unwrap();
    assert!(before.iter().all(|event| event.import.is_none()));
    let group = last.import.as_ref().unwrap();
    assert_eq!((group.first_sequence, last.sequence), (2, 5));
    assert_eq!((group.bytes_done, group.bytes_total), (140, 1000));
    assert_eq!((group.counts, &group.import_id), (counts, &job.id));
}

pub(super) async fn rejected_rows_are_kept_with_all_their_parts(store: Arc<dyn Store>) {
    let a = seller("a");
    create(&store, &a, with_sku("known")).await;
    let mut job = started(&store, &a, ImportMode::Create, "w").await;
    let bad = |line| RejectedRow {
        line,
        column: "Price".to_owned(),
        code: "TYPE".to_owned(),
        message: "price must be a plain decimal number".to_owned(),
        hint: "write 19.99".to_owned(),
        record: vec![b'"', 0xff, 0, b'\n'],
    };
    for start in [2, 12] {
        let rows = vec![row(start + 1, Some("known"), 1), row(start + 3, None, 50)];
        let next = ImportBatch {
            rejects: vec![bad(start), bad(start + 2)],
            skips: skips(5),
            ..batch(&job, rows)
        };
        commit(&store, &mut job, next).await;
    }
    assert_eq!(parts(job.counts), [2, 0, 0, 10, 6]);
    let rejects = |after, limit| store.import_rejects(&a, &job.id, after, limit);
    let all = rejects(0, 100).await.unwrap();
    let order: Vec<_> = all.iter().map(|(no, reject)| (*no, reject.line)).collect();
    assert_eq!(order, [(1, 2), (2, 3), (3, 4), (4, 12), (5, 13), (6, 14)]);
    assert_eq!(all[0].1, bad(2));
    assert_eq!(all[1].1.code, "DUPLICATE_SKU");
    let rest = rejects(4, 1).await.unwrap();
    assert_eq!(rest, all[4..5]);
    let errors = store.import_errors(&a, &job.id, 2).await.unwrap();
    let shown = errors.iter().map(|error| (error.line, error.code.as_str()));
    let expected = [(2, "TYPE"), (3, "DUPLICATE_SKU")];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
}

/// Red when: a step is as many rows as asked for, however long they are.
pub(super) async fn rejected_rows_are_read_by_bytes(store: Arc<dyn Store>) {
    let a = seller("a");
    let mut job = started(&store, &a, ImportMode::Create, "w").await;
    let long = |line| RejectedRow {
        line,
        column: "Price".to_owned(),
        code: "TYPE".to_owned(),
        message: "price must be a plain decimal number".to_owned(),
        hint: String::new(),
        record: vec![b'x'; 400_000],
    };
    let next = ImportBatch {
        rejects: (2..9).map(long).collect(),
        ..batch(&job, vec![])
    };
    commit(&store, &mut job, next).await;
    let mut seen = Vec::new();
    loop {
        let after = i64::try_from(seen.len()).unwrap();
        let step = store.import_rejects(&a, &job.id, after, 500).await.unwrap();
        assert!(step.len() <= 3, "{} long rows in a step", step.len());
        if step.is_empty() {
            break;
        }
        seen.extend(step.iter().map(|(_, reject)| reject.line));
    }
    assert_eq!(seen, (2..9).collect::<Vec<_>>());
}

pub(super) async fn a_batch_without_rows_moves_on(store: Arc<dyn Store>) {
    let a = seller("a");
    let mut job = started(&store, &a, ImportMode::Upsert, "w").await;
    let next = ImportBatch {
        skips: skips(3),
        ..batch(&job, vec![])
    };
    assert_eq!(parts(commit(&store, &mut job, next).await), [0, 0, 0, 3, 0]);
    assert_eq!(
        (job.checkpoint.batch, job.checkpoint.position.byte),
        (1, 140)
    );
    assert_eq!(outbox_events(&store).await, []);
}

pub(super) async fn another_checkpoint_or_worker_is_stopped(store: Arc<dyn Store>) {
    let a = seller("a");
    let mut job = started(&store, &a, ImportMode::Upsert, "w").await;
    let first = batch(&job, vec![row(2, Some("x"), 50)]);
    commit(&store, &mut job, first.clone()).await;
    let next = batch(&job, vec![row(3, Some("y"), 50)]);
    let mut moved = next.clone();
    moved.from.position.byte += 1;
    for (worker, batch) in [("w", first), ("w", moved), ("other", next)] {
        let outcome = store.import_commit(&a, &job.id, worker, &batch).await;
        assert_eq!(outcome.unwrap(), BatchOutcome::Stopped);
    }
    let absent = batch(&job, vec![row(3, Some("y"), 50)]);
    let outcome = store.import_commit(&a, "imp_x", "w", &absent).await;
    assert_eq!(outcome.unwrap(), BatchOutcome::Stopped);
    assert_eq!(all(&store, &a).await.len(), 1);
    assert_eq!(outbox_events(&store).await.len(), 1);
}

/// The engine refuses a negative quantity; validation would have, long before.
pub(super) async fn an_error_leaves_nothing(store: Arc<dyn Store>) {
    let a = seller("a");
    let known = create(&store, &a, with_sku("known")).await;
    let mut job = started(&store, &a, ImportMode::Upsert, "w").await;
    let mut rows: Vec<_> = (2..500).map(|line| row(line, None, 1)).collect();
    rows.insert(0, row(2, Some("known"), 7));
    rows.push(row(500, Some("broken"), -1));
    let next = batch(&job, rows.clone());
    let outcome = store.import_commit(&a, &job.id, "w", &next).await;
    assert!(outcome.is_err());
    assert_eq!(all(&store, &a).await, [known]);
    assert_eq!(outbox_events(&store).await.len(), 1);
    assert_eq!(store.outbox_backlog().await.unwrap().messages, 1);
    let stored = store.import_get(&a, &job.id).await.unwrap().unwrap();
    assert_eq!(stored, job);
    rows.pop();
    let next = batch(&job, rows);
    assert_eq!(
        parts(commit(&store, &mut job, next).await),
        [498, 1, 0, 0, 0]
    );
    assert_gapless(&store).await;
}

/// Rows of which every second is low.
fn many(skus: std::ops::Range<u64>) -> Vec<ParsedRow> {
    skus.map(|i| {
        row(
            i + 2,
            Some(&format!("S-{i}")),
            i32::try_from(i % 20).unwrap(),
        )
    })
    .collect()
}

pub(super) async fn large_batches_fill_several_blocks(store: Arc<dyn Store>) {
    let a = seller("a");
    let mut job = started(&store, &a, ImportMode::Upsert, "w").await;
    let next = batch(&job, many(0..2500));
    commit(&store, &mut job, next).await;
    let entries = store.outbox_peek(10_000).await.unwrap();
    let sizes: Vec<_> = entries
        .iter()
        .map(|entry| entry.records.as_ref().unwrap().len())
        .collect();
    assert_eq!(sizes, [1000, 1000, 1000, 750]);
    assert_eq!(store.outbox_backlog().await.unwrap().messages, 3750);
    let events = outbox_events(&store).await;
    let group = events.last().unwrap().import.as_ref().unwrap();
    assert_eq!(group.first_sequence, 1);
    assert_eq!((job.low_stock.count, job.low_stock.first.len()), (1250, 20));
    assert_gapless(&store).await;
}

pub(super) async fn a_deep_outbox_is_read_in_parts(store: Arc<dyn Store>) {
    let a = seller("a");
    let mut job = started(&store, &a, ImportMode::Upsert, "w").await;
    for skus in [0..2500, 2500..5000] {
        let next = batch(&job, many(skus));
        commit(&store, &mut job, next).await;
    }
    let (mut peeks, mut last) = (0, 0);
    loop {
        let entries = store.outbox_peek(4000).await.unwrap();
        if entries.is_empty() {
            break;
        }
        peeks += 1;
        for record in entries
            .iter()
            .flat_map(|entry| entry.records.as_ref().unwrap())
        {
            last += 1;
            assert_eq!(Event::decode(&record.value).unwrap().sequence, last);
        }
        let gone: Vec<_> = entries.iter().map(|e| (e.seller.clone(), e.id)).collect();
        store.outbox_remove(&gone).await.unwrap();
        // The removal is a commit: a waiting caller looks again at once.
        store.outbox_wait(LEASE).await;
    }
    assert_eq!((peeks, last), (2, 7500));
    assert_eq!(store.outbox_backlog().await.unwrap().messages, 0);
}
