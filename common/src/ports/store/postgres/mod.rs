//! The store in PostgreSQL: the server engine. Any number of daemons may share one database.
//!
//! A transaction locks in one order: the claim's key, the product, the skus, and the seller's
//! counters last. So two transactions never wait for each other, the seller's sequence has no gap,
//! and its order is the order of the commits. Every call has a deadline of its own (`connections`).

mod admin;
mod connections;
mod copy;
mod failure;
mod gather;
mod idempotency;
mod import_batch;
mod import_end;
mod import_products;
mod import_row;
mod import_take;
mod imports;
mod keys;
mod list;
mod numbers;
mod outbox;
mod product_create;
mod product_get;
mod product_row;
mod products;
mod relay_lock;
mod types;

use std::{str::FromStr, sync::Arc, time::Duration};

use sqlx::{ConnectOptions, migrate::MigrateError, postgres::PgConnectOptions};
use tokio::{sync::Notify, time::timeout};

use self::{
    connections::{Connections, Session},
    failure::{Attempt, failed, unavailable},
    product_create::{Creates, Creator, PATIENCE},
    product_get::{Gets, gets},
    relay_lock::RelayLock,
};
use super::{Store, change::Rules};
use crate::{
    config::Server,
    domain::{error::Result, product::FieldError},
};

pub(super) static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/postgres");

/// A request has to be answered within 5 s, whatever the server does.
const DEADLINE: Duration = Duration::from_secs(4);
/// Creating an index on a large table takes its time.
const MIGRATION_DEADLINE: Duration = Duration::from_secs(600);
/// What requests share.
const CONNECTIONS: usize = 16;
/// What import workers share: two batches keep two processors busy, and requests have the others.
const IMPORTING: usize = 2;
/// A batch is long work, but has to end before its worker's lease does.
const IMPORT_DEADLINE: Duration = Duration::from_secs(20);

#[derive(Debug, Clone)]
struct PostgresStore {
    connections: Connections,
    importing: Connections,
    gets: Arc<Gets>,
    creates: Arc<Creates>,
    relay_lock: RelayLock,
    committed: Arc<Notify>,
    rules: Rules,
}

/// Opens the database and brings its schema up to date.
pub(super) async fn connect(server: &Server, low_stock_threshold: i32) -> Result<Arc<dyn Store>> {
    let options = options(server)?;
    migrate(&options).await?;
    let rules = Rules {
        low_stock_threshold,
    };
    Ok(Arc::new(PostgresStore::new(&options, rules)))
}

impl PostgresStore {
    fn new(options: &PgConnectOptions, rules: Rules) -> Self {
        let hasty = options.clone().options([("lock_timeout", PATIENCE)]);
        let pool = |options: &PgConnectOptions, most, deadline| {
            Connections::new(options.clone(), most, deadline)
        };
        let connections = pool(options, CONNECTIONS, DEADLINE);
        let committed = Arc::<Notify>::default();
        let creator = Creator {
            together: pool(&hasty, product_create::FLIGHTS, DEADLINE),
            alone: connections.clone(),
            committed: Arc::clone(&committed),
            rules,
        };
        Self {
            connections,
            importing: pool(&import_options(options), IMPORTING, IMPORT_DEADLINE),
            gets: Arc::new(gets(pool(options, product_get::FLIGHTS, DEADLINE))),
            creates: Arc::new(creator.creates()),
            relay_lock: RelayLock::new(options),
            committed,
            rules,
        }
    }

    /// Runs a transaction (`Connections::write`) and tells the relay of its commit.
    async fn write<T, F>(&self, work: impl Fn(Session) -> F) -> Result<T>
    where
        F: Future<Output = Attempt<T>>,
    {
        let answer = self.connections.write(work).await?;
        self.committed.notify_one();
        Ok(answer)
    }
}

/// How every connection is opened. The server gives up a little later than we do, so that what
/// nobody waits for does not go on; compiling a statement costs more than it saves here. A plan
/// made while a table was empty would read all of it for a long time: every statement has an index.
fn options(server: &Server) -> Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(server.url.expose());
    // The error of the driver may show the URL. Waiting does not mend it.
    let unreadable = "is not understood: a parameter behind its ? is wrong, such as sslmode";
    let options = options.map_err(|_| FieldError::new("DATABASE_URL", "format", unreadable, ""))?;
    Ok(options.application_name("pmd").options([
        ("statement_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("jit", "off"),
        ("enable_seqscan", "off"),
    ]))
}

/// Those of the import workers, whose statements are longer.
fn import_options(options: &PgConnectOptions) -> PgConnectOptions {
    let seconds = IMPORT_DEADLINE.as_secs() + 1;
    let options = options.clone().application_name("pmd import");
    options.options([
        ("statement_timeout", format!("{seconds}s")),
        // See `import_products::find`.
        ("enable_sort", "off".to_owned()),
    ])
}

/// Several daemons may start at the same time: an advisory lock lets one migrate, the others wait
/// for it and find nothing left to do.
async fn migrate(options: &PgConnectOptions) -> Result<()> {
    let options = options.clone().options([("statement_timeout", "0")]);
    let connecting = timeout(DEADLINE, options.connect()).await;
    let late = || unavailable(format!("no answer within {} s", DEADLINE.as_secs()));
    let mut connection = connecting.map_err(|_| late())?.map_err(|e| failed(&e))?;
    let migrating = timeout(MIGRATION_DEADLINE, MIGRATOR.run(&mut connection)).await;
    migrating
        .map_err(|_| unavailable("the migration takes too long"))?
        .map_err(|error| match error {
            MigrateError::Execute(sqlx::Error::Database(answer)) => {
                unavailable(format!("cannot migrate: {}", answer.message()))
            }
            other => unavailable(format!("cannot migrate: {other}")),
        })
}
