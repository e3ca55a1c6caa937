//! What the environment says: which engine serves each port, and why.

mod env;

use std::{fmt, path::PathBuf, time::Duration};

pub use self::env::ConfigError;
use crate::limiter::Limits;

/// Everything the daemon is told from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `HOST`; `localhost` means every loopback address the machine has.
    pub host: String,
    /// `PORT`; 0 lets the system choose.
    pub port: u16,
    /// `PMD_DATA_DIR`: where embedded engines keep their files.
    pub data_dir: PathBuf,
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
}

/// How a caller proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// `X-Seller-Id` is believed: behind a gateway, or on one machine.
    Header,
    /// An API key is required.
    Keys,
}

/// Which engine is the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreConfig {
    Sqlite {
        path: PathBuf,
        low_stock_threshold: i32,
    },
}

/// Which engine is the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerConfig {
    Embedded { path: PathBuf, partitions: u32 },
}

/// Which engine is the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedConfig {
    Memory,
}

/// Which engine limits rates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimiterConfig {
    Memory { limits: Limits },
}

/// Which engine keeps notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InboxConfig {
    Sqlite { path: PathBuf },
}

/// Which engine keeps totals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerConfig {
    Sqlite { path: PathBuf },
}

/// Which engine keeps events for good, and uploads for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveConfig {
    Directory { path: PathBuf },
}

impl StoreConfig {
    /// The engine as people call it.
    pub const fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "embedded (SQLite)",
        }
    }
}

impl BrokerConfig {
    /// The engine as people call it.
    pub const fn engine(&self) -> &'static str {
        match self {
            Self::Embedded { .. } => "embedded (log in SQLite)",
        }
    }
}

impl FeedConfig {
    /// The engine as people call it.
    pub const fn engine(&self) -> &'static str {
        match self {
            Self::Memory => "embedded (in process)",
        }
    }
}

impl LimiterConfig {
    /// The engine as people call it.
    pub const fn engine(&self) -> &'static str {
        match self {
            Self::Memory { .. } => "embedded (in process)",
        }
    }
}

impl InboxConfig {
    /// The engine as people call it.
    pub const fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "embedded (SQLite)",
        }
    }
}

impl LedgerConfig {
    /// The engine as people call it.
    pub const fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "embedded (SQLite)",
        }
    }
}

impl ArchiveConfig {
    /// The engine as people call it.
    pub const fn engine(&self) -> &'static str {
        match self {
            Self::Directory { .. } => "embedded (directory)",
        }
    }
}

/// One line of `pmd config`: a port, its engine, where it is and why it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub port: &'static str,
    pub engine: &'static str,
    pub place: String,
    pub why: String,
}

impl Config {
    /// Requests per seller and window.
    pub const fn limits(&self) -> Limits {
        match &self.limiter {
            LimiterConfig::Memory { limits } => *limits,
        }
    }

    /// Every port's engine.
    pub fn choices(&self) -> Vec<Choice> {
        let StoreConfig::Sqlite { path: store, .. } = &self.store;
        let BrokerConfig::Embedded { path: broker, .. } = &self.broker;
        let InboxConfig::Sqlite { path: inbox } = &self.inbox;
        let LedgerConfig::Sqlite { path: ledger } = &self.ledger;
        let ArchiveConfig::Directory { path: archive } = &self.archive;
        let choice = |port, engine, place: String| Choice {
            port,
            engine,
            place,
            why: env::why_embedded(port),
        };
        let shown = |path: &PathBuf| path.display().to_string();
        let memory = || "memory of this process".to_owned();
        vec![
            choice("store", self.store.engine(), shown(store)),
            choice("broker", self.broker.engine(), shown(broker)),
            choice("feed", self.feed.engine(), memory()),
            choice("limiter", self.limiter.engine(), memory()),
            choice("inbox", self.inbox.engine(), shown(inbox)),
            choice("ledger", self.ledger.engine(), shown(ledger)),
            choice("archive", self.archive.engine(), shown(archive)),
        ]
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
