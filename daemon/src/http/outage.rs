//! Words about an engine that is away, once a second: every request and every probe would repeat
//! them.

use std::time::Duration;

use pm_common::{domain::error::Error, log_throttle::LogThrottle};

/// By engine.
static OUTAGE_WARNINGS: LogThrottle = LogThrottle::new(Duration::from_secs(1));

/// Says what could not be done, as a warning if it is time for one.
pub(super) fn warn(error: &Error, what: &str) {
    let engine = match error {
        Error::Unavailable { engine, .. } | Error::OutcomeUnknown { engine, .. } => engine,
        _ => "",
    };
    if OUTAGE_WARNINGS.is_due(engine) {
        tracing::warn!(%error, "{what}");
    } else {
        tracing::debug!(%error, "{what}");
    }
}
