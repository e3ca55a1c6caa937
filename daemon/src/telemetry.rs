//! Logs: to standard error, as `RUST_LOG` says (`info` without it).

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Without `RUST_LOG`: our own news, and only trouble from below.
const DEFAULT: &str = "info,sqlx=warn,hyper=warn";

/// Starts logging; a second call in the same process changes nothing.
pub(crate) fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .finish();
    // It fails only when someone else set one up before, who then gets the logs.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
