//! Ring 2, the ports: one folder each, with the trait and `connect()` in its `mod.rs` and a private
//! module per adapter.

pub mod archive;
pub mod broker;
pub mod feed;
pub mod inbox;
pub mod ledger;
pub mod limiter;
pub mod store;
