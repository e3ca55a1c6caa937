//! From variables to engines: an engine is used as soon as one of its variables is set.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    ArchiveConfig, Auth, BrokerConfig, Config, ConfigError, FeedConfig, InboxConfig, LedgerConfig,
    LimiterConfig, RateLimits, StoreConfig,
    reader::{Reader, is_plain},
};
use crate::domain::port::Port;

/// Partitions of a topic.
const TOPIC_PARTITIONS: u32 = 4;

impl Port {
    /// The variables of which any one chooses the port's server engine.
    const fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Store => &["DATABASE_URL", "POSTGRES_HOST"],
            Self::Broker => &["KAFKA_BROKERS"],
            Self::Feed | Self::Limiter => &["REDIS_URL", "REDIS_HOST"],
            Self::Inbox | Self::Ledger => {
                &["DYNAMODB_ENDPOINT", "AWS_ENDPOINT", "NOTIFICATIONS_TABLE"]
            }
            Self::Archive => &["S3_BUCKET_NAME"],
        }
    }
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    fn auth(&mut self) -> Auth {
        match self.text("PMD_AUTH").as_deref() {
            None | Some("header") => Auth::Header,
            Some("keys") => Auth::Keys,
            Some(other) => {
                self.errors
                    .push(format!("PMD_AUTH must be header or keys, not {other:?}"));
                Auth::Keys
            }
        }
    }

    fn node(&mut self) -> Option<String> {
        let node = self.text("PMD_NODE")?;
        if !node.chars().all(is_plain) || node.len() > 100 {
            self.errors
                .push("PMD_NODE must be at most 100 letters, digits, '.', '_' and '-'".to_owned());
        }
        Some(node)
    }

    fn data_dir(&self) -> PathBuf {
        let under = |base: String, rest: &str| PathBuf::from(base).join(rest);
        self.text("PMD_DATA_DIR")
            .map(PathBuf::from)
            .or_else(|| self.text("XDG_DATA_HOME").map(|base| under(base, "pmd")))
            .or_else(|| {
                self.text("HOME")
                    .map(|base| under(base, ".local/share/pmd"))
            })
            .unwrap_or_else(|| PathBuf::from("pmd-data"))
    }

    fn cors_origins(&self) -> Option<Vec<String>> {
        let text = self.text("CORS_ORIGINS").filter(|text| text != "*")?;
        let origins = text.split(',').map(|origin| origin.trim().to_owned());
        Some(origins.collect())
    }

    fn allowed_hosts(&mut self) -> Vec<String> {
        let text = self.text("PMD_ALLOWED_HOSTS").unwrap_or_default();
        let names = text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        let names: Vec<_> = names.map(str::to_owned).collect();
        let is_host = |name: &String| !name.contains(['/', '@', ' ', '*', '"']);
        if !names.iter().all(is_host) {
            self.errors.push(
                "PMD_ALLOWED_HOSTS must be host names such as shop.internal, without scheme and port, separated by commas"
                    .to_owned(),
            );
        }
        names
    }

    /// Whether one of the variables that choose a port's server engine is set.
    fn asks_for_server(&self, port: Port) -> bool {
        let mut variables = port.variables().iter();
        variables.any(|name| self.text(name).is_some())
    }

    fn reason(&self, port: Port) -> String {
        let mut variables = port.variables().iter();
        let set = variables.find(|name| self.text(name).is_some());
        match (set, port.variables()) {
            (Some(name), _) => format!("{name} is set"),
            (None, []) => String::new(),
            (None, [one]) => format!("{one} is not set"),
            (None, [first, second]) => format!("neither {first} nor {second} is set"),
            (None, [rest @ .., last]) => format!("none of {} and {last} is set", rest.join(", ")),
        }
    }

    fn store(&mut self, data_dir: &Path, low_stock_threshold: i32) -> StoreConfig {
        if self.asks_for_server(Port::Store) {
            return StoreConfig::Postgres {
                server: self.postgres(),
                low_stock_threshold,
            };
        }
        StoreConfig::Sqlite {
            path: data_dir.join("store.db"),
            low_stock_threshold,
        }
    }

    fn broker(&mut self, data_dir: &Path) -> BrokerConfig {
        let partitions = self.number("KAFKA_PARTITIONS", TOPIC_PARTITIONS, 1, 10_000);
        let Some(brokers) = self.brokers() else {
            return BrokerConfig::Embedded {
                path: data_dir.join("log.db"),
                partitions,
            };
        };
        BrokerConfig::Kafka(self.kafka(brokers, partitions))
    }

    fn inbox(&mut self, data_dir: &Path) -> InboxConfig {
        if self.asks_for_server(Port::Inbox) {
            return InboxConfig::DynamoDb {
                aws: self.aws("DYNAMODB_ENDPOINT"),
                table: self.notifications_table(),
            };
        }
        InboxConfig::Sqlite {
            path: data_dir.join("inbox.db"),
        }
    }

    fn ledger(&mut self, data_dir: &Path) -> LedgerConfig {
        if self.asks_for_server(Port::Ledger) {
            return LedgerConfig::DynamoDb {
                aws: self.aws("DYNAMODB_ENDPOINT"),
                table: self.metrics_table(),
            };
        }
        LedgerConfig::Sqlite {
            path: data_dir.join("ledger.db"),
        }
    }

    fn archive(&mut self, data_dir: &Path) -> ArchiveConfig {
        match self.text("S3_BUCKET_NAME") {
            Some(bucket) => ArchiveConfig::S3 {
                aws: self.aws("S3_ENDPOINT"),
                bucket: self.bucket(bucket),
            },
            None => ArchiveConfig::Directory {
                path: data_dir.join("archive"),
            },
        }
    }
}

impl Config {
    /// Reads the process' environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads variables from anywhere.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut env = Reader {
            lookup,
            errors: Vec::new(),
        };
        let data_dir = env.data_dir();
        let limits = RateLimits {
            standard: env.number("RATE_LIMIT_STANDARD", 100, 1, 10_000_000),
            bulk: env.number("RATE_LIMIT_BULK", 5, 1, 10_000_000),
        };
        let low_stock_threshold = env.number("LOW_STOCK_THRESHOLD", 10, 0, i32::MAX);
        let redis = env.asks_for_server(Port::Feed).then(|| env.redis());
        let config = Self {
            host: env.text_or("HOST", "localhost"),
            port: env.number("PORT", 3001, 0, u16::MAX),
            node: env.node(),
            roles: env.text("PMD_ROLES"),
            auth: env.auth(),
            cors_origins: env.cors_origins(),
            allowed_hosts: env.allowed_hosts(),
            streams_per_seller: env.number("PMD_STREAMS_PER_SELLER", 100, 1, 1_000_000),
            import_max_bytes: env.number("IMPORT_MAX_BYTES", 1 << 30, 1, 1 << 50),
            low_stock_threshold,
            archive_batch_size: env.number("ARCHIVE_BATCH_SIZE", 10_000, 1, 1_000_000),
            archive_interval: Duration::from_secs(env.number(
                "ARCHIVE_INTERVAL_SECONDS",
                60,
                1,
                86_400,
            )),
            store: env.store(&data_dir, low_stock_threshold),
            broker: env.broker(&data_dir),
            feed: redis.clone().map_or(FeedConfig::Memory, FeedConfig::Redis),
            limiter: match redis {
                Some(redis) => LimiterConfig::Redis { redis, limits },
                None => LimiterConfig::Memory { limits },
            },
            inbox: env.inbox(&data_dir),
            ledger: env.ledger(&data_dir),
            archive: env.archive(&data_dir),
            reasons: Port::ALL.map(|port| (port, env.reason(port))).into(),
            data_dir,
        };
        // Two engines may read the same variable.
        env.errors.sort();
        env.errors.dedup();
        if env.errors.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(env.errors))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_lookup(|name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_need_no_setting() {
        let config = read(&[("HOME", "/home/ann"), ("PORT", " ")]).unwrap();
        assert_eq!((config.port, config.host.as_str()), (3001, "localhost"));
        assert_eq!(config.data_dir, PathBuf::from("/home/ann/.local/share/pmd"));
        assert_eq!(config.auth, Auth::Header);
        assert!(config.choices().iter().all(|choice| choice.embedded));
    }

    #[test]
    fn every_wrong_value_is_named() {
        let wrong = [
            ("PORT", "70000"),
            ("PMD_AUTH", "none"),
            ("RATE_LIMIT_BULK", "0"),
        ];
        let ConfigError(sentences) = read(&wrong).unwrap_err();
        let named = |name: &str| sentences.iter().filter(|s| s.starts_with(name)).count();
        assert_eq!(
            (named("PORT"), named("PMD_AUTH"), named("RATE_LIMIT_BULK")),
            (1, 1, 1)
        );
    }

    /// Red when: a value is left to the engine, which says nothing of it or waits for ever.
    #[test]
    fn what_no_engine_could_take_is_refused_by_name() {
        let bucket = ("S3_BUCKET_NAME", "archive");
        for wrong in [
            ("KAFKA_BROKERS", ","),
            ("KAFKA_BROKERS", "http://kafka:9092"),
            ("KAFKA_BROKERS", "kafka:port"),
            ("NOTIFICATIONS_TABLE", "my table"),
            ("NOTIFICATIONS_TABLE", "x"),
            ("S3_BUCKET_NAME", "a/b"),
        ] {
            let ConfigError(sentences) = read(&[wrong]).unwrap_err();
            assert_eq!(sentences.len(), 1, "{sentences:?}");
            assert!(sentences[0].starts_with(wrong.0), "{sentences:?}");
        }
        let one = [
            ("NOTIFICATIONS_TABLE", "all"),
            ("DYNAMODB_TABLE_NAME", "all"),
        ];
        assert!(read(&one).unwrap_err().0[0].starts_with("DYNAMODB_TABLE_NAME"));
        let half = read(&[bucket, ("AWS_ACCESS_KEY_ID", "AKIA")]).unwrap_err();
        assert!(half.0[0].starts_with("AWS_SECRET_ACCESS_KEY"), "{half:?}");
        for right in ["kafka", "a:9092, b:9092", "[::1]:9092", "kafka_1:9092"] {
            assert!(read(&[("KAFKA_BROKERS", right)]).is_ok(), "{right}");
        }
    }

    /// Red when: a part of temporary keys is taken for the whole.
    #[test]
    fn temporary_keys_are_left_to_aws() {
        let config = read(&[
            ("S3_BUCKET_NAME", "archive"),
            ("AWS_ACCESS_KEY_ID", "ASIA"),
            ("AWS_SECRET_ACCESS_KEY", "sesame"),
            ("AWS_SESSION_TOKEN", "token"),
        ]);
        let ArchiveConfig::S3 { aws, .. } = config.unwrap().archive else {
            panic!("not S3");
        };
        assert_eq!(aws.keys, None);
    }

    #[test]
    fn each_engine_replaces_its_twin_alone() {
        for (set, ports) in [
            (("POSTGRES_HOST", "db"), &[Port::Store][..]),
            (("KAFKA_BROKERS", "kafka:9092"), &[Port::Broker]),
            (
                ("REDIS_URL", "redis://cache:6379"),
                &[Port::Feed, Port::Limiter],
            ),
            (
                ("DYNAMODB_ENDPOINT", "http://dynamo:8000"),
                &[Port::Inbox, Port::Ledger],
            ),
            (("S3_BUCKET_NAME", "events"), &[Port::Archive]),
        ] {
            let choices = read(&[set]).unwrap().choices();
            let servers = choices.iter().filter(|choice| !choice.embedded);
            assert_eq!(servers.map(|c| c.port).collect::<Vec<_>>(), ports);
            let choice = choices.iter().find(|choice| choice.port == ports[0]);
            assert_eq!(choice.unwrap().why, format!("{} is set", set.0));
        }
    }

    /// Red when: the password is not escaped, or shown.
    #[test]
    fn secrets_reach_only_the_engine() {
        let config = read(&[
            ("POSTGRES_HOST", "db"),
            ("POSTGRES_PASSWORD", "p@ss/w:rd"),
            ("REDIS_HOST", "cache"),
            ("REDIS_PASSWORD", "hunter2"),
            ("NOTIFICATIONS_TABLE", "told"),
            ("AWS_ACCESS_KEY_ID", "AKIA"),
            ("AWS_SECRET_ACCESS_KEY", "sesame"),
        ])
        .unwrap();
        let StoreConfig::Postgres { server, .. } = &config.store else {
            panic!("not PostgreSQL");
        };
        assert_eq!(
            server.url.expose(),
            "postgres://postgres:p%40ss%2Fw%3Ard@db:5432/product_management"
        );
        let FeedConfig::Redis(redis) = &config.feed else {
            panic!("not Redis");
        };
        assert_eq!(redis.server.url.expose(), "redis://:hunter2@cache:6379");
        let shown = format!("{config:?} {:?}", config.choices());
        for secret in ["ss/w", "ss%2Fw", "hunter2", "sesame"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }

    #[test]
    fn a_wrong_url_is_refused_without_showing_it() {
        let wrong = [
            ("DATABASE_URL", "mysql://root:hunter2@db/shop"),
            ("REDIS_URL", "cache:6379"),
            ("AWS_ENDPOINT", "localhost"),
        ];
        let ConfigError(sentences) = read(&wrong).unwrap_err();
        assert_eq!(sentences.len(), 3, "{sentences:?}");
        assert!(sentences.iter().all(|s| !s.contains("hunter2")));
        for (name, _) in wrong {
            assert!(sentences.iter().any(|s| s.starts_with(name)), "{name}");
        }
    }
}
