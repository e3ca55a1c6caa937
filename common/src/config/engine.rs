//! Which engine serves each port, and how it is reached.

use std::path::{Path, PathBuf};

use super::Secret;

/// Which engine is the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreConfig {
    Sqlite {
        path: PathBuf,
        low_stock_threshold: i32,
    },
    Postgres {
        server: Server,
        low_stock_threshold: i32,
    },
}

/// Which engine is the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerConfig {
    Embedded { path: PathBuf, partitions: u32 },
    Kafka(Kafka),
}

/// Which engine is the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedConfig {
    Memory,
    Redis(Redis),
}

/// Which engine limits rates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimiterConfig {
    Memory { limits: RateLimits },
    Redis { redis: Redis, limits: RateLimits },
}

/// Requests per seller that are admitted per window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// `RATE_LIMIT_STANDARD`: requests per second, imports left out.
    pub standard: u32,
    /// `RATE_LIMIT_BULK`: imports per minute.
    pub bulk: u32,
}

/// Which engine keeps notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InboxConfig {
    Sqlite { path: PathBuf },
    DynamoDb { aws: Aws, table: String },
}

/// Which engine keeps totals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerConfig {
    Sqlite { path: PathBuf },
    DynamoDb { aws: Aws, table: String },
}

/// Which engine keeps events for good, and uploads for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveConfig {
    Directory { path: PathBuf },
    S3 { aws: Aws, bucket: String },
}

/// A server that is reached by URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The whole URL; it may hold a password.
    pub url: Secret,
    /// The URL as it may be shown.
    pub place: String,
}

/// A Redis server and this product's corner of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redis {
    pub server: Server,
    /// `REDIS_KEY_PREFIX`: the beginning of every key and channel.
    pub prefix: String,
}

/// A Kafka cluster and this product's corner of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kafka {
    /// `KAFKA_BROKERS`: `host:port`, comma-separated.
    pub brokers: String,
    /// `KAFKA_CLIENT_ID`.
    pub client_id: String,
    /// `KAFKA_PARTITIONS` of a topic that has to be created.
    pub partitions: u32,
    /// `KAFKA_REPLICATION_FACTOR` of a topic that has to be created; `None` is the cluster's own.
    pub replication: Option<u16>,
    /// `KAFKA_TOPIC_PREFIX`: the beginning of every topic and group.
    pub prefix: String,
}

/// A service of AWS, or one that speaks its protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aws {
    /// Where it is; `None` is AWS itself.
    pub endpoint: Option<String>,
    pub region: String,
    /// `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`; `None` looks for them where AWS' own tools do.
    pub keys: Option<(String, Secret)>,
}

impl Aws {
    fn place(&self, thing: &str, name: &str) -> String {
        let place = self.endpoint.as_deref().unwrap_or(&self.region);
        format!("{thing} {name} at {place}")
    }
}

fn under(prefix: &str) -> String {
    if prefix.is_empty() {
        String::new()
    } else {
        format!(", names begin with {prefix}")
    }
}

/// Where an engine's data is, in words for people: `(engine, place, embedded)`.
pub(super) type EngineDescription = (&'static str, String, bool);

fn embedded(engine: &'static str, path: &Path) -> EngineDescription {
    (engine, path.display().to_string(), true)
}

fn in_process() -> EngineDescription {
    (
        "embedded (in process)",
        "memory of this process".to_owned(),
        true,
    )
}

impl StoreConfig {
    pub(super) fn describe(&self) -> EngineDescription {
        match self {
            Self::Sqlite { path, .. } => embedded("embedded (SQLite)", path),
            Self::Postgres { server, .. } => ("PostgreSQL", server.place.clone(), false),
        }
    }
}

impl BrokerConfig {
    pub(super) fn describe(&self) -> EngineDescription {
        match self {
            Self::Embedded { path, .. } => embedded("embedded (log in SQLite)", path),
            Self::Kafka(kafka) => (
                "Kafka",
                format!("{}{}", kafka.brokers, under(&kafka.prefix)),
                false,
            ),
        }
    }

    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Embedded { partitions, .. } => {
                vec![("KAFKA_PARTITIONS", partitions.to_string())]
            }
            Self::Kafka(kafka) => {
                let replication = kafka.replication.map(|number| number.to_string());
                let replication = replication.unwrap_or_else(|| "the cluster's own".to_owned());
                vec![
                    ("KAFKA_CLIENT_ID", kafka.client_id.clone()),
                    ("KAFKA_PARTITIONS", kafka.partitions.to_string()),
                    ("KAFKA_REPLICATION_FACTOR", replication),
                ]
            }
        }
    }
}

impl Redis {
    fn describe(&self) -> EngineDescription {
        (
            "Redis",
            format!("{}{}", self.server.place, under(&self.prefix)),
            false,
        )
    }
}

impl FeedConfig {
    pub(super) fn describe(&self) -> EngineDescription {
        match self {
            Self::Memory => in_process(),
            Self::Redis(redis) => redis.describe(),
        }
    }
}

impl LimiterConfig {
    pub(super) fn describe(&self) -> EngineDescription {
        match self {
            Self::Memory { .. } => in_process(),
            Self::Redis { redis, .. } => redis.describe(),
        }
    }

    /// Requests per seller and window.
    pub const fn limits(&self) -> RateLimits {
        match self {
            Self::Memory { limits } | Self::Redis { limits, .. } => *limits,
        }
    }
}

impl InboxConfig {
    pub(super) fn describe(&self) -> EngineDescription {
        match self {
            Self::Sqlite { path } => embedded("embedded (SQLite)", path),
            Self::DynamoDb { aws, table } => ("DynamoDB", aws.place("table", table), false),
        }
    }
}

impl LedgerConfig {
    pub(super) fn describe(&self) -> EngineDescription {
        match self {
            Self::Sqlite { path } => embedded("embedded (SQLite)", path),
            Self::DynamoDb { aws, table } => ("DynamoDB", aws.place("table", table), false),
        }
    }
}

impl ArchiveConfig {
    pub(super) fn describe(&self) -> EngineDescription {
        match self {
            Self::Directory { path } => embedded("embedded (directory)", path),
            Self::S3 { aws, bucket } => ("S3", aws.place("bucket", bucket), false),
        }
    }
}
