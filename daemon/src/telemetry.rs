//! Logs: to standard error, as `RUST_LOG` says (`info` without it).

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

/// Without `RUST_LOG`: our own news, and only trouble from below.
const DEFAULT_LOG_FILTER: &str = "info,sqlx=warn,hyper=warn";

/// Starts logging; a second call in the same process changes nothing.
pub(crate) fn init() -> anyhow::Result<()> {
    let filter = filter(&std::env::var("RUST_LOG").unwrap_or_default())?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .finish();
    // It fails only when someone else set one up before, who then gets the logs.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

fn filter(asked: &str) -> anyhow::Result<EnvFilter> {
    if asked.trim().is_empty() {
        return Ok(EnvFilter::new(DEFAULT_LOG_FILTER));
    }
    EnvFilter::try_new(asked).with_context(|| {
        format!("RUST_LOG must be a level such as debug, or module=level pairs, not {asked:?}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red when: an empty variable silences everything, or a wrong one is overlooked.
    #[test]
    fn an_empty_setting_is_none_and_a_wrong_one_is_named() {
        for none in ["", " "] {
            assert_eq!(
                filter(none).unwrap().to_string(),
                filter(DEFAULT_LOG_FILTER).unwrap().to_string()
            );
        }
        let refused = filter("a=b=c").unwrap_err().to_string();
        assert!(refused.starts_with("RUST_LOG"), "{refused}");
    }
}
