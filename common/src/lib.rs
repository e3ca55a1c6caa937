//! What `pm` and `pmd` share: the domain, the ports with their adapters, the import and the HTTP
//! client. ARCHITECTURE.md has the map and the rules of direction.

pub mod api;
pub mod backoff;
pub mod client;
pub mod config;
pub mod domain;
mod engines;
pub mod import;
pub mod log_throttle;
pub mod ports;
pub mod private_files;
pub mod request;
pub mod seller_permits;
#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod support;
pub mod unpoisoned;
