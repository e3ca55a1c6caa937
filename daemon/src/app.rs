//! The composition root: every port, opened as configured. Nothing else knows which engine it is.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use pm_common::{
    backoff::Backoff,
    config::Config,
    domain::{error::Result, port::Port},
    ports::{
        archive::{self, Archive},
        broker::{self, Broker},
        feed::{self, Feed},
        inbox::{self, Inbox},
        ledger::{self, Ledger},
        limiter::{self, Limiter},
        store::{self, Store},
    },
};

/// How often an engine is asked for what `App::prepare` needs.
const MAX_PREPARE_TRIES: u32 = 4;
const FIRST_PREPARE_PAUSE: Duration = Duration::from_millis(200);
const MAX_PREPARE_PAUSE: Duration = Duration::from_secs(1);

/// The running product. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    pub config: Arc<Config>,
    pub store: Arc<dyn Store>,
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

    /// Creates what is missing on every engine, all at once: a result per port.
    pub async fn prepare(&self) -> Vec<(Port, Result<()>)> {
        let prepared = Port::ALL.map(async |port| (port, self.prepare_port(port).await));
        join_all(prepared).await
    }

    /// Leaves the files of embedded engines tidy. Nothing uses them any more.
    pub async fn close(&self) {
        tokio::join!(
            self.store.close(),
            self.broker.close(),
            self.inbox.close(),
            self.ledger.close()
        );
    }

    async fn prepare_port(&self, port: Port) -> Result<()> {
        match port {
            // Connecting brought its schema up to date.
            Port::Store => self.store.ping().await,
            Port::Broker => patiently(|| self.broker.prepare()).await,
            Port::Feed => patiently(|| self.feed.ping()).await,
            Port::Limiter => patiently(|| self.limiter.ping()).await,
            Port::Inbox => patiently(|| self.inbox.ping()).await,
            Port::Ledger => patiently(|| self.ledger.ping()).await,
            Port::Archive => patiently(|| self.archive.ping()).await,
        }
    }
}

/// What is created may not be ready before the deadline of one call, and is found by another.
async fn patiently<F: Future<Output = Result<()>>>(call: impl Fn() -> F) -> Result<()> {
    let mut backoff = Backoff::new(FIRST_PREPARE_PAUSE, MAX_PREPARE_PAUSE);
    for _ in 1..MAX_PREPARE_TRIES {
        if call().await.is_ok() {
            return Ok(());
        }
        backoff.wait().await;
    }
    call().await
}
