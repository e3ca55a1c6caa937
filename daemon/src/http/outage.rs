//! Words about an engine that is away, once a second: every request and every probe would repeat
//! them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use pm_common::domain::error::Error;

/// Between two warnings about one engine.
const QUIET: Duration = Duration::from_secs(1);

/// When each engine was last spoken of.
static SPOKEN: Mutex<BTreeMap<&'static str, Instant>> = Mutex::new(BTreeMap::new());

/// Says what could not be done, as a warning if it is time for one.
pub(super) fn warn(error: &Error, what: &str) {
    let engine = match error {
        Error::Unavailable { engine, .. } | Error::OutcomeUnknown { engine, .. } => engine,
        _ => "",
    };
    if is_due(engine) {
        tracing::warn!(%error, "{what}");
    } else {
        tracing::debug!(%error, "{what}");
    }
}

fn is_due(engine: &'static str) -> bool {
    let mut spoken = SPOKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    let due = spoken
        .get(engine)
        .is_none_or(|at| now.duration_since(*at) >= QUIET);
    if due {
        spoken.insert(engine, now);
    }
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red when: every request has its line, or one engine silences another.
    #[test]
    fn each_engine_is_spoken_of_once_in_a_while() {
        assert!(is_due("one"));
        assert!(!is_due("one"));
        assert!(is_due("another"));
        let long_ago = Instant::now().checked_sub(QUIET).unwrap();
        SPOKEN.lock().unwrap().insert("one", long_ago);
        assert!(is_due("one"));
    }
}
