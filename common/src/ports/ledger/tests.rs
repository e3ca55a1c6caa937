//! What every ledger promises: one battery for every engine.

use std::{sync::Arc, time::Duration};

use proptest::{prelude::*, test_runner::TestRunner};

use super::{Ledger, connect};
use crate::{
    config::LedgerConfig,
    domain::{
        clock::{self, Timestamp},
        event::{self, Event, EventContext, EventData, ImportData},
        import_job::ImportStatus,
        import_job::LowStockDigest,
        money::{Amount, Price},
        product::{NewProduct, Product},
        record::Topic,
        seller::SellerId,
        stats::{CategoryTotals, DayTotals, SellerRecount, SellerTotals},
    },
    support::{
        history::{EventHistory, histories},
        samples::new_lamp,
    },
};

/// An engine that has applied nothing, to be opened as often as a test likes.
struct LedgerFixture {
    config: LedgerConfig,
    _directory: Option<tempfile::TempDir>,
}

impl LedgerFixture {
    fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ledger.db");
        Self {
            config: LedgerConfig::Sqlite { path },
            _directory: Some(directory),
        }
    }

    #[cfg(feature = "aws")]
    fn dynamodb() -> Self {
        let config = LedgerConfig::DynamoDb {
            aws: crate::support::dynamodb::dynamodb(),
            table: crate::support::dynamodb::table_name("ledger"),
        };
        Self {
            config,
            _directory: None,
        }
    }

    async fn open(&self) -> Arc<dyn Ledger> {
        connect(&self.config).await.unwrap()
    }

    async fn close(self) {
        #[cfg(feature = "aws")]
        if let LedgerConfig::DynamoDb { table, .. } = &self.config {
            crate::support::dynamodb::drop_table(table).await;
        }
    }
}

macro_rules! battery {
    ($($test:ident)+) => {
        mod sqlite {
            use super::LedgerFixture;

            $(#[tokio::test]
            async fn $test() {
                super::$test(&LedgerFixture::sqlite()).await;
            })+

            #[test]
            fn equals_a_recount_whatever_is_delivered_again() {
                super::equals_a_recount_whatever_is_delivered_again(24, LedgerFixture::sqlite);
            }
        }

        #[cfg(feature = "aws")]
        mod dynamodb {
            use super::LedgerFixture;

            $(#[tokio::test]
            #[ignore = "needs dev/engines"]
            async fn $test() {
                let fixture = LedgerFixture::dynamodb();
                super::$test(&fixture).await;
                fixture.close().await;
            })+

            #[test]
            #[ignore = "needs dev/engines"]
            fn equals_a_recount_whatever_is_delivered_again() {
                super::equals_a_recount_whatever_is_delivered_again(8, LedgerFixture::dynamodb);
            }
        }
    };
}

battery! {
    an_event_that_comes_twice_in_a_run_counts_once
    many_that_apply_the_same_count_once
    a_run_may_touch_any_number_of_categories
    sellers_never_meet
    sums_may_exceed_64_bits
    an_import_that_ended_changes_the_time_only
    days_are_listed_from_and_to
    a_reset_replaces_the_totals
    outlives_the_process
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
        price: Price::from_cents(cents).unwrap(),
        quantity,
        category: "Toys".to_owned(),
        ..new_lamp()
    };
    new.into_product(id, seller.clone(), Timestamp::from_millis(0))
}

/// One ProductCreated for each sequence.
fn created(seller: &SellerId, sequences: std::ops::RangeInclusive<i64>) -> Vec<Event> {
    let event = |sequence: i64| {
        let product = product(seller, sequence, 250, 20);
        let draft = event::created(&product, EventContext::default()).remove(0);
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

/// Topics in any interleaving, every stretch of them any number of times: the totals are those of
/// a recount.
fn equals_a_recount_whatever_is_delivered_again(cases: u32, fixture: fn() -> LedgerFixture) {
    let config = ProptestConfig {
        source_file: Some(file!()),
        ..ProptestConfig::with_cases(cases)
    };
    let run =
        TestRunner::new(config).run(&(histories(50), deliveries()), |(history, deliveries)| {
            let history = recent(history);
            block_on(check_recount(fixture(), &history, deliveries));
            Ok(())
        });
    run.unwrap();
}

/// Engines may forget old days at any time.
fn recent(mut history: EventHistory) -> EventHistory {
    let first = history.events.first().map(|event| event.timestamp);
    let whole_days = clock::now().since(first.unwrap_or_default()).as_secs() / 86_400;
    for event in &mut history.events {
        event.timestamp = event
            .timestamp
            .plus(Duration::from_secs(whole_days * 86_400));
    }
    history
}

async fn check_recount(
    fixture: LedgerFixture,
    history: &EventHistory,
    deliveries: Vec<(usize, usize, usize)>,
) {
    let topics = Topic::EVENTS.map(|topic| history.of_topic(topic));
    let mut done = [0_usize; 5];
    let ledger = fixture.open().await;
    let rest = (0..5).map(|topic| (topic, 5, usize::MAX));
    for (topic, back, count) in deliveries.into_iter().chain(rest) {
        let from = done[topic].saturating_sub(back);
        let to = from.saturating_add(count).min(topics[topic].len());
        let events = &topics[topic][from..to];
        let applied = ledger.ledger_apply(&history.seller, Topic::EVENTS[topic], events);
        applied.await.unwrap();
        done[topic] = done[topic].max(to);
    }
    let (totals, changed) = ledger.ledger_totals(&history.seller).await.unwrap();
    assert_eq!(
        changed,
        history.events.iter().map(|event| event.timestamp).max()
    );
    let categories = ledger.ledger_categories(&history.seller).await.unwrap();
    let days = ledger
        .ledger_daily(&history.seller, "0000-01-01", "9999-12-31")
        .await;
    let days = days.unwrap();
    fixture.close().await;
    let (counted, mut counted_categories) = history.recount();
    counted_categories.sort_by(|one, other| one.category.cmp(&other.category));
    let change = days
        .iter()
        .fold(Amount::ZERO, |sum, day| sum + day.value_change);
    assert_eq!(change, counted.total_value);
    assert_eq!((totals, categories), (counted, counted_categories));
    let counts: Vec<_> = days
        .into_iter()
        .map(|day| DayTotals {
            value_change: Amount::ZERO,
            ..day
        })
        .collect();
    assert_eq!(counts, history.recount_days());
}

/// Red when: a category of before is left, an event of the recount counts again, or later events that
/// were counted are lost.
async fn a_reset_replaces_the_totals(fixture: &LedgerFixture) {
    let (ledger, one) = (fixture.open().await, seller("one"));
    let topic = Topic::ProductCreated;
    let apply = async |events: &[Event]| ledger.ledger_apply(&one, topic, events).await.unwrap();
    apply(&created(&one, 1..=4)).await;
    let mut recount = SellerRecount::new(3, 1);
    // More than one transaction holds.
    for number in 0..250 {
        let category = CategoryTotals {
            category: format!("Category {number:03}"),
            active_products: 1,
            total_quantity: 2,
            total_value: Amount::from_cents(300),
            price_sum: Amount::from_cents(150),
        };
        recount.add(&category, 1);
    }
    let at = clock::now();
    let is_reset = ledger.ledger_reset(&one, &recount, at).await.unwrap();
    assert!(!is_reset, "the fourth event is counted already");
    recount.sequence = 10;
    assert!(ledger.ledger_reset(&one, &recount, at).await.unwrap());
    assert!(ledger.ledger_reset(&one, &recount, at).await.unwrap());
    apply(&created(&one, 4..=10)).await;
    let (totals, _) = ledger.ledger_totals(&one).await.unwrap();
    assert_eq!(totals, recount.totals);
    let categories = ledger.ledger_categories(&one).await.unwrap();
    assert_eq!(categories, Vec::from_iter(recount.categories.into_values()));
    let days = ledger.ledger_daily(&one, "0000-01-01", "9999-12-31").await;
    let days = days.unwrap().into_iter();
    let change = days.fold(Amount::ZERO, |sum, day| sum + day.value_change);
    assert_eq!(change, totals.total_value);
    apply(&created(&one, 11..=11)).await;
    assert_eq!(value(&*ledger, &one).await, (251, 250 * 300 + 5000));
    assert_eq!(ledger.counted_sellers().await.unwrap(), [one]);
}

async fn an_event_that_comes_twice_in_a_run_counts_once(fixture: &LedgerFixture) {
    let (ledger, one) = (fixture.open().await, seller("one"));
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

/// Three at once bring every event of two topics, each cut in its own way. All products are
/// deleted, so that what counted twice or never would be left.
/// Red when: a write does not depend on the watermarks that were read.
async fn many_that_apply_the_same_count_once(fixture: &LedgerFixture) {
    let one = seller("one");
    let gone = |sequence: i64| {
        let (product, at) = (product(&one, sequence, 250, 20), Timestamp::from_millis(0));
        let draft = event::deleted(&product, at, EventContext::default());
        draft.seal(sequence + 60, Timestamp::from_millis(sequence * 1000))
    };
    let topics = [
        (Topic::ProductCreated, created(&one, 1..=60)),
        (Topic::ProductDeleted, (1..=60).map(gone).collect()),
    ];
    let mut runs = Vec::new();
    for (topic, events) in &topics {
        for size in [3, 5, 8] {
            let (ledger, one) = (fixture.open().await, one.clone());
            let (topic, events) = (*topic, events.clone());
            runs.push(tokio::spawn(async move {
                for run in events.chunks(size) {
                    ledger.ledger_apply(&one, topic, run).await.unwrap();
                }
            }));
        }
    }
    for run in runs {
        run.await.unwrap();
    }
    let ledger = fixture.open().await;
    let (totals, changed) = ledger.ledger_totals(&one).await.unwrap();
    let counted = SellerTotals {
        total_products: 60,
        deleted_products: 60,
        ..SellerTotals::default()
    };
    assert_eq!(totals, counted);
    assert_eq!(changed, Some(Timestamp::from_millis(60_000)));
    assert_eq!(ledger.ledger_categories(&one).await.unwrap(), []);
    let days = ledger.ledger_daily(&one, "1970-01-01", "1970-01-01").await;
    let counts: Vec<_> = days
        .unwrap()
        .iter()
        .map(|day| (day.created, day.deleted))
        .collect();
    assert_eq!(counts, [(60, 60)]);
}

/// Each product has a category of its own; the second run brings most of them again.
/// Red when: what does not fit into one transaction is left out.
async fn a_run_may_touch_any_number_of_categories(fixture: &LedgerFixture) {
    let (ledger, one) = (fixture.open().await, seller("one"));
    let mut events = created(&one, 1..=260);
    for event in &mut events {
        if let EventData::ProductCreated(product) = &mut event.data {
            product.category = format!("Käse {}", event.sequence);
        }
    }
    let topic = Topic::ProductCreated;
    ledger
        .ledger_apply(&one, topic, &events[..220])
        .await
        .unwrap();
    ledger
        .ledger_apply(&one, topic, &events[10..])
        .await
        .unwrap();
    assert_eq!(value(&*ledger, &one).await, (260, 260 * 5000));
    let categories = ledger.ledger_categories(&one).await.unwrap();
    assert_eq!(categories.len(), 260);
    assert!(
        categories
            .iter()
            .all(|c| c.active_products == 1 && c.total_value.cents() == 5000)
    );
    assert!(categories.is_sorted_by_key(|category| category.category.clone()));
}

async fn sellers_never_meet(fixture: &LedgerFixture) {
    let ledger = fixture.open().await;
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
    assert_eq!(unknown, (SellerTotals::default(), None));
    assert!(
        ledger
            .ledger_categories(&seller("three"))
            .await
            .unwrap()
            .is_empty()
    );
}

/// Already one product at the highest price and quantity is worth more than 64 bits hold.
async fn sums_may_exceed_64_bits(fixture: &LedgerFixture) {
    let (ledger, one) = (fixture.open().await, seller("one"));
    let dear = product(&one, 1, Price::MAX_CENTS, i32::MAX);
    for sequence in 1..=5 {
        let draft = event::created(&dear, EventContext::default()).remove(0);
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

async fn an_import_that_ended_changes_the_time_only(fixture: &LedgerFixture) {
    let (ledger, one) = (fixture.open().await, seller("one"));
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

async fn days_are_listed_from_and_to(fixture: &LedgerFixture) {
    let (ledger, one) = (fixture.open().await, seller("one"));
    let events = on_three_days(&one);
    let topic = Topic::ProductCreated;
    ledger.ledger_apply(&one, topic, &events).await.unwrap();
    for (from, to, dates) in [
        (
            "1970-01-01",
            "1970-01-02",
            &["1970-01-01", "1970-01-02"][..],
        ),
        ("1970-01-02", "1970-01-02", &["1970-01-02"]),
        ("1970-01-04", "9999-12-31", &[]),
        ("1970-01-03", "1970-01-01", &[]),
    ] {
        let days = ledger.ledger_daily(&one, from, to).await.unwrap();
        let found: Vec<_> = days.iter().map(|day| day.date.as_str()).collect();
        assert_eq!(found, dates, "{from} to {to}");
    }
}

/// One ProductCreated on each of the first days of 1970.
fn on_three_days(seller: &SellerId) -> Vec<Event> {
    let event = |sequence: i64| {
        let product = product(seller, sequence, 100, 20);
        let draft = event::created(&product, EventContext::default()).remove(0);
        let day = Timestamp::from_millis((sequence - 1) * 86_400_000);
        draft.seal(sequence, day)
    };
    (1..=3).map(event).collect()
}

/// Days are forgotten, totals are not; what was counted is not counted again. (DynamoDB forgets by
/// itself.)
#[tokio::test]
async fn forgets_old_days_only() {
    let fixture = LedgerFixture::sqlite();
    let (ledger, one) = (fixture.open().await, seller("one"));
    let events = on_three_days(&one);
    ledger
        .ledger_apply(&one, Topic::ProductCreated, &events)
        .await
        .unwrap();
    let dates = async |from: &str, to: &str| {
        let days = ledger.ledger_daily(&one, from, to).await.unwrap();
        days.into_iter().map(|day| day.date).collect::<Vec<_>>()
    };
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

async fn outlives_the_process(fixture: &LedgerFixture) {
    let one = seller("one");
    let ledger = fixture.open().await;
    ledger
        .ledger_apply(&one, Topic::ProductCreated, &created(&one, 1..=3))
        .await
        .unwrap();
    drop(ledger);
    let again = fixture.open().await;
    again
        .ledger_apply(&one, Topic::ProductCreated, &created(&one, 1..=4))
        .await
        .unwrap();
    assert_eq!(value(&*again, &one).await, (4, 20_000));
}
