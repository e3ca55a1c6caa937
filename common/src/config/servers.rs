//! How each server engine is reached: its variables, and what can be wrong with them.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

use super::{
    Aws, Kafka, Redis, Secret, Server,
    reader::{Reader, is_plain},
};

const LONGEST_TABLE: usize = 255;
const LONGEST_BUCKET: usize = 63;

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    pub(super) fn postgres(&mut self) -> Server {
        const SCHEMES: &[&str] = &["postgres", "postgresql"];
        if let Some(url) = self.text("DATABASE_URL") {
            return self.server("DATABASE_URL", &url, SCHEMES);
        }
        let url = format!(
            "postgres://{}@{}:{}/{}",
            credentials(
                &self.text_or("POSTGRES_USER", "postgres"),
                self.text("POSTGRES_PASSWORD").as_deref(),
            ),
            host(&self.text_or("POSTGRES_HOST", "localhost")),
            self.number("POSTGRES_PORT", 5432, 1, u16::MAX),
            escaped(&self.text_or("POSTGRES_DB", "product_management")),
        );
        self.server("POSTGRES_HOST", &url, SCHEMES)
    }

    pub(super) fn redis(&mut self) -> Redis {
        const SCHEMES: &[&str] = &["redis", "rediss"];
        let server = match self.text("REDIS_URL") {
            Some(url) => self.server("REDIS_URL", &url, SCHEMES),
            None => {
                let password = self.text("REDIS_PASSWORD");
                let credentials = password.map_or_else(String::new, |password| {
                    format!("{}@", credentials("", Some(&password)))
                });
                let url = format!(
                    "redis://{credentials}{}:{}",
                    host(&self.text_or("REDIS_HOST", "localhost")),
                    self.number("REDIS_PORT", 6379, 1, u16::MAX),
                );
                self.server("REDIS_HOST", &url, SCHEMES)
            }
        };
        Redis {
            server,
            prefix: self.text_or("REDIS_KEY_PREFIX", ""),
        }
    }

    pub(super) fn kafka(&mut self, brokers: String, partitions: u32) -> Kafka {
        let prefix = self.text_or("KAFKA_TOPIC_PREFIX", "");
        if !prefix.chars().all(is_plain) || prefix.len() > 100 {
            self.errors.push(
                "KAFKA_TOPIC_PREFIX must be at most 100 letters, digits, '.', '_' and '-'"
                    .to_owned(),
            );
        }
        Kafka {
            brokers,
            client_id: self.text_or("KAFKA_CLIENT_ID", "api-server"),
            partitions,
            replication: self.number_if_set("KAFKA_REPLICATION_FACTOR", 1, 100),
            prefix,
        }
    }

    /// The client library warns of what it cannot read, and waits for it for ever.
    pub(super) fn brokers(&mut self) -> Option<String> {
        let text = self.text("KAFKA_BROKERS")?;
        let brokers: Vec<_> = text.split(',').map(str::trim).collect();
        let readable = |broker: &&str| {
            let url = Url::parse(&format!("kafka://{broker}"));
            url.is_ok_and(|url| url.has_host() && url.path().is_empty() && url.username() == "")
        };
        if !brokers.iter().all(readable) {
            self.errors.push(
                "KAFKA_BROKERS must be hosts such as kafka:9092, separated by commas".to_owned(),
            );
        }
        Some(brokers.join(","))
    }

    /// The name of a table or bucket; both have the same shape as far as everybody allows it.
    fn name(&mut self, variable: &str, name: String, longest: usize) -> String {
        if !name.chars().all(is_plain) || !(3..=longest).contains(&name.len()) {
            self.errors.push(format!(
                "{variable} must be 3 to {longest} letters, digits, '.', '_' and '-', not {name:?}"
            ));
        }
        name
    }

    pub(super) fn notifications_table(&mut self) -> String {
        let name = self.text_or("NOTIFICATIONS_TABLE", "notifications");
        self.name("NOTIFICATIONS_TABLE", name, LONGEST_TABLE)
    }

    pub(super) fn metrics_table(&mut self) -> String {
        let name = self.text_or("DYNAMODB_TABLE_NAME", "analytics-metrics");
        if name == self.notifications_table() {
            self.errors.push(format!(
                "DYNAMODB_TABLE_NAME and NOTIFICATIONS_TABLE must be two tables, not both {name:?}"
            ));
        }
        self.name("DYNAMODB_TABLE_NAME", name, LONGEST_TABLE)
    }

    fn aws_keys(&mut self) -> Option<(String, Secret)> {
        // Temporary keys are three, and AWS' own way reads them all.
        if self.text("AWS_SESSION_TOKEN").is_some() {
            return None;
        }
        let (id, secret) = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
        match (self.text(id), self.text(secret)) {
            (Some(id), Some(secret)) => Some((id, Secret::new(secret))),
            (None, None) => None,
            (set, _) => {
                let (set, other) = if set.is_some() {
                    (id, secret)
                } else {
                    (secret, id)
                };
                self.errors
                    .push(format!("{other} must be set too, since {set} is"));
                None
            }
        }
    }

    /// `endpoint` is the service's own variable.
    pub(super) fn aws(&mut self, endpoint: &str) -> Aws {
        let name = [endpoint, "AWS_ENDPOINT"]
            .into_iter()
            .find(|name| self.text(name).is_some());
        if let Some(name) = name {
            let url = self.text_or(name, "");
            self.server(name, &url, &["http", "https"]);
            // Requests are signed with keys; whatever else is in the address would be shown.
            if Url::parse(&url).is_ok_and(|url| has_secrets(&url)) {
                self.errors.push(format!(
                    "{name} must have no user, password or parameters: keys are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                ));
            }
        }
        Aws {
            endpoint: name.and_then(|name| self.text(name)),
            region: self.text_or("AWS_REGION", "us-east-1"),
            keys: self.aws_keys(),
        }
    }

    pub(super) fn bucket(&mut self, name: String) -> String {
        self.name("S3_BUCKET_NAME", name, LONGEST_BUCKET)
    }
}

fn has_secrets(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some() || url.query().is_some()
}

fn escaped(text: &str) -> String {
    const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.');
    utf8_percent_encode(text, PLAIN).to_string()
}

fn credentials(user: &str, password: Option<&str>) -> String {
    match password {
        Some(password) => format!("{}:{}", escaped(user), escaped(password)),
        None => escaped(user),
    }
}

/// A host may also be an IPv6 address or the directory of a Unix socket.
fn host(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') {
        return format!("[{host}]");
    }
    const SEPARATORS: &AsciiSet = &CONTROLS.add(b'/').add(b'@').add(b'?').add(b'#').add(b' ');
    utf8_percent_encode(host, SEPARATORS).to_string()
}
