//! What the environment says: which engine serves each port, and why.

use std::{path::PathBuf, time::Duration};

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
    /// `CORS_ORIGINS`; `None` allows any.
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreConfig {
    Sqlite {
        path: PathBuf,
        low_stock_threshold: i32,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerConfig {
    Embedded { path: PathBuf, partitions: u32 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedConfig {
    Memory,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimiterConfig {
    Memory { limits: Limits },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InboxConfig {
    Sqlite { path: PathBuf },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerConfig {
    Sqlite { path: PathBuf },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveConfig {
    Directory { path: PathBuf },
}
