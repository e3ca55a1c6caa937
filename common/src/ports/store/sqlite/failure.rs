//! What can go wrong with work on a connection.

use crate::{
    domain::{error::Error, port::Port},
    engines::sqlite_db,
};

/// The error kind of an engine failure.
pub(super) fn failed(error: sqlx::Error) -> Error {
    sqlite_db::failed(Port::Store, error)
}
