//! What can go wrong with work on a connection, and what that means for the connection and for
//! whoever asked.

use std::fmt;

use crate::domain::{
    error::{Conflict, Error},
    port::Port,
};

pub(super) const ENGINE: &str = "PostgreSQL";

/// Why work on a connection did not succeed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The answer is this error; the connection is fine.
    Final(Error),
    /// The server undid the transaction for the sake of another one (a deadlock, a serialization
    /// failure); the connection is fine and a repetition is likely to succeed.
    Again(Error),
    /// The connection is of no use any more; nothing was committed.
    Broken(Error),
    /// The connection broke while the commit was under way: nobody knows.
    Unknown(Error),
}

/// What work on a connection answers.
pub(super) type Attempt<T> = Result<T, Failure>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

impl From<Conflict> for Failure {
    fn from(conflict: Conflict) -> Self {
        Self::Final(conflict.into())
    }
}

/// What whoever asked is told.
impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Final(error)
            | Failure::Again(error)
            | Failure::Broken(error)
            | Failure::Unknown(error) => error,
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(answer) => match answer.code().as_deref() {
                Some("40001" | "40P01") => Self::Again(failed(&error)),
                Some(code) if is_the_end(code) => Self::Broken(failed(&error)),
                _ => Self::Final(failed(&error)),
            },
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::RowNotFound => Self::Final(failed(&error)),
            _ => Self::Broken(failed(&error)),
        }
    }
}

/// Codes after which the server closes the connection: it is shutting down, was told to end this
/// session, or lost its way (08: the connection itself, 57P: the operator intervened, 25P03: idle
/// in a transaction for too long).
fn is_the_end(code: &str) -> bool {
    code.starts_with("08") || code.starts_with("57P") || code == "25P03"
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

/// The same error for one more of those who asked together.
pub(super) fn repeated(error: &Error) -> Error {
    match error {
        Error::Unavailable { reason, .. } => unavailable(reason),
        other => unavailable(other),
    }
}
