//! What the batches of an import have to say beside their counts.

use std::sync::Arc;

use super::{
    Store,
    batches::{batch, commit, parts, row, skips},
    create,
    imports::{new_import, started},
    seller, with_sku,
};
use crate::domain::{
    error::{Conflict, Error},
    import_job::{ImportBatch, NewImport},
    product_csv::{ImportMode, ParsedRow, RepeatPolicy, RowWarning},
    seller::SellerId,
};

fn warning(line: u64, code: &str) -> RowWarning {
    RowWarning {
        line,
        column: "Price".to_owned(),
        code: code.to_owned(),
        message: "the price was rounded".to_owned(),
    }
}

/// Red when: a batch forgets a warning or a reason, counts a row twice, keeps more than the first 100,
/// or warns of a row that did not go in.
pub(super) async fn a_job_says_what_went_in_otherwise_than_written(store: Arc<dyn Store>) {
    let a = seller("a");
    create(&store, &a, with_sku("known")).await;
    let mut job = started(&store, &a, ImportMode::Upsert, "w").await;
    let warned = |line: u64, sku: Option<&str>| ParsedRow {
        warnings: vec![warning(line, "ROUNDED"), warning(line, "ROUNDED")],
        ..row(line, sku, 50)
    };
    let rows = vec![
        warned(2, Some("x")),
        row(3, Some("y"), 50),
        row(4, None, 50),
        warned(5, None),
        row(6, Some("x"), 51),
        row(7, Some("y"), 51),
        warned(8, Some("known")),
    ];
    let next = ImportBatch {
        skips: skips(2),
        ..batch(&job, rows)
    };
    commit(&store, &mut job, next).await;
    assert_eq!(parts(job.counts), [4, 0, 1, 4, 0]);
    let notes = &job.notes;
    let listed: Vec<_> = notes
        .warnings
        .iter()
        .map(|w| (w.line, w.code.as_str()))
        .collect();
    let (rounded, twice) = ("ROUNDED", "DUPLICATE_SKU");
    let expected = [
        (2, rounded),
        (2, rounded),
        (2, twice),
        (3, twice),
        (5, rounded),
        (5, rounded),
        (8, rounded),
        (8, rounded),
    ];
    assert_eq!((listed, notes.warned), (expected.to_vec(), 4));
    assert_eq!(notes.warnings[3].column, "Reference");
    assert!(notes.warnings[3].message.contains("line 7"), "{notes:?}");
    assert_eq!((notes.skips.duplicate, notes.skips.blank), (2, 2));
    assert_eq!(notes.without_key, 2);

    let many = (10..110).map(|line| warned(line, None)).collect();
    let next = batch(&job, many);
    commit(&store, &mut job, next).await;
    assert_eq!((job.notes.warnings.len(), job.notes.warned), (100, 104));
    assert_eq!(job.notes.skips.total(), job.counts.skipped);
    let listed = store.import_list(&a, 0, 1).await.unwrap().items.remove(0);
    assert_eq!((listed.notes.warned, listed.notes.warnings), (104, vec![]));
}

/// Red when: the rows that the mode `skip` leaves alone have no reason.
pub(super) async fn skipped_rows_have_their_reasons(store: Arc<dyn Store>) {
    let a = seller("a");
    create(&store, &a, with_sku("known")).await;
    let mut job = started(&store, &a, ImportMode::Skip, "w").await;
    let skus = ["known", "new", "new", "known"];
    let rows = (2..).zip(skus);
    let rows = rows.map(|(line, sku)| row(line, Some(sku), 1)).collect();
    let next = batch(&job, rows);
    commit(&store, &mut job, next).await;
    assert_eq!(parts(job.counts), [1, 0, 0, 3, 0]);
    let notes = &job.notes;
    assert_eq!((notes.skips.existing, notes.skips.duplicate), (2, 1));
    let lines: Vec<u64> = notes.warnings.iter().map(|warning| warning.line).collect();
    assert_eq!((lines, notes.warned), (vec![4], 1));
}

/// Red when: bytes that created products without a key go in twice although that is to be refused, or
/// are refused where nothing would double.
pub(super) async fn a_repeated_file_is_refused_where_it_would_double(store: Arc<dyn Store>) {
    let a = seller("a");
    let refusing = || NewImport {
        on_repeat: RepeatPolicy::Refuse,
        ..new_import(ImportMode::Upsert)
    };
    let job = started(&store, &a, ImportMode::Upsert, "w").await;
    let create = async |seller: &SellerId, new| store.import_create(seller, new, None).await;
    assert!(
        create(&a, refusing()).await.is_ok(),
        "it created nothing so far"
    );
    let batch = batch(&job, vec![row(2, None, 1)]);
    store.import_commit(&a, &job.id, "w", &batch).await.unwrap();
    let refused = create(&a, refusing()).await.unwrap_err();
    let Error::Conflict(Conflict::AlreadyImported {
        import_id,
        without_key,
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!((import_id, without_key), (job.id, 1));
    let other = NewImport {
        sha256: "11".repeat(32),
        ..refusing()
    };
    assert!(create(&a, other).await.is_ok());
    assert!(create(&seller("b"), refusing()).await.is_ok());
    assert!(create(&a, new_import(ImportMode::Upsert)).await.is_ok());
}
