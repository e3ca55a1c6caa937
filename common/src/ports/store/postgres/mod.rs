//! The store in PostgreSQL: the server engine. Any number of daemons may share one database.
//!
//! A transaction locks in one order: the claim's key, the product, the skus, and the seller's
//! counters last. So two transactions never wait for each other, the seller's sequence has no gap,
//! and its order is the order of the commits. Every call has a deadline of its own (`connections`).

mod admin;
mod batcher;
mod bulk;
mod connections;
mod counters;
mod failure;
mod idempotency;
mod import_batch;
mod import_end;
mod import_products;
mod import_row;
mod import_staged;
mod import_take;
mod import_undo;
mod imports;
mod keys;
mod layout;
mod list;
mod nodes;
mod opening;
mod outbox;
mod product_create;
mod product_get;
mod product_row;
mod product_stock;
mod product_write;
mod products;
mod relay_lease;
mod restores;
mod types;

use std::{sync::Arc, time::Duration};

use sqlx::postgres::PgConnectOptions;
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use self::{
    batcher::MAX_SELLERS_IN_FLIGHT,
    connections::{ConnectionPool, PgSession},
    failure::{DbResult, unavailable},
    layout::TableLayout,
    opening::{import_options, migrate, options},
    product_create::{BatchInserter, CreateBatcher, GROUP_BEGIN},
    product_get::{GetBatcher, get_batcher},
    relay_lease::RelayLease,
};
use super::{SCAN_TIMEOUT, Store, change::Rules, scan_permits};
use crate::{
    config::Server,
    domain::{
        error::{Error, Result},
        idempotency::Claim,
        seller::SellerId,
    },
    seller_permits::SellerPermits,
};

pub(super) static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/postgres");

/// A request has to be answered within 5 s, whatever the server does.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(4);
/// What requests share.
const MAX_CONNECTIONS: usize = 16;
/// What reads of many products share, so that no other request waits for them.
const MAX_SCAN_CONNECTIONS: usize = 8;
/// What health and the look-up of keys share.
const MAX_PROBE_CONNECTIONS: usize = 2;
/// What import workers share: two batches keep two processors busy, and requests have the others.
const MAX_IMPORT_CONNECTIONS: usize = 2;
/// A batch is long work, but has to end before its worker's lease does.
const IMPORT_TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Debug, Clone)]
struct PostgresStore {
    connections: ConnectionPool,
    importing: ConnectionPool,
    /// Reads of many products.
    scanning: ConnectionPool,
    scan_permits: SellerPermits,
    /// What health and identity depend on.
    probing: ConnectionPool,
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
            scanning: pool(options, MAX_SCAN_CONNECTIONS, SCAN_TIMEOUT),
            scan_permits: scan_permits(),
            probing: pool(options, MAX_PROBE_CONNECTIONS, REQUEST_TIMEOUT),
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

    /// Runs a read of many products of this seller. Its permit is held until the server has answered,
    /// also when the caller is gone: a query is not taken back by leaving it.
    async fn scan<T, F>(
        &self,
        seller: &SellerId,
        work: impl Fn(PgSession) -> F + Send + Sync + 'static,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = DbResult<T>> + Send + 'static,
    {
        let deadline = Instant::now() + SCAN_TIMEOUT;
        let permit = timeout_at(deadline, self.scan_permits.acquire(seller)).await;
        let permit = permit.map_err(|_| Error::Overloaded("other reads come first"))?;
        let pool = self.scanning.clone();
        let task = tokio::spawn(async move {
            let answer = pool.run(work).await;
            drop(permit);
            answer
        });
        match timeout_at(deadline, task).await {
            Ok(answer) => answer.unwrap_or_else(|error| Err(unavailable(error))),
            Err(_) => {
                let seconds = SCAN_TIMEOUT.as_secs();
                Err(unavailable(format!("no answer within {seconds} s")))
            }
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
