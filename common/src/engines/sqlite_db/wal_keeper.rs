//! Keeps the WAL of a file from growing without end.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::BUSY_TIMEOUT;

/// The WAL grows while reads overlap, because none of its pages may be overwritten then. Beyond this
/// the writer waits for a moment without old reads and cuts it.
pub(super) const MAX_WAL_BYTES: u64 = 64 << 20;
/// How long it waits for that moment, and how often it tries: writes wait, too.
const WAL_CUT_TIMEOUT_MS: u32 = 200;
const WAL_CUT_INTERVAL: Duration = Duration::from_secs(1);
/// Cuts the WAL to nothing when no read needs it.
pub(super) const CUT_WAL: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// The writer's, asked after each commit.
pub(super) struct WalKeeper {
    file: PathBuf,
    tried_at: Option<Instant>,
}

impl WalKeeper {
    pub(super) fn new(database: &Path) -> Self {
        let mut file = database.as_os_str().to_owned();
        file.push("-wal");
        Self {
            file: file.into(),
            tried_at: None,
        }
    }

    /// When an old read is in the way, the next try is due after `WAL_CUT_INTERVAL`.
    pub(super) async fn cut_when_large(&mut self, connection: &mut SqliteConnection) {
        let tried = self.tried_at.map(|at| at.elapsed());
        let is_large = || {
            let bytes = self.file.metadata().map_or(0, |wal| wal.len());
            bytes > MAX_WAL_BYTES
        };
        if tried.is_some_and(|since| since < WAL_CUT_INTERVAL) || !is_large() {
            return;
        }
        self.tried_at = Some(Instant::now());
        let patience = |timeout: u128| AssertSqlSafe(format!("PRAGMA busy_timeout = {timeout}"));
        let short = patience(WAL_CUT_TIMEOUT_MS.into());
        let cut = async {
            sqlx::query(short).execute(&mut *connection).await?;
            sqlx::query(CUT_WAL).execute(&mut *connection).await?;
            let usual = patience(BUSY_TIMEOUT.as_millis());
            sqlx::query(usual).execute(&mut *connection).await
        };
        if let Err(error) = cut.await {
            tracing::warn!(%error, "the WAL is large and could not be cut");
        }
    }
}
