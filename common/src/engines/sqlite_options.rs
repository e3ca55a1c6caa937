//! How connections to a SQLite file are opened: WAL mode, `synchronous=FULL`.

use std::{path::Path, time::Duration};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// How long a write of another process is waited for.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that writes.
pub(crate) fn file_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
}

/// How a connection that only reads is opened.
pub(crate) fn read_options(path: &Path) -> SqliteConnectOptions {
    file_options(path).read_only(true).create_if_missing(false)
}

/// A connection to a file does not go stale: no probing, no replacing.
pub(crate) fn pool(path: &Path, connections: u32) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(BUSY_TIMEOUT)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(read_options(path))
}
