//! Time as SQLite stores it.

use crate::domain::clock::Timestamp;

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, sqlx::Type)]
#[sqlx(transparent)]
pub(super) struct SqliteMoment(i64);

impl From<SqliteMoment> for Timestamp {
    fn from(moment: SqliteMoment) -> Self {
        Self::from_millis(moment.0)
    }
}
