//! What the environment says: which engine serves each port, and why.

mod engine;
mod env;
mod reader;
mod secret;
mod servers;

use std::{fmt, path::PathBuf, time::Duration};

pub use self::{
    engine::{
        ArchiveConfig, Aws, BrokerConfig, FeedConfig, InboxConfig, Kafka, LedgerConfig,
        LimiterConfig, Redis, Server, StoreConfig,
    },
    reader::ConfigError,
    secret::Secret,
};
use crate::ports::limiter::Limits;

/// Everything the daemon is told from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `HOST`; `localhost` means every loopback address the machine has.
    pub host: String,
    /// `PORT`; 0 lets the system choose.
    pub port: u16,
    /// `PMD_DATA_DIR`: where embedded engines keep their files.
    pub data_dir: PathBuf,
    /// `PMD_NODE`: this process' name among those on the same engines; none of them has the same.
    pub node: Option<String>,
    /// `PMD_ROLES`, comma-separated; `None` is all.
    pub roles: Option<String>,
    /// `PMD_AUTH`.
    pub auth: Auth,
    /// `CORS_ORIGINS`, comma-separated; `None` allows any.
    pub cors_origins: Option<Vec<String>>,
    /// `IMPORT_MAX_BYTES`.
    pub import_max_bytes: u64,
    /// `LOW_STOCK_THRESHOLD`.
    pub low_stock_threshold: i32,
    /// `ARCHIVE_BATCH_SIZE`: events of one partition per object.
    pub archive_batch_size: usize,
    /// `ARCHIVE_INTERVAL_SECONDS`: how long an event waits for its object at most.
    pub archive_interval: Duration,
    pub store: StoreConfig,
    pub broker: BrokerConfig,
    pub feed: FeedConfig,
    pub limiter: LimiterConfig,
    pub inbox: InboxConfig,
    pub ledger: LedgerConfig,
    pub archive: ArchiveConfig,
    /// Why each engine was chosen, in the order of `choices`.
    reasons: Vec<String>,
}

/// How a caller proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// `X-Seller-Id` is believed: behind a gateway, or on one machine.
    Header,
    /// An API key is required.
    Keys,
}

/// One line of `pmd config`: a port, its engine, where it is and why it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub port: &'static str,
    pub engine: &'static str,
    /// Never shows a secret.
    pub place: String,
    pub why: String,
    /// Runs in this process.
    pub embedded: bool,
}

impl Config {
    /// Requests per seller and window.
    pub const fn limits(&self) -> Limits {
        self.limiter.limits()
    }

    /// Every port's engine.
    pub fn choices(&self) -> Vec<Choice> {
        let described = [
            self.store.describe(),
            self.broker.describe(),
            self.feed.describe(),
            self.limiter.describe(),
            self.inbox.describe(),
            self.ledger.describe(),
            self.archive.describe(),
        ];
        let ports = env::ENGINES.iter().zip(&self.reasons).zip(described);
        ports
            .map(|(((port, _), why), (engine, place, embedded))| Choice {
                port,
                engine,
                place,
                why: why.clone(),
                embedded,
            })
            .collect()
    }

    /// What is set for the engines beyond their places, by variable.
    pub fn engine_settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = self.broker.settings();
        if let ArchiveConfig::S3 { aws, .. } = &self.archive {
            settings.push(("AWS_REGION", aws.region.clone()));
        } else if let InboxConfig::DynamoDb { aws, .. } = &self.inbox {
            settings.push(("AWS_REGION", aws.region.clone()));
        }
        settings
    }

    /// Whether an engine keeps files in the data directory.
    pub const fn uses_data_dir(&self) -> bool {
        matches!(self.store, StoreConfig::Sqlite { .. })
            || matches!(self.broker, BrokerConfig::Embedded { .. })
            || matches!(self.inbox, InboxConfig::Sqlite { .. })
            || matches!(self.ledger, LedgerConfig::Sqlite { .. })
            || matches!(self.archive, ArchiveConfig::Directory { .. })
    }
}

impl fmt::Display for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Keys => "keys",
        })
    }
}
