//! The store in one SQLite file: the embedded engine.
//!
//! Reads take a connection of the pool and see the last commit. Writes go through the one writer,
//! which commits those that wait together, so no two transactions ever run at the same time: what
//! a write reads stays true until it commits, and the seller's sequence has no gap.

mod admin;
mod bulk;
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
mod list;
mod outbox;
mod product_create;
mod product_row;
mod product_stock;
mod product_write;
mod products;
mod restores;
mod types;

use std::{path::Path, sync::Arc};

use super::{SCAN_TIMEOUT, Store, change::Rules, scan_permits};
use crate::{
    domain::{error::Result, port::Port},
    engines::{sqlite_db::SqliteDb, sqlite_scans::SqliteScans},
};

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/sqlite");

#[derive(Debug, Clone)]
struct SqliteStore {
    db: SqliteDb,
    /// Reads of many products.
    scans: SqliteScans,
    rules: Rules,
}

/// Opens or creates the file.
pub(super) async fn connect(path: &Path, low_stock_threshold: i32) -> Result<Arc<dyn Store>> {
    let db = SqliteDb::open(Port::Store, path, &MIGRATOR).await?;
    let rules = Rules {
        low_stock_threshold,
    };
    let scans = SqliteScans::new(Port::Store, path, scan_permits(), SCAN_TIMEOUT);
    Ok(Arc::new(SqliteStore { db, scans, rules }))
}
