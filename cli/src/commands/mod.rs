//! The commands, one file each: their arguments, what they do, what they print.

pub(crate) mod api;
pub(crate) mod auth;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod context;
pub(crate) mod events;
pub(crate) mod export;
pub(crate) mod health;
pub(crate) mod help;
pub(crate) mod import;
pub(crate) mod imports;
pub(crate) mod man;
pub(crate) mod products;
pub(crate) mod stats;
pub(crate) mod version;

mod download;
mod filter;
mod interrupt;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::{Serialize, de::DeserializeOwned};

use crate::error::{Error, Result};

/// For lists without pagination.
const NO_PAGINATION: Option<&()> = None;

/// A name of the wire format, from a flag's value.
fn wire_name(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// A flag that takes one of these names of the wire format.
fn wire_choice<T>(names: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| serde_json::from_value(name.into()))
}

/// `key=value`, for flags that take such pairs.
fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("it must look like name=value".to_owned()),
    }
}

/// `90s`, `5m`, `1h30m`: a positive duration.
fn positive_duration(text: &str) -> Result<std::time::Duration, String> {
    let parsed = text.parse::<jiff::SignedDuration>();
    parsed
        .ok()
        .and_then(|duration| std::time::Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "it must be a duration such as 30s, 5m or 1h".to_owned())
}

/// All of standard input or of a file, for bodies that have to be read before they are sent.
fn whole_input(source: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = if source == "-" {
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes).map(|_| bytes)
    } else {
        std::fs::read(source)
    };
    read.map_err(|error| Error::file(std::path::Path::new(source), "read", &error))
}
