//! What the adapters of one engine share, whatever port they serve.

#[cfg(feature = "aws")]
pub(crate) mod aws_clients;
pub(crate) mod migration;
pub(crate) mod redis_link;
pub(crate) mod sqlite_db;
pub(crate) mod sqlite_options;
pub(crate) mod sqlite_scans;
