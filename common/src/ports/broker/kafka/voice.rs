//! What Kafka's client library has to say, in this program's log. It repeats itself for as long as
//! an outage lasts, so each client is heard as a warning once in a while, and otherwise only at
//! debug level.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use rdkafka::{
    ClientContext, config::RDKafkaLogLevel, consumer::ConsumerContext, error::KafkaError,
};

/// Between two warnings of one client.
const QUIET: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Voice {
    client: &'static str,
    hushed: bool,
    warned: Mutex<Option<Instant>>,
}

impl Voice {
    pub(super) const fn new(client: &'static str) -> Self {
        Self {
            client,
            hushed: false,
            warned: Mutex::new(None),
        }
    }

    /// For a client that is listened to only when it is used: what it has to say then is old.
    pub(super) const fn hushed(client: &'static str) -> Self {
        Self {
            hushed: true,
            ..Self::new(client)
        }
    }

    pub(super) fn warn(&self, what: impl fmt::Display) {
        if self.is_due() {
            tracing::warn!(client = self.client, "Kafka: {what}");
        } else {
            tracing::debug!(client = self.client, "Kafka: {what}");
        }
    }

    fn is_due(&self) -> bool {
        if self.hushed {
            return false;
        }
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        let due = warned.is_none_or(|at| at.elapsed() >= QUIET);
        if due {
            *warned = Some(Instant::now());
        }
        due
    }
}

impl ClientContext for Voice {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
                tracing::debug!(client = self.client, "Kafka: {facility} {message}");
            }
            _ => self.warn(format_args!("{facility} {message}")),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.warn(format_args!("{error}: {reason}"));
    }
}

impl ConsumerContext for Voice {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warns_once_in_a_while() {
        let voice = Voice::new("test");
        assert!(voice.is_due());
        assert!(!voice.is_due());
        *voice.warned.lock().unwrap() = Instant::now().checked_sub(QUIET);
        assert!(voice.is_due());
        assert!(!Voice::hushed("test").is_due());
    }
}
