//! `pmd` as a library: the composition root and everything that runs in the daemon.

pub mod app;
