//! The whole daemon in this process, on a free port and a data directory of its own.

use std::{sync::mpsc, thread::JoinHandle};

use pm_common::config::Config;
use pm_daemon::{app::App, lifecycle, roles::Role};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::pm::TestEnv;

/// A running daemon; it ends in order when dropped.
pub(crate) struct TestDaemon {
    pub(crate) url: String,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
    _data: TempDir,
}

impl TestDaemon {
    /// Starts a daemon with rate limits that no test reaches.
    pub(crate) fn start() -> Self {
        Self::with(&[
            ("RATE_LIMIT_STANDARD", "100000"),
            ("RATE_LIMIT_BULK", "1000"),
        ])
    }

    /// Starts a daemon with these settings.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        let data = TempDir::new().unwrap();
        let data_dir = data.path().display().to_string();
        let config = Config::from_lookup(|name| match name {
            "PMD_DATA_DIR" => Some(data_dir.clone()),
            "PORT" => Some("0".to_owned()),
            _ => {
                let found = settings.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            }
        })
        .unwrap();
        let stop = CancellationToken::new();
        let (ready, started) = mpsc::channel();
        let asked = stop.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let listeners = lifecycle::bind(&config).await.unwrap();
                let address = listeners[0].local_addr().unwrap();
                ready.send(lifecycle::url(&config, address)).unwrap();
                let app = App::connect(config).await.unwrap();
                lifecycle::run(app, &Role::ALL, "node", listeners, asked).await;
            });
        });
        Self {
            url: started.recv().unwrap(),
            stop,
            thread: Some(thread),
            _data: data,
        }
    }

    /// An environment for this daemon and this seller.
    pub(crate) fn env(&self, seller: &str) -> TestEnv {
        TestEnv::new()
            .with("PM_SERVER", &self.url)
            .with("PM_SELLER", seller)
    }
}

impl Drop for TestDaemon {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let outcome = thread.join();
            assert!(
                outcome.is_ok() || std::thread::panicking(),
                "the daemon panicked"
            );
        }
    }
}
