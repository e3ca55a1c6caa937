//! Many rows at once, in few statements.
//!
//! `VALUES` with many rows fills the indexed products table twice as fast as `json_each` over one
//! text with all of them; beyond a few hundred rows longer statements gain nothing.

use std::fmt::Write;

use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection, query::Query, sqlite::SqliteArguments};

use crate::{domain::error::Result, ports::store::sqlite::failure::failed};

/// Rows of a full statement. Its text is prepared once and used again.
const MAX_STATEMENT_ROWS: usize = 250;

/// Where rows go: `head (?, …), (?, …) tail`.
pub(super) struct BulkTable {
    pub head: &'static str,
    pub columns: usize,
    pub tail: &'static str,
}

impl BulkTable {
    fn statement(&self, rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns].join(", "));
        let mut sql = self.head.to_owned();
        for i in 0..rows {
            // Writing to a string cannot fail.
            let _ = write!(sql, "{}{row}", if i == 0 { "" } else { ", " });
        }
        sql + self.tail
    }
}

/// Inserts the rows in their order; `bind` binds the columns of one.
pub(super) async fn insert<T>(
    connection: &mut SqliteConnection,
    table: &BulkTable,
    rows: Vec<T>,
    bind: impl for<'q> Fn(Query<'q, Sqlite, SqliteArguments>, T) -> Query<'q, Sqlite, SqliteArguments>,
) -> Result<()> {
    let full = table.statement(MAX_STATEMENT_ROWS);
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let count = rows.len().min(MAX_STATEMENT_ROWS);
        let sql = if count == MAX_STATEMENT_ROWS {
            full.clone()
        } else {
            table.statement(count)
        };
        // A rest is of any length: its statement is not worth keeping.
        let query = sqlx::query(AssertSqlSafe(sql)).persistent(count == MAX_STATEMENT_ROWS);
        let query = rows.by_ref().take(count).fold(query, &bind);
        query.execute(&mut *connection).await.map_err(failed)?;
    }
    Ok(())
}
