//! What both SQL engines share: how rows of the same shape are read, and what a list is. The
//! statements themselves are each engine's own. What an engine stores in a type of its own (cents,
//! moments) is a parameter of the row.

pub(super) mod idempotency;
pub(super) mod import_row;
pub(super) mod key_row;
pub(super) mod listing;
pub(super) mod product_row;

/// Rows of a peek at most.
pub(super) const MAX_PEEK_ROWS: i64 = 500;

/// Rows that a sweep deletes with one statement.
pub(super) const MAX_SWEEP_ROWS: i64 = 2000;
