//! The messages of Kafka's client library in this program's log. It repeats them as long as an
//! outage lasts, so of each client one message per interval is a warning, the others are debug.

use std::{fmt, time::Duration};

use rdkafka::{
    ClientContext, config::RDKafkaLogLevel, consumer::ConsumerContext, error::KafkaError,
};

use crate::log_throttle::LogThrottle;

/// Between two warnings of a client.
const WARN_INTERVAL: Duration = Duration::from_secs(30);

pub(super) struct ClientLog {
    client: &'static str,
    quiet: bool,
    warnings: LogThrottle,
}

impl ClientLog {
    pub(super) const fn new(client: &'static str) -> Self {
        Self {
            client,
            quiet: false,
            warnings: LogThrottle::new(WARN_INTERVAL),
        }
    }

    /// For a client that is polled only when it is used: its messages are old by then.
    pub(super) fn quiet(client: &'static str) -> Self {
        Self {
            quiet: true,
            ..Self::new(client)
        }
    }

    pub(super) fn warn(&self, message: impl fmt::Display) {
        if self.is_due() {
            tracing::warn!(client = self.client, "Kafka: {message}");
        } else {
            tracing::debug!(client = self.client, "Kafka: {message}");
        }
    }

    fn is_due(&self) -> bool {
        !self.quiet && self.warnings.is_due(self.client)
    }
}

impl ClientContext for ClientLog {
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

impl ConsumerContext for ClientLog {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red when: a client repeats itself, or an unused one warns.
    #[test]
    fn warns_once_per_interval() {
        let client_log = ClientLog::new("test");
        assert!(client_log.is_due());
        assert!(!client_log.is_due());
        assert!(!ClientLog::quiet("test").is_due());
    }
}
