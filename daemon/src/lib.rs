//! `pmd` as a library: the composition root and everything that runs in the daemon.

pub mod app;
pub mod args;
pub mod lifecycle;

mod command;
mod consumers;
mod housekeeping;
pub mod http;
mod importer;
mod keys;
mod neighbours;
mod relay;
mod restore;
pub mod roles;
mod supervisor;
mod telemetry;

pub use command::main;
