//! What `pm` and `pmd` share: the domain, the ports with their adapters, the import and the HTTP
//! client. ARCHITECTURE.md has the map and the rules of direction.

pub mod api;
pub mod archive;
#[cfg(feature = "aws")]
mod aws;
pub mod broker;
pub mod client;
pub mod clock;
pub mod config;
pub mod csv;
pub mod error;
pub mod event;
pub mod feed;
pub mod idempotency;
pub mod import;
pub mod import_job;
pub mod inbox;
pub mod ledger;
pub mod limiter;
pub mod money;
pub mod notification;
pub mod product;
pub mod query;
pub mod record;
mod redis;
pub mod seller;
mod sqlite;
pub mod stats;
pub mod store;
#[cfg(test)]
mod testing;
