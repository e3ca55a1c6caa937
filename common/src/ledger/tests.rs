//! What every ledger promises.

use std::{path::Path, sync::Arc};

use proptest::prelude::*;

use super::{Ledger, connect};
use crate::{
    clock::Timestamp,
    config::LedgerConfig,
    event::{self, Context, Event, ImportData},
    import_job::ImportStatus,
    import_job::LowStockDigest,
    money::{Amount, Price},
    product::{NewProduct, Product},
    record::Topic,
    seller::SellerId,
    stats::{DayTotals, Totals, history::histories},
};

async fn open(directory: &Path) -> Arc<dyn Ledger> {
    let path = directory.join("ledger.db");
    connect(&LedgerConfig::Sqlite { path }).await.unwrap()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    runtime.unwrap().block_on(work)
}

fn seller(name: &str) -> SellerId {
    SellerId::parse(name).unwrap()
}

fn product(seller: &SellerId, id: i64, cents: i64, quantity: i32) -> Product {
    let new = NewProduct {
        name: "Lamp".to_owned(),
        description: None,
        price: Price::from_cents(cents).unwrap(),
        quantity,
        category: "Toys".to_owned(),
        sku: None,
        low_stock_threshold: None,
        attributes: None,
    };
    new.into_product(id, seller.clone(), Timestamp::from_millis(0))
}

/// One ProductCreated for each sequence.
fn created(seller: &SellerId, sequences: std::ops::RangeInclusive<i64>) -> Vec<Event> {
    let event = |sequence: i64| {
        let product = product(seller, sequence, 250, 20);
        let draft = event::created(&product, Context::default()).remove(0);
        draft.seal(sequence, Timestamp::from_millis(sequence * 1000))
    };
    sequences.map(event).collect()
}

async fn value(ledger: &dyn Ledger, seller: &SellerId) -> (i64, i128) {
    let (totals, _) = ledger.ledger_totals(seller).await.unwrap();
    (totals.active_products, totals.total_value.cents())
}

/// One delivery of a topic: how far it goes back first, and how many events it brings.
fn deliveries() -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
    prop::collection::vec((0..5_usize, 0..12_usize, 1..9_usize), 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Topics in any interleaving, every stretch of them any number of times: the totals are those
    /// of a recount.
    #[test]
    fn equals_a_recount_whatever_is_delivered_again(
        history in histories(50),
        deliveries in deliveries(),
    ) {
        let topics = Topic::EVENTS.map(|topic| history.of_topic(topic));
        let mut done = [0_usize; 5];
        let (totals, categories, days) = block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let ledger = open(directory.path()).await;
            let rest = (0..5).map(|topic| (topic, 5, usize::MAX));
            for (topic, back, count) in deliveries.into_iter().chain(rest) {
                let from = done[topic].saturating_sub(back);
                let to = from.saturating_add(count).min(topics[topic].len());
                let events = &topics[topic][from..to];
                ledger.ledger_apply(&history.seller, Topic::EVENTS[topic], events).await.unwrap();
                done[topic] = done[topic].max(to);
            }
            let (totals, changed) = ledger.ledger_totals(&history.seller).await.unwrap();
            assert_eq!(changed, history.events.iter().map(|event| event.timestamp).max());
            let categories = ledger.ledger_categories(&history.seller).await.unwrap();
            let days = ledger.ledger_daily(&history.seller, "0000-01-01", "9999-12-31").await;
            (totals, categories, days.unwrap())
        });
        let (counted, mut counted_categories) = history.recount();
        counted_categories.sort_by(|one, other| one.category.cmp(&other.category));
        let change = days.iter().fold(Amount::ZERO, |sum, day| sum + day.value_change);
        prop_assert_eq!(change, counted.total_value);
        prop_assert_eq!((totals, categories), (counted, counted_categories));
        let counts: Vec<_> = days
            .into_iter()
            .map(|day| DayTotals { value_change: Amount::ZERO, ..day })
            .collect();
        prop_assert_eq!(counts, history.recount_days());
    }
}

#[tokio::test]
async fn an_event_that_stands_twice_in_a_run_counts_once() {
    let directory = tempfile::tempdir().unwrap();
    let (ledger, one) = (open(directory.path()).await, seller("one"));
    let mut run = created(&one, 1..=3);
    run.extend(created(&one, 2..=4));
    ledger
        .ledger_apply(&one, Topic::ProductCreated, &run)
        .await
        .unwrap();
    assert_eq!(value(&*ledger, &one).await, (4, 4 * 5000));
    ledger
        .ledger_apply(&one, Topic::ProductCreated, &run)
        .await
        .unwrap();
    ledger
        .ledger_apply(&one, Topic::ProductCreated, &[])
        .await
        .unwrap();
    assert_eq!(value(&*ledger, &one).await, (4, 4 * 5000));
    ledger.ping().await.unwrap();
}

#[tokio::test]
async fn sellers_never_meet() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = open(directory.path()).await;
    let (one, two) = (seller("one"), seller("two"));
    ledger
        .ledger_apply(&one, Topic::ProductCreated, &created(&one, 1..=3))
        .await
        .unwrap();
    ledger
        .ledger_apply(&two, Topic::ProductCreated, &created(&two, 1..=1))
        .await
        .unwrap();
    assert_eq!(value(&*ledger, &one).await, (3, 15_000));
    assert_eq!(value(&*ledger, &two).await, (1, 5000));
    let unknown = ledger.ledger_totals(&seller("three")).await.unwrap();
    assert_eq!(unknown, (Totals::default(), None));
    assert!(
        ledger
            .ledger_categories(&seller("three"))
            .await
            .unwrap()
            .is_empty()
    );
}

/// Already one product at the highest price and quantity is worth more than 64 bits hold.
#[tokio::test]
async fn sums_may_exceed_64_bits() {
    let directory = tempfile::tempdir().unwrap();
    let (ledger, one) = (open(directory.path()).await, seller("one"));
    let dear = product(&one, 1, Price::MAX_CENTS, i32::MAX);
    for sequence in 1..=5 {
        let draft = event::created(&dear, Context::default()).remove(0);
        let events = [draft.seal(sequence, Timestamp::from_millis(0))];
        ledger
            .ledger_apply(&one, Topic::ProductCreated, &events)
            .await
            .unwrap();
    }
    let whole = 5 * 9_999_999_999 * 2_147_483_647_i128;
    assert!(whole > i128::from(i64::MAX));
    assert_eq!(value(&*ledger, &one).await, (5, whole));
    let categories = ledger.ledger_categories(&one).await.unwrap();
    assert_eq!(categories[0].total_value.cents(), whole);
    let days = ledger
        .ledger_daily(&one, "1970-01-01", "1970-01-01")
        .await
        .unwrap();
    assert_eq!(days[0].value_change.cents(), whole);
}

#[tokio::test]
async fn an_import_that_ended_changes_the_time_only() {
    let directory = tempfile::tempdir().unwrap();
    let (ledger, one) = (open(directory.path()).await, seller("one"));
    ledger
        .ledger_apply(&one, Topic::ProductCreated, &created(&one, 1..=1))
        .await
        .unwrap();
    let (before, _) = ledger.ledger_totals(&one).await.unwrap();
    let ended = event::import_completed(ImportData {
        import_id: "imp_1".to_owned(),
        seller_id: one.clone(),
        file_name: "products.csv".to_owned(),
        status: ImportStatus::Completed,
        rows: 1,
        created: 1,
        updated: 0,
        unchanged: 0,
        skipped: 0,
        rejected: 0,
        low_stock: LowStockDigest::default(),
        started_at: None,
        finished_at: Timestamp::from_millis(9000),
    });
    let events = [ended.seal(2, Timestamp::from_millis(9000))];
    ledger
        .ledger_apply(&one, Topic::ImportCompleted, &events)
        .await
        .unwrap();
    let after = ledger.ledger_totals(&one).await.unwrap();
    assert_eq!(after, (before, Some(Timestamp::from_millis(9000))));
}

/// Days are forgotten, totals are not; what was counted is not counted again.
#[tokio::test]
async fn forgets_old_days_only() {
    let directory = tempfile::tempdir().unwrap();
    let (ledger, one) = (open(directory.path()).await, seller("one"));
    let event = |sequence: i64| {
        let draft = event::created(&product(&one, sequence, 100, 20), Context::default()).remove(0);
        draft.seal(
            sequence,
            Timestamp::from_millis((sequence - 1) * 86_400_000),
        )
    };
    let events: Vec<_> = (1..=3).map(event).collect();
    ledger
        .ledger_apply(&one, Topic::ProductCreated, &events)
        .await
        .unwrap();
    let dates = async |from: &str, to: &str| {
        let days = ledger.ledger_daily(&one, from, to).await.unwrap();
        days.into_iter().map(|day| day.date).collect::<Vec<_>>()
    };
    assert_eq!(
        dates("1970-01-01", "1970-01-02").await,
        ["1970-01-01", "1970-01-02"]
    );
    ledger.sweep("1970-01-02").await.unwrap();
    ledger
        .ledger_apply(&one, Topic::ProductCreated, &events)
        .await
        .unwrap();
    assert_eq!(
        dates("1970-01-01", "1970-12-31").await,
        ["1970-01-02", "1970-01-03"]
    );
    assert_eq!(value(&*ledger, &one).await, (3, 6000));
}

#[tokio::test]
async fn outlives_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let one = seller("one");
    let ledger = open(directory.path()).await;
    ledger
        .ledger_apply(&one, Topic::ProductCreated, &created(&one, 1..=3))
        .await
        .unwrap();
    drop(ledger);
    let again = open(directory.path()).await;
    again
        .ledger_apply(&one, Topic::ProductCreated, &created(&one, 1..=4))
        .await
        .unwrap();
    assert_eq!(value(&*again, &one).await, (4, 20_000));
}
