//! The store in one SQLite file: the embedded engine.
//!
//! Reads take a connection of the pool and see the last commit. Writes go through the one writer,
//! which commits those that wait together, so no two transactions ever run at the same time: what
//! a write reads stays true until it commits, and the seller's sequence has no gap.

mod admin;
mod bulk;
mod idempotency;
mod import_batch;
mod import_row;
mod import_work;
mod imports;
mod keys;
mod list;
mod numbers;
mod outbox;
mod product_row;
mod product_write;
mod products;

use std::{path::Path, sync::Arc};

use super::Store;
use crate::{error::Result, event, sqlite::Database};

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/sqlite");

#[derive(Debug, Clone)]
struct SqliteStore {
    db: Database,
    rules: Rules,
}

/// What is configured and decides which events a change has.
#[derive(Debug, Clone, Copy)]
struct Rules {
    low_stock_threshold: i32,
}

impl Rules {
    fn context(self) -> event::Context<'static> {
        event::Context {
            default_threshold: self.low_stock_threshold,
            ..event::Context::default()
        }
    }
}

/// Opens or creates the file. Imports that ran when the last process ended are free to be taken
/// over at once: the data directory has one process at a time.
pub(super) async fn connect(path: &Path, low_stock_threshold: i32) -> Result<Store> {
    let db = Database::open(path, &MIGRATOR).await?;
    db.write(|connection| Box::pin(import_work::free_all(connection)))
        .await?;
    let rules = Rules {
        low_stock_threshold,
    };
    let store = Arc::new(SqliteStore { db, rules });
    Ok(Store {
        products: store.clone(),
        outbox: store.clone(),
        imports: store.clone(),
        keys: store.clone(),
        admin: store,
    })
}
