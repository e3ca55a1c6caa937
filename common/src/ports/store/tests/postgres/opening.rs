//! Starts that waiting does not mend end at once, with the setting's name and the way out.

use super::{TestDatabase, config, run};
use crate::{domain::error::Error, ports::store::connect};

/// Why a store is not opened; the error is one of the setting.
async fn refused(url: &str) -> String {
    let error = connect(&config(url)).await.unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    let said = error.to_string();
    assert!(said.contains("DATABASE_URL"), "{said}");
    said
}

/// Red when: each failure of a connection is taken for a server that is away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn what_waiting_does_not_mend_is_an_error_of_the_setting() {
    let database = TestDatabase::migrated().await;
    let url = database.url();
    let mark = if url.contains('?') { '&' } else { '?' };
    let secured = refused(&format!("{url}{mark}sslmode=require")).await;
    assert!(secured.contains("sslmode=disable"), "{secured}");
    let (server, name) = url.rsplit_once('/').unwrap();
    let missing = refused(&format!("{server}/no_{name}")).await;
    assert!(missing.contains("does not exist"), "{missing}");
}

/// Red when: a migration that this program does not have is taken for a failure that passes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn the_schema_of_a_newer_version_is_refused() {
    let database = TestDatabase::migrated().await;
    let mut server = database.connect().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (99999999, 'newer', true, '', 0)";
    run(&mut server, newer.to_owned()).await;
    let said = refused(&database.url()).await;
    assert!(said.contains("another version of pmd"), "{said}");
}
