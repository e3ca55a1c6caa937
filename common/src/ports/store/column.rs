//! Plain data in a column: the same text and numbers in every engine.

use crate::domain::error::{Error, Result};

/// Plain data as JSON text.
pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    // Writing plain data to memory cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}

/// JSON text that `json` wrote.
pub(super) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::Corrupt(error.to_string()))
}

/// A number of ours as a signed column keeps it.
pub(super) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
