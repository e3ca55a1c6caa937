//! What the environment says: which engine serves each port, and why.

mod engine;
mod env;
mod reader;
mod secret;
mod servers;

use std::{collections::BTreeMap, fmt, net::IpAddr, path::PathBuf, time::Duration};

use self::engine::EngineDescription;
pub use self::{
    engine::{
        ArchiveConfig, Aws, BrokerConfig, FeedConfig, InboxConfig, Kafka, LedgerConfig,
        LimiterConfig, RateLimits, Redis, Server, StoreConfig,
    },
    reader::ConfigError,
    secret::Secret,
};
use crate::domain::port::Port;

/// Every setting that the daemon gets from outside.
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
    /// `PMD_ALLOWED_HOSTS`, comma-separated: names besides the loopback ones under which `/api` answers
    /// on this machine in header mode.
    pub allowed_hosts: Vec<String>,
    /// `PMD_STREAMS_PER_SELLER`: event streams that a seller may have open at once.
    pub streams_per_seller: usize,
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
    /// Why each engine was chosen.
    reasons: BTreeMap<Port, String>,
}

/// How a caller proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// `X-Seller-Id` is believed: where a gateway sets it, or on one machine.
    Header,
    /// An API key is required.
    Keys,
}

/// One line of `pmd config`: a port, its engine, where it is and why it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineChoice {
    pub port: Port,
    pub engine: &'static str,
    /// Never shows a secret.
    pub place: String,
    pub why: String,
    /// Runs in this process.
    pub embedded: bool,
}

/// Whether a host is `localhost` or a loopback address, an IPv6 one in brackets or not.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

impl Config {
    /// Whether `HOST` lets other machines connect while `X-Seller-Id` is believed.
    pub fn believes_other_machines(&self) -> bool {
        self.auth == Auth::Header && !is_loopback(&self.host)
    }

    /// Whether sellers are believed without proof because only this machine can connect.
    pub fn believes_this_machine(&self) -> bool {
        self.auth == Auth::Header && self.cors_origins.is_none() && is_loopback(&self.host)
    }

    /// Requests per seller and window.
    pub const fn limits(&self) -> RateLimits {
        self.limiter.limits()
    }

    /// Every port's engine.
    pub fn choices(&self) -> Vec<EngineChoice> {
        let choice = |(port, why): (&Port, &String)| {
            let (engine, place, embedded) = self.describe(*port);
            EngineChoice {
                port: *port,
                engine,
                place,
                why: why.clone(),
                embedded,
            }
        };
        self.reasons.iter().map(choice).collect()
    }

    /// The engine of a port as people call it.
    pub fn engine(&self, port: Port) -> &'static str {
        self.describe(port).0
    }

    /// Where a port's data is; never shows a secret.
    pub fn place(&self, port: Port) -> String {
        self.describe(port).1
    }

    fn describe(&self, port: Port) -> EngineDescription {
        match port {
            Port::Store => self.store.describe(),
            Port::Broker => self.broker.describe(),
            Port::Feed => self.feed.describe(),
            Port::Limiter => self.limiter.describe(),
            Port::Inbox => self.inbox.describe(),
            Port::Ledger => self.ledger.describe(),
            Port::Archive => self.archive.describe(),
        }
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
