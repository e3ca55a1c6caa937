//! How often the log repeats itself: what every request or every probe would say is a warning once
//! per interval and subject.

use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use crate::unpoisoned::unpoisoned;

/// The warnings of one kind, by their subject: an engine, a client.
#[derive(Debug)]
pub struct LogThrottle {
    /// Between two warnings about one subject.
    interval: Duration,
    warned_at: Mutex<BTreeMap<&'static str, Instant>>,
}

impl LogThrottle {
    /// The first warning about a subject is due at once.
    pub const fn new(interval: Duration) -> Self {
        Self {
            interval,
            warned_at: Mutex::new(BTreeMap::new()),
        }
    }

    /// Whether a warning about the subject is due; then the next one is due an interval later.
    pub fn is_due(&self, subject: &'static str) -> bool {
        let mut warned_at = unpoisoned(self.warned_at.lock());
        let now = Instant::now();
        let due = warned_at
            .get(subject)
            .is_none_or(|at| now.duration_since(*at) >= self.interval);
        if due {
            warned_at.insert(subject, now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red when: every request has its line, or one engine silences another.
    #[test]
    fn each_subject_has_one_warning_per_interval() {
        let interval = Duration::from_secs(60);
        let throttle = LogThrottle::new(interval);
        assert!(throttle.is_due("one"));
        assert!(!throttle.is_due("one"));
        assert!(throttle.is_due("another"));
        let long_ago = Instant::now().checked_sub(interval).unwrap();
        throttle.warned_at.lock().unwrap().insert("one", long_ago);
        assert!(throttle.is_due("one"));
    }
}
