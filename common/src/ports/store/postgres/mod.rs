//! The store in PostgreSQL: the server engine. Any number of daemons may share one database.
//!
//! A transaction locks in one order: the claim's key, the product, the skus, and the seller's
//! counters last. So two transactions never wait for each other, the seller's sequence has no gap,
//! and its order is the order of the commits. Every call has a deadline of its own (`connections`).

mod admin;
mod batcher;
mod connections;
mod copy;
mod counters;
mod failure;
mod idempotency;
mod import_batch;
mod import_end;
mod import_products;
mod import_row;
mod import_take;
mod imports;
mod keys;
mod layout;
mod list;
mod outbox;
mod product_create;
mod product_get;
mod product_row;
mod products;
mod relay_lease;
mod types;

use std::{str::FromStr, sync::Arc, time::Duration};

use sqlx::{ConnectOptions, migrate::MigrateError, postgres::PgConnectOptions};
use tokio::{sync::Notify, time::timeout};

use self::{
    batcher::MAX_SELLERS_IN_FLIGHT,
    connections::{ConnectionPool, PgSession},
    failure::{DbResult, failed, unavailable},
    layout::TableLayout,
    product_create::{BatchInserter, CreateBatcher, GROUP_BEGIN},
    product_get::{GetBatcher, get_batcher},
    relay_lease::RelayLease,
};
use super::{Store, change::Rules};
use crate::{
    config::Server,
    domain::{error::Result, idempotency::Claim, product::FieldError},
};

pub(super) static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/postgres");

/// A request has to be answered within 5 s, whatever the server does.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(4);
/// Creating an index on a large table takes its time.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(600);
/// What requests share.
const MAX_CONNECTIONS: usize = 16;
/// What import workers share: two batches keep two processors busy, and requests have the others.
const MAX_IMPORT_CONNECTIONS: usize = 2;
/// A batch is long work, but has to end before its worker's lease does.
const IMPORT_TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Debug, Clone)]
struct PostgresStore {
    connections: ConnectionPool,
    importing: ConnectionPool,
    get_batcher: Arc<GetBatcher>,
    create_batcher: Arc<CreateBatcher>,
    relay_lease: RelayLease,
    committed: Arc<Notify>,
    rules: Rules,
    layout: TableLayout,
}

/// Opens the database and brings its schema up to date.
pub(super) async fn connect(server: &Server, low_stock_threshold: i32) -> Result<Arc<dyn Store>> {
    let options = options(server)?;
    let layout = migrate(&options).await?;
    let rules = Rules {
        low_stock_threshold,
    };
    Ok(Arc::new(PostgresStore::new(&options, rules, layout)))
}

impl PostgresStore {
    fn new(options: &PgConnectOptions, rules: Rules, layout: TableLayout) -> Self {
        let pool = |options: &PgConnectOptions, max_connections, deadline| {
            ConnectionPool::new(options.clone(), max_connections, deadline, "BEGIN")
        };
        let connections = pool(options, MAX_CONNECTIONS, REQUEST_TIMEOUT);
        let committed = Arc::<Notify>::default();
        // One for each group under way; on distributed tables a group is one per seller.
        let groups = match layout {
            TableLayout::OneServer => 1,
            TableLayout::Distributed => MAX_SELLERS_IN_FLIGHT,
        };
        let inserter = BatchInserter {
            grouped: ConnectionPool::new(
                options.clone(),
                product_create::MAX_IN_FLIGHT * groups,
                REQUEST_TIMEOUT,
                GROUP_BEGIN,
            ),
            single: connections.clone(),
            committed: Arc::clone(&committed),
            rules,
            layout,
        };
        Self {
            connections,
            importing: pool(
                &import_options(options),
                MAX_IMPORT_CONNECTIONS,
                IMPORT_TIMEOUT,
            ),
            get_batcher: Arc::new(get_batcher(
                pool(
                    options,
                    product_get::MAX_IN_FLIGHT * groups,
                    REQUEST_TIMEOUT,
                ),
                layout,
            )),
            create_batcher: Arc::new(inserter.batcher()),
            relay_lease: RelayLease::new(options),
            committed,
            rules,
            layout,
        }
    }

    /// Runs a transaction and wakes the relay after its commit. One with a claim, which it takes
    /// first and keeps its answer under, may be repeated.
    async fn write<T, F>(&self, claim: Option<&Claim>, work: impl Fn(PgSession) -> F) -> Result<T>
    where
        F: Future<Output = DbResult<T>>,
    {
        if claim.is_some() {
            return self.write_repeatable(work).await;
        }
        let answer = self.connections.write(work).await?;
        self.committed.notify_one();
        Ok(answer)
    }

    /// Runs a transaction that acts once however often it is committed, and wakes the relay.
    async fn write_repeatable<T, F>(&self, work: impl Fn(PgSession) -> F) -> Result<T>
    where
        F: Future<Output = DbResult<T>>,
    {
        let answer = self.connections.write_repeatable(work).await?;
        self.committed.notify_one();
        Ok(answer)
    }
}

/// How every connection is opened. The server gives up a little later than we do, so that abandoned
/// work does not go on; compiling a statement costs more than it saves here. A plan
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
        // What a transaction sets for itself holds on the nodes of a cluster, too.
        ("citus.propagate_set_commands", "local"),
    ]))
}

/// Those of the import workers, whose statements are longer.
fn import_options(options: &PgConnectOptions) -> PgConnectOptions {
    let seconds = IMPORT_TIMEOUT.as_secs() + 1;
    let options = options.clone().application_name("pmd import");
    options.options([
        ("statement_timeout", format!("{seconds}s")),
        // See `import_products::find`.
        ("enable_sort", "off".to_owned()),
    ])
}

/// Several daemons may start at the same time: an advisory lock lets one migrate, the others wait
/// for it and find nothing left to do.
async fn migrate(options: &PgConnectOptions) -> Result<TableLayout> {
    let options = options.clone().options([("statement_timeout", "0")]);
    let connecting = timeout(REQUEST_TIMEOUT, options.connect()).await;
    let late = || unavailable(format!("no answer within {} s", REQUEST_TIMEOUT.as_secs()));
    let mut connection = connecting.map_err(|_| late())?.map_err(|e| failed(&e))?;
    let layout = TableLayout::read(&mut connection).await?;
    let migrating = timeout(MIGRATION_TIMEOUT, MIGRATOR.run(&mut connection)).await;
    migrating
        .map_err(|_| unavailable("the migration takes too long"))?
        .map_err(|error| match error {
            MigrateError::Execute(sqlx::Error::Database(answer)) => {
                unavailable(format!("cannot migrate: {}", answer.message()))
            }
            other => unavailable(format!("cannot migrate: {other}")),
        })?;
    Ok(layout)
}
