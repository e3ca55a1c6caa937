//! The composition root: every port, opened as configured. Nothing else knows which engine it is.

use std::{sync::Arc, time::Instant};

use pm_common::{
    archive::{self, Archive},
    broker::{self, Broker},
    config::Config,
    error::Result,
    feed::{self, Feed},
    inbox::{self, Inbox},
    ledger::{self, Ledger},
    limiter::{self, Limiter},
    store::{self, Store},
};

/// The running product. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    pub config: Arc<Config>,
    pub store: Store,
    pub broker: Arc<dyn Broker>,
    pub feed: Arc<dyn Feed>,
    pub limiter: Arc<dyn Limiter>,
    pub inbox: Arc<dyn Inbox>,
    pub ledger: Arc<dyn Ledger>,
    pub archive: Arc<dyn Archive>,
    pub started: Instant,
}

impl App {
    /// Opens every port.
    pub async fn connect(config: Config) -> Result<Self> {
        Ok(Self {
            store: store::connect(&config.store).await?,
            broker: broker::connect(&config.broker).await?,
            feed: feed::connect(&config.feed).await?,
            limiter: limiter::connect(&config.limiter).await?,
            inbox: inbox::connect(&config.inbox).await?,
            ledger: ledger::connect(&config.ledger).await?,
            archive: archive::connect(&config.archive).await?,
            config: Arc::new(config),
            started: Instant::now(),
        })
    }
}
