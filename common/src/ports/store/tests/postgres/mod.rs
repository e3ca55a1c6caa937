//! Databases for tests on a real server: one per test, copied from a template that has the schema
//! already, gone when the test ends.

mod concurrency;
mod distributed;
mod imports;
mod opening;
mod outages;
mod outcomes;
mod plans;
mod relay;

use std::{sync::Arc, thread};

use sha2::{Digest as _, Sha256};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, postgres::PgConnectOptions,
};
use tokio::sync::OnceCell;

use super::{Store, THRESHOLD};
use crate::{
    config::{Secret, Server, StoreConfig},
    support::engine_setting,
};

/// The template's name has the schema's fingerprint in it: another schema is another template.
static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// A database of a test's own.
pub(in crate::ports::store) struct TestDatabase {
    name: String,
}

impl TestDatabase {
    /// With the schema.
    pub(in crate::ports::store) async fn migrated() -> Self {
        let template = TEMPLATE.get_or_init(template).await;
        Self::create(&format!(" TEMPLATE {template}")).await
    }

    /// With the schema, and what makes the adapter take the tables for distributed ones.
    pub(super) async fn distributed() -> Self {
        let database = Self::migrated().await;
        let mut server = database.connect().await;
        for statement in [
            "CREATE TABLE pg_dist_partition (logicalrelid regclass)",
            "INSERT INTO pg_dist_partition VALUES ('products')",
        ] {
            run(&mut server, statement.to_owned()).await;
        }
        database
    }

    /// Without anything.
    pub(super) async fn empty() -> Self {
        Self::create("").await
    }

    async fn create(from: &str) -> Self {
        let name = format!("pm_test_{}", uuid::Uuid::new_v4().simple());
        let mut server = connect("postgres").await;
        run(&mut server, format!("CREATE DATABASE {name}{from}")).await;
        Self { name }
    }

    pub(super) async fn open(&self) -> Arc<dyn Store> {
        open(&url(&self.name)).await
    }

    /// Where it is.
    pub(super) fn url(&self) -> String {
        url(&self.name)
    }

    /// A connection of the test's own.
    pub(in crate::ports::store) async fn connect(&self) -> PgConnection {
        connect(&self.name).await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut server = connect("postgres").await;
                run(&mut server, format!("DROP DATABASE {name} WITH (FORCE)")).await;
            });
        });
        // The test has its own verdict; a database that is left over does not change it.
        let _ = dropping.join();
    }
}

/// Opens a store as a daemon does.
async fn open(url: &str) -> Arc<dyn Store> {
    super::super::connect(&config(url)).await.unwrap()
}

fn config(url: &str) -> StoreConfig {
    StoreConfig::Postgres {
        server: Server {
            url: Secret::new(url),
            place: "the test's server".to_owned(),
        },
        low_stock_threshold: THRESHOLD,
    }
}

/// Several test processes may want it at the same time: the one with the lock makes it.
async fn template() -> String {
    let name = format!("pm_template_{}", fingerprint());
    let mut server = connect("postgres").await;
    run(&mut server, "SELECT pg_advisory_lock(7031)".to_owned()).await;
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(&name)
            .fetch_one(&mut server)
            .await
            .unwrap();
    if !exists {
        let making = format!("{name}_making");
        run(&mut server, format!("DROP DATABASE IF EXISTS {making}")).await;
        run(&mut server, format!("CREATE DATABASE {making}")).await;
        let mut connection = connect(&making).await;
        super::super::postgres::MIGRATOR
            .run(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        run(
            &mut server,
            format!("ALTER DATABASE {making} RENAME TO {name}"),
        )
        .await;
    }
    name
}

/// Short, however many migrations there are: PostgreSQL cuts names at 63 bytes.
fn fingerprint() -> String {
    let mut hash = Sha256::new();
    for migration in super::super::postgres::MIGRATOR.iter() {
        hash.update(&migration.checksum);
    }
    format!("{:x}", hash.finalize())[..16].to_owned()
}

fn url(database: &str) -> String {
    let url = engine_setting("DATABASE_URL");
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/{database}")
}

async fn connect(database: &str) -> PgConnection {
    let options: PgConnectOptions = url(database).parse().unwrap();
    options.connect().await.unwrap()
}

async fn run(connection: &mut PgConnection, sql: String) {
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
}
