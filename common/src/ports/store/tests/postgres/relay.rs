//! Who relays, when there are several daemons, and in which order.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::{BoxFuture, join_all};
use tokio::{runtime::Runtime, time::timeout};

use super::{Store, TestDatabase, run};
use crate::{
    domain::{
        event::Event,
        product::{NewProduct, ProductPatch},
    },
    ports::store::tests::{create, lamp, seller},
};

/// A daemon that does only what the test asks for: in between it is frozen, with its
/// connections open and its tasks silent.
struct FrozenDaemon {
    store: Arc<dyn Store>,
    runtime: Runtime,
}

impl FrozenDaemon {
    async fn start(database: &TestDatabase) -> Self {
        let config = super::config(&super::url(&database.name));
        let starting = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let store = runtime
                .block_on(crate::ports::store::connect(&config))
                .unwrap();
            Self { store, runtime }
        });
        starting.await.unwrap()
    }

    /// Thaws for as long as the work takes.
    async fn thaw<T: Send + 'static>(
        self,
        work: impl FnOnce(Arc<dyn Store>) -> BoxFuture<'static, T> + Send + 'static,
    ) -> (Self, T) {
        let thawed = tokio::task::spawn_blocking(move || {
            let done = self.runtime.block_on(work(self.store.clone()));
            (self, done)
        });
        thawed.await.unwrap()
    }

    /// A runtime may not be dropped on another one's thread.
    fn end(self) {
        self.runtime.shutdown_background();
    }
}

/// Ends the sessions that hold the relay's lock or wait for it, as a failover does.
async fn end_sessions(database: &TestDatabase) -> i64 {
    let ended = sqlx::query_scalar(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'pmd relay'",
    );
    let ended = ended.fetch_one(&mut database.connect().await).await;
    ended.unwrap()
}

/// How long it takes until the store is the owner.
async fn owned_by(store: &Arc<dyn Store>) -> Duration {
    let started = Instant::now();
    let owned = async {
        while !store.relay_lease_acquire().await.unwrap() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(30), owned).await.unwrap();
    started.elapsed()
}

/// Red when: `own` answers `true` without having asked for the lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn one_of_two_owns_until_it_gives_way() {
    let (database, other) = (
        TestDatabase::migrated().await,
        TestDatabase::migrated().await,
    );
    let (one, two) = (database.open().await, database.open().await);
    for _ in 0..3 {
        assert!(one.relay_lease_acquire().await.unwrap());
        assert!(!two.relay_lease_acquire().await.unwrap());
    }
    one.relay_lease_release().await.unwrap();
    assert!(owned_by(&two).await < Duration::from_secs(1));
    assert!(!one.relay_lease_acquire().await.unwrap());
    one.relay_lease_release().await.unwrap();
    assert!(two.relay_lease_acquire().await.unwrap());
    // Another database has another owner.
    assert!(other.open().await.relay_lease_acquire().await.unwrap());
}

/// Red when: the owner peeks on a connection of the pool: it gets a batch that another relays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn an_owner_whose_session_ends_gets_no_batch_any_more() {
    let database = TestDatabase::migrated().await;
    let (one, two) = (database.open().await, database.open().await);
    assert!(one.relay_lease_acquire().await.unwrap());
    create(&one, &seller("a"), lamp()).await;
    assert_eq!(one.outbox_peek(10).await.unwrap().len(), 1);
    assert_eq!(end_sessions(&database).await, 1);
    assert!(owned_by(&two).await < Duration::from_secs(1));
    // Its last proof is fresh, so it still believes to own; the peek shows the truth.
    assert!(one.outbox_peek(10).await.is_err());
    assert!(!one.relay_lease_acquire().await.unwrap());
    assert_eq!(two.outbox_peek(10).await.unwrap().len(), 1);
    // Now no daemon owns, and the first that asks is the next; who waited notices, too.
    assert_eq!(end_sessions(&database).await, 2);
    assert!(owned_by(&one).await < Duration::from_secs(1));
}

/// Red when: the session has no `idle_session_timeout`, or the owner that lives does not ping, or
/// `own` trusts what it knew before it was frozen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_frozen_owner_is_replaced_and_an_idle_one_is_not() {
    let (database, other) = (
        TestDatabase::migrated().await,
        TestDatabase::migrated().await,
    );
    let (idle, waiting) = (other.open().await, other.open().await);
    assert!(idle.relay_lease_acquire().await.unwrap());
    let frozen = FrozenDaemon::start(&database).await;
    let own = |store: Arc<dyn Store>| -> BoxFuture<'static, _> {
        Box::pin(async move { store.relay_lease_acquire().await })
    };
    let (frozen, owned) = frozen.thaw(own).await;
    assert!(owned.unwrap());
    let next = database.open().await;
    assert!(owned_by(&next).await < Duration::from_secs(10));
    let (frozen, owned) = frozen.thaw(own).await;
    assert!(!owned.unwrap());
    frozen.end();
    // As long as the other was frozen, this one had nothing to do.
    assert!(!waiting.relay_lease_acquire().await.unwrap());
    assert_eq!(idle.outbox_peek(10).await.unwrap(), []);
}

/// Red when: the session has no `tcp_user_timeout`: one that is being sent rows is not idle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn an_owner_that_freezes_while_it_reads_is_replaced() {
    let database = TestDatabase::migrated().await;
    // More than fits between the two ends of a connection.
    let fill = "INSERT INTO outbox (seller_id, messages, block, created_at) SELECT 'a', 1, \
                decode(repeat('00', 200000), 'hex'), now() FROM generate_series(1, 400)";
    run(&mut database.connect().await, fill.to_owned()).await;
    let frozen = FrozenDaemon::start(&database).await;
    let (frozen, ()) = frozen
        .thaw(|store| {
            Box::pin(async move {
                assert!(store.relay_lease_acquire().await.unwrap());
                let peeks = timeout(Duration::from_millis(1), store.outbox_peek(1000));
                assert!(peeks.await.is_err(), "it was not in the middle");
            })
        })
        .await;
    let next = database.open().await;
    assert!(owned_by(&next).await < Duration::from_secs(12));
    frozen.end();
}

/// Red when: ids are taken before the seller's counters are locked (`CACHE 50` of the sequence is
/// enough), or the peek continues after a cursor.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn the_relay_misses_nothing_and_turns_nothing_round() {
    const EACH: usize = 40;
    let database = TestDatabase::migrated().await;
    let stores = [database.open().await, database.open().await];
    let writers = (0..8).map(|writer: usize| {
        let (store, seller) = (stores[writer % 2].clone(), seller(["a", "b"][writer % 2]));
        tokio::spawn(async move {
            for quantity in 0..i32::try_from(EACH).unwrap() {
                let new = NewProduct {
                    quantity: 1000,
                    ..lamp()
                };
                let product = create(&store, &seller, new).await;
                let patch = ProductPatch {
                    quantity: Some(100 + quantity),
                    ..ProductPatch::default()
                };
                let updated = store.product_update(&seller, product.id, patch, None);
                updated.await.unwrap();
            }
        })
    });
    let writing = tokio::spawn(join_all(writers.collect::<Vec<_>>()));
    let outbox = &stores[0];
    assert!(outbox.relay_lease_acquire().await.unwrap());
    let (mut last, mut relayed) = (HashMap::new(), 0);
    let draining = async {
        while relayed < 8 * EACH * 2 {
            assert!(outbox.relay_lease_acquire().await.unwrap());
            let batch = outbox.outbox_peek(20).await.unwrap();
            assert!(batch.is_sorted_by_key(|entry| entry.id));
            for entry in &batch {
                for record in entry.records.as_ref().unwrap() {
                    let sequence = last.entry(entry.seller.clone()).or_insert(0);
                    *sequence += 1;
                    relayed += 1;
                    let event = Event::decode(&record.value).unwrap();
                    assert_eq!(event.sequence, *sequence, "of {}", entry.seller);
                }
            }
            let gone: Vec<_> = batch.iter().map(|e| (e.seller.clone(), e.id)).collect();
            outbox.outbox_remove(&gone).await.unwrap();
        }
    };
    timeout(Duration::from_secs(60), draining).await.unwrap();
    for writer in writing.await.unwrap() {
        writer.unwrap();
    }
    assert_eq!(outbox.outbox_backlog().await.unwrap().messages, 0);
}
