//! From configuration to a running daemon and down again.
//!
//! Shutdown loses nothing: requests in flight are answered, streams end properly, imports stop
//! behind their batch and go on at the next start, waiting events are archived.

use std::{
    fs::{File, TryLockError},
    io::{self, Read, Seek, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use anyhow::{Context, bail};
use pm_common::config::Config;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    app::App,
    consumers::{self, analytics::Analytics, notify::Notify},
    housekeeping, http, importer, relay,
};

/// What is still running this long after the signal is left behind.
const SHUTDOWN: Duration = Duration::from_secs(9);
/// Imports that run at the same time.
const IMPORT_WORKERS: usize = 2;

/// Holds the data directory for one daemon; the system lets go of it when the process ends.
#[derive(Debug)]
pub struct DataDirLock {
    _file: File,
}

/// Creates the data directory and locks it.
pub fn lock_data_dir(path: &Path) -> anyhow::Result<DataDirLock> {
    std::fs::create_dir_all(path)
        .with_context(|| format!("cannot create the data directory {}", path.display()))?;
    let lock_path = path.join("pmd.lock");
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&lock_path)
        .with_context(|| format!("cannot write to the data directory {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // The number only makes the message better.
            let _ = file.read_to_string(&mut holder);
            bail!(
                "another pmd (process {}) uses the data directory {}; stop it or set PMD_DATA_DIR to another place",
                holder.trim(),
                path.display()
            );
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).context(format!("cannot lock {}", lock_path.display()));
        }
    }
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())?;
    Ok(DataDirLock { _file: file })
}

/// Listens where the configuration says. `localhost` is every loopback address the machine has,
/// all on one port.
pub async fn bind(config: &Config) -> anyhow::Result<Vec<TcpListener>> {
    if config.host != "localhost" {
        let listener = listen((config.host.as_str(), config.port), config).await?;
        return Ok(vec![listener]);
    }
    let first = listen((Ipv4Addr::LOCALHOST, config.port), config).await?;
    let port = first.local_addr()?.port();
    let second = match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
        Ok(listener) => Some(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            return Err(busy(port, error));
        }
        // A machine without IPv6.
        Err(_) => None,
    };
    Ok([Some(first), second].into_iter().flatten().collect())
}

async fn listen(
    address: impl tokio::net::ToSocketAddrs,
    config: &Config,
) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => busy(config.port, error),
            _ => anyhow::Error::new(error)
                .context(format!("cannot listen on {}:{}", config.host, config.port)),
        })
}

fn busy(port: u16, error: io::Error) -> anyhow::Error {
    anyhow::Error::new(error).context(format!(
        "port {port} is in use by another program; stop it or choose another one, such as PORT={}",
        port.checked_add(1).unwrap_or(3001)
    ))
}

/// The address to show people.
pub fn url(config: &Config, address: SocketAddr) -> String {
    match config.host.as_str() {
        "localhost" => format!("http://localhost:{}", address.port()),
        _ => format!("http://{address}"),
    }
}

/// Runs everything until `stop`, then ends it in order.
pub async fn run(app: App, listeners: Vec<TcpListener>, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    tasks.spawn(relay::run(app.clone(), stop.clone()));
    tasks.spawn(consumers::run(app.clone(), Notify::new(&app), stop.clone()));
    tasks.spawn(consumers::run(
        app.clone(),
        Analytics::new(&app),
        stop.clone(),
    ));
    for number in 1..=IMPORT_WORKERS {
        tasks.spawn(importer::run(
            app.clone(),
            format!("pmd-{number}"),
            stop.clone(),
        ));
    }
    tasks.spawn(housekeeping::run(app.clone(), stop.clone()));
    let router = http::router(app, stop.clone());
    tasks.spawn(http::serve(listeners, router, stop.clone()));
    tasks.close();
    stop.cancelled().await;
    if tokio::time::timeout(SHUTDOWN, tasks.wait()).await.is_err() {
        tracing::warn!("some work did not end in time; it goes on at the next start");
    }
}
