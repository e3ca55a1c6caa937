//! The daemon as its users meet it: a real `pmd` process, spoken to over HTTP. Nothing here knows
//! the inside. Notes beside the tests name a fault that was seen to turn them red.
//!
//! `PM_LONG=1` runs the long tier as well (`just chaos`).

#![expect(
    clippy::unwrap_used,
    reason = "a test says what it expects by unwrapping"
)]

mod addresses_and_bodies;
mod admission;
mod analytics;
mod archive;
#[path = "../../../common/tests/support/commit_proxy.rs"]
mod commit_proxy;
mod crash;
mod edges;
mod exports;
mod harness;
mod idempotency;
mod identity;
mod import_modes;
mod import_reading;
mod import_runs;
mod import_undo;
mod import_warnings;
mod imports;
mod limits;
mod lists;
mod load;
mod operations;
mod origins;
mod products;
mod refused_heads;
mod restore;
mod servers;
mod stock_batches;
mod stream;
mod upload_forms;
mod uploads;
mod validation;
