//! `pm` as people and scripts use it: a real process, usually with a real daemon.

#![expect(
    clippy::unwrap_used,
    reason = "a test says what it expects by unwrapping"
)]

mod daemon;
mod events;
mod examples;
mod generated;
mod import;
mod pm;
mod products;
mod server;
mod settings;
mod usage;
