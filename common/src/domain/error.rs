//! The error kinds every port and driver shares.
//!
//! A kind says what the caller can do about it: mend the input (`Invalid`), look at the present
//! state again (`Conflict`), come back later (`Unavailable`, `Overloaded`), find out what became of the change
//! (`OutcomeUnknown`) or call an operator (`Corrupt`).
//! An absent thing is not an error: ports answer `None`.

use std::fmt;

use crate::domain::{
    port::Port,
    product::{FieldError, StockRefusal},
};

/// What a port answers with when it could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input breaks a rule; nothing was changed.
    #[error("{}", first_message(.0))]
    Invalid(Vec<FieldError>),
    /// The input is fine, but the present state does not allow it; nothing was changed.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// An engine cannot be reached or did not answer in time.
    #[error("{engine} is unavailable: {reason}")]
    Unavailable {
        /// The port that the engine serves.
        port: Port,
        /// The engine's plain name, such as "SQLite".
        engine: &'static str,
        /// What went wrong, for operators; never shown to HTTP clients.
        reason: String,
    },
    /// Others of the seller, or of all, are worked on first; nothing was done.
    #[error("too much is asked for at once: {0}")]
    Overloaded(&'static str),
    /// The engine was asked to commit a change and its answer was lost: the change may be done or
    /// not. To be repeated only where a repetition acts once, and never a reason to clean up.
    #[error("{engine} did not say whether a change was made: {reason}")]
    OutcomeUnknown {
        /// The port that the engine serves.
        port: Port,
        /// The engine's plain name, such as "PostgreSQL".
        engine: &'static str,
        /// What went wrong, for operators; never shown to HTTP clients.
        reason: String,
    },
    /// Stored data does not have the shape it was written in.
    #[error("stored data is corrupt: {0}")]
    Corrupt(String),
}

/// Why the present state does not allow a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Another undeleted product of the seller has this sku.
    #[error("another product already has the sku {sku:?}")]
    DuplicateSku {
        /// The sku that is taken.
        sku: String,
    },
    /// The stock would fall below zero.
    #[error("only {available} in stock, cannot take {requested}")]
    InsufficientStock {
        /// Units on hand.
        available: i32,
        /// Units asked for (positive).
        requested: i64,
    },
    /// The stock would rise above the largest quantity a product can have.
    #[error("the stock would exceed {max}", max = i32::MAX)]
    StockOverflow {
        /// Units on hand.
        available: i32,
    },
    /// `If-Match` named another version than the present one.
    #[error("the product has version {current}, not the one in If-Match")]
    Version {
        /// The present version.
        current: i64,
    },
    /// The import has ended already.
    #[error("the import is {status} and cannot be cancelled")]
    NotCancellable {
        /// The import's status.
        status: &'static str,
    },
    /// What the import changed cannot be put back.
    #[error("the import cannot be undone: {reason}")]
    NotUndoable {
        /// Why.
        reason: &'static str,
    },
    /// The same bytes were imported before, and what has no key would be created again.
    #[error(
        "this file was imported before, and {without_key} of its products have no key: they would \
         be created again"
    )]
    AlreadyImported {
        /// The earlier import.
        import_id: String,
        /// Its products without a key.
        without_key: u64,
    },
    /// The idempotency key was used for another request.
    #[error("this Idempotency-Key was used for another request")]
    IdempotencyKeyReused,
}

/// The result of every port method.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An engine that cannot be reached or did not answer in time.
    pub fn unavailable(port: Port, engine: &'static str, reason: impl fmt::Display) -> Self {
        Self::Unavailable {
            port,
            engine,
            reason: reason.to_string(),
        }
    }

    /// An engine whose answer to a commit was lost.
    pub fn outcome_unknown(port: Port, engine: &'static str, reason: impl fmt::Display) -> Self {
        Self::OutcomeUnknown {
            port,
            engine,
            reason: reason.to_string(),
        }
    }

    /// Whether waiting may help: an engine is away. Someone whose work may be done twice waits and
    /// repeats it, also after an unknown outcome.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::Overloaded(_) | Self::OutcomeUnknown { .. } => true,
            Self::Invalid(_) | Self::Conflict(_) | Self::Corrupt(_) => false,
        }
    }

    /// An engine that was configured but left out when this program was built.
    #[cfg(not(all(feature = "aws", feature = "kafka")))]
    pub(crate) fn not_built_in(port: Port, engine: &'static str) -> Self {
        Self::unavailable(port, engine, "this program was built without it")
    }
}

impl From<StockRefusal> for Conflict {
    fn from(refusal: StockRefusal) -> Self {
        match refusal {
            StockRefusal::Insufficient {
                available,
                requested,
            } => Self::InsufficientStock {
                available,
                requested,
            },
            StockRefusal::Overflow { available } => Self::StockOverflow { available },
        }
    }
}

fn first_message(errors: &[FieldError]) -> String {
    errors
        .first()
        .map_or_else(|| "invalid input".to_owned(), |e| e.message.clone())
}

impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}
