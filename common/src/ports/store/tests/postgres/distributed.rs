//! What a table that is distributed over several servers needs of the statements, held on one server:
//! their texts, and the errors as such a table words them.

use std::{fs, path::Path};

use super::{TestDatabase, config, imports::import, run};
use crate::{
    domain::{
        error::{Conflict, Error},
        idempotency::Claim,
        product_csv::ImportMode,
    },
    ports::store::{
        connect,
        tests::{assert_gapless, batches::row, create, imports::started, lamp, seller, with_sku},
    },
};

/// A distributed UPDATE or DELETE takes no function that answers something else from row to row, and
/// no sum of a moment and an interval that comes from a column: the adapter has neither.
///
/// Red when: `save` of `import_batch` adds `lease_ms * interval '1 millisecond'`, or asks
/// `clock_timestamp()`.
#[test]
fn no_statement_has_what_a_distributed_table_refuses() {
    let adapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ports/store/postgres");
    let mut intervals = 0;
    for file in fs::read_dir(adapter).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for refused in [
            "clock_timestamp(",
            "random(",
            "gen_random_uuid(",
            "timeofday(",
        ] {
            assert!(!text.contains(refused), "{}: {refused}", path.display());
        }
        for (at, _) in text.match_indices(" * interval '") {
            intervals += 1;
            let factor = text[..at].rsplit(' ').next().unwrap();
            assert!(factor.starts_with('$'), "{}: {factor}", path.display());
            let sum = text[..at].strip_suffix(factor).unwrap();
            let clock = ["now() + ", "statement_timestamp() + "];
            let bound = clock.iter().any(|clock| sum.ends_with(clock));
            assert!(bound, "{}: a sum with a column", path.display());
        }
    }
    assert!(intervals >= 2, "the statements are looked for elsewhere");
}

/// From the node of a shard an error comes with no constraint's name, and from a COPY with another
/// code: the index in the message says what is meant.
///
/// Red when: `takes_a_sku` asks for the constraint alone, or for 23505 alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_taken_sku_is_known_by_the_name_in_the_message() {
    let database = TestDatabase::migrated().await;
    let store = database.open().await;
    let a = seller("a");
    let mut server = database.connect().await;
    // Once per sequence number that is even: a COPY that is repeated succeeds.
    let refuse = "CREATE SEQUENCE refusals; CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ \
         BEGIN IF nextval('refusals') % 2 = 1 THEN \
         RAISE 'duplicate key value violates unique constraint \"idx_products_seller_sku_102021\"' \
         USING ERRCODE = CASE WHEN current_query() LIKE 'COPY%' THEN 'XX000' ELSE '23505' END; END IF; \
         RETURN NEW; END $$; CREATE TRIGGER refuse BEFORE INSERT ON products \
         FOR EACH ROW EXECUTE FUNCTION refuse()";
    run(&mut server, refuse.to_owned()).await;
    // A claimed create is tried once; a group would store it again on its own.
    let claim = Claim {
        key: "k".to_owned(),
        fingerprint: "f".to_owned(),
    };
    let taken = store
        .product_create(&a, with_sku("S-1"), Some(&claim))
        .await;
    assert!(
        matches!(&taken, Err(Error::Conflict(Conflict::DuplicateSku { sku })) if sku == "S-1"),
        "{taken:?}"
    );
    run(&mut server, "SELECT setval('refusals', 2)".to_owned()).await;
    let job = started(&store, &a, ImportMode::Upsert, "w").await;
    let counts = import(&store, job, "w", &[row(2, Some("S-2"), 5)], 1).await;
    assert_eq!(counts.created, 1);
}

/// Red when: a worker is taken for a database like any other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_worker_of_a_cluster_is_refused() {
    let database = TestDatabase::migrated().await;
    let mut server = database.connect().await;
    let worker =
        "CREATE FUNCTION citus_is_coordinator() RETURNS boolean LANGUAGE sql AS 'SELECT false'";
    run(&mut server, worker.to_owned()).await;
    let refused = connect(&config(&database.url())).await;
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("DATABASE_URL names a worker"), "{said}");
    let coordinator = "CREATE OR REPLACE FUNCTION citus_is_coordinator() RETURNS boolean LANGUAGE sql AS 'SELECT true'";
    run(&mut server, coordinator.to_owned()).await;
    database.open().await.ping().await.unwrap();
}

/// A seller whose rows are locked, or whose node hangs, is waited for by its own requests only.
///
/// Red when: `run_by_seller` waits for every seller of a group (the other sellers' creates and reads
/// take as long as the lock is held).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_seller_that_waits_holds_up_no_other() {
    let database = TestDatabase::distributed().await;
    let store = database.open().await;
    let (held, free) = (seller("held"), seller("free"));
    create(&store, &held, lamp()).await;
    let mut other = database.connect().await;
    run(&mut other, "BEGIN".to_owned()).await;
    run(&mut other, "UPDATE sellers SET live = live".to_owned()).await;
    let waiting: Vec<_> = (0..32)
        .map(|_| {
            let (store, held) = (store.clone(), held.clone());
            tokio::spawn(async move { store.product_create(&held, lamp(), None).await })
        })
        .collect();
    for _ in 0..8 {
        let id = create(&store, &free, lamp()).await.id;
        assert!(store.product_get(&free, id).await.unwrap().is_some());
    }
    assert!(waiting.iter().any(|waiting| !waiting.is_finished()));
    run(&mut other, "COMMIT".to_owned()).await;
    for waiting in waiting {
        waiting.await.unwrap().unwrap();
    }
    assert_eq!(assert_gapless(&store).await[&held], 33);
}
