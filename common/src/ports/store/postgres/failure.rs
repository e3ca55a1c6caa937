//! What can go wrong with work on a connection, and what that means for the connection and for
//! the caller.

use std::fmt;

use crate::domain::{
    error::{Conflict, Error},
    port::Port,
};

pub(super) const ENGINE: &str = "PostgreSQL";

/// Why work on a connection did not succeed.
#[derive(Debug)]
pub(super) enum DbFailure {
    /// The answer is this error; the connection is fine.
    Permanent(Error),
    /// The server undid the transaction for the sake of another one (a deadlock, a serialization
    /// failure); the connection is fine and a repetition is likely to succeed.
    Retryable(Error),
    /// The server stores nothing at present: its disk is full, or it may only be read.
    NotStored(Error),
    /// The connection is of no use any more; nothing was committed.
    ConnectionLost(Error),
    /// The connection broke while the commit was under way: it may be done or not.
    CommitUnknown(String),
}

/// What work on a connection answers.
pub(super) type DbResult<T> = Result<T, DbFailure>;

impl From<Error> for DbFailure {
    fn from(error: Error) -> Self {
        Self::Permanent(error)
    }
}

impl From<Conflict> for DbFailure {
    fn from(conflict: Conflict) -> Self {
        Self::Permanent(conflict.into())
    }
}

/// What the caller gets.
impl From<DbFailure> for Error {
    fn from(failure: DbFailure) -> Self {
        match failure {
            DbFailure::Permanent(error)
            | DbFailure::Retryable(error)
            | DbFailure::NotStored(error)
            | DbFailure::ConnectionLost(error) => error,
            DbFailure::CommitUnknown(reason) => outcome_unknown(reason),
        }
    }
}

impl From<sqlx::Error> for DbFailure {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(answer) => match answer.code().as_deref() {
                Some("40001" | "40P01") => Self::Retryable(failed(&error)),
                Some(code) if stores_nothing(code) => Self::NotStored(failed(&error)),
                Some(code) if ends_session(code) => Self::ConnectionLost(failed(&error)),
                _ => Self::Permanent(failed(&error)),
            },
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::RowNotFound => Self::Permanent(failed(&error)),
            _ => Self::ConnectionLost(failed(&error)),
        }
    }
}

/// Codes of a server without room (class 53), or that takes no writes, such as a stand-by.
fn stores_nothing(code: &str) -> bool {
    code.starts_with("53") || code == "25006"
}

/// Codes after which the server closes the connection: it is shutting down, an operator ended this
/// session, or lost its way (08: the connection itself, 57P: the operator intervened, 25P03: idle
/// in a transaction for too long).
fn ends_session(code: &str) -> bool {
    code.starts_with("08") || code.starts_with("57P") || code == "25P03"
}

/// Codes of an answer to COMMIT that does not say what became of it: the session ended over it
/// (also while it waited for a replica), the server lost track of it (40003), or it broke (XX, 58).
pub(super) fn leaves_open(code: Option<&str>) -> bool {
    code.is_none_or(|code| {
        ends_session(code)
            || code == "40003"
            || ["XX", "58"].iter().any(|class| code.starts_with(class))
    })
}

/// The error kind of an engine failure.
pub(super) fn failed(error: &sqlx::Error) -> Error {
    match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            Error::Corrupt(error.to_string())
        }
        // Its display ends with a line of the server's source.
        sqlx::Error::Database(answer) => unavailable(answer.message()),
        other => unavailable(other),
    }
}

pub(super) fn unavailable(reason: impl fmt::Display) -> Error {
    Error::unavailable(Port::Store, ENGINE, reason)
}

/// What a caller gets whose change may be done.
pub(super) fn outcome_unknown(reason: impl fmt::Display) -> Error {
    Error::outcome_unknown(Port::Store, ENGINE, reason)
}

/// The same error for one more of those who asked together.
pub(super) fn repeated(error: &Error) -> Error {
    match error {
        Error::Unavailable { reason, .. } => unavailable(reason),
        Error::OutcomeUnknown { reason, .. } => outcome_unknown(reason),
        other => unavailable(other),
    }
}
