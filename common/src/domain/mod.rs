//! Ring 1, the domain: pure types and functions. No I/O, no async, no engine, no port.

pub mod clock;
pub mod error;
pub mod event;
pub mod idempotency;
pub mod import_changes;
pub mod import_job;
pub mod message_text;
pub mod money;
pub mod notification;
pub mod port;
pub mod product;
pub mod product_csv;
pub mod query;
pub mod record;
pub mod seller;
pub mod stats;
