//! From configuration to a running daemon and down again.
//!
//! Shutdown loses nothing: requests in flight are answered, streams end properly, imports stop
//! after their batch and go on at the next start, waiting events are archived.

use std::{
    fs::{File, TryLockError},
    io::{self, Read, Seek, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use pm_common::{backoff::Backoff, config::Config, domain::error::Error, private_files};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    app::App,
    consumers::{self, analytics::AnalyticsHandler, notifications::NotificationHandler},
    housekeeping, http, importer, neighbours, relay, restore,
    roles::Role,
    supervisor::keep_running,
};

/// What is still running this long after the signal is abandoned.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(9);
/// How long closing the engines may take after that.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// Ports of the system's choice that may turn out to be taken on another loopback address.
const PORT_TRIES: usize = 64;
/// How long a store that is not there yet is waited for at the start.
const STORE_CONNECT_TIMEOUT: Duration = Duration::from_secs(60);
const FIRST_CONNECT_PAUSE: Duration = Duration::from_millis(200);
const MAX_CONNECT_PAUSE: Duration = Duration::from_secs(2);
/// Imports that run at the same time.
const IMPORT_WORKERS: usize = 2;

/// Holds the data directory for one daemon; the system lets go of it when the process ends.
#[derive(Debug)]
pub struct DataDirLock {
    _file: File,
    node: String,
}

/// Creates the data directory and locks it; `None` when no engine needs one.
pub(crate) fn lock_data_dir(config: &Config) -> anyhow::Result<Option<DataDirLock>> {
    config
        .uses_data_dir()
        .then(|| lock(&config.data_dir))
        .transpose()
}

fn lock(path: &Path) -> anyhow::Result<DataDirLock> {
    private_files::own_dir(path)
        .with_context(|| format!("cannot create the data directory {}", path.display()))?;
    let lock_path = path.join("pmd.lock");
    let mut file = private_files::options()
        .truncate(false)
        .read(true)
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
    let node = node_of(path).context("cannot name this node")?;
    Ok(DataDirLock { _file: file, node })
}

/// A data directory's own name, made up when it is first used.
fn node_of(path: &Path) -> io::Result<String> {
    let path = path.join("node");
    match std::fs::read_to_string(&path) {
        Ok(node) if !node.trim().is_empty() => Ok(node.trim().to_owned()),
        _ => {
            let node = new_node();
            let mut file = private_files::options().truncate(true).open(path)?;
            file.write_all(node.as_bytes())?;
            Ok(node)
        }
    }
}

fn new_node() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// The name of this node among those on the same engines. One that survives a restart (`PMD_NODE`,
/// or the data directory's own) lets the node go on with its imports at once; with a new one they
/// wait until their lease has ended.
pub(crate) fn node(config: &Config, lock: Option<&DataDirLock>) -> String {
    let given = config.node.clone();
    given
        .or_else(|| lock.map(|lock| lock.node.clone()))
        .unwrap_or_else(new_node)
}

/// Opens every port, waiting a while for a store that is not there yet. `None`: `stop` came first.
pub(crate) async fn connect(
    config: Config,
    stop: &CancellationToken,
) -> anyhow::Result<Option<App>> {
    let mut backoff = Backoff::new(FIRST_CONNECT_PAUSE, MAX_CONNECT_PAUSE);
    let deadline = Instant::now() + STORE_CONNECT_TIMEOUT;
    loop {
        let connected = tokio::select! {
            () = stop.cancelled() => return Ok(None),
            connected = App::connect(config.clone()) => connected,
        };
        match connected {
            Err(error @ Error::Unavailable { .. }) if Instant::now() < deadline => {
                tracing::warn!(%error, "trying again, for a minute at most");
                backoff.wait_unless(stop).await;
            }
            other => return Ok(Some(other?)),
        }
    }
}

/// Listens where the configuration says. `localhost` is every loopback address the machine has,
/// all on one port; a port of the system's choice is another one until it is free on all.
pub async fn bind(config: &Config) -> anyhow::Result<Vec<TcpListener>> {
    if config.host != "localhost" {
        let listener = listen((config.host.as_str(), config.port), config).await?;
        return Ok(vec![listener]);
    }
    // Held until the end, so that the system does not choose the same one again.
    let mut half_free = Vec::new();
    loop {
        let first = listen((Ipv4Addr::LOCALHOST, config.port), config).await?;
        let port = first.local_addr()?.port();
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
            Ok(second) => return Ok(vec![first, second]),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                if config.port != 0 || half_free.len() == PORT_TRIES {
                    return Err(busy(port, error));
                }
                half_free.push(first);
            }
            // A machine without IPv6.
            Err(_) => return Ok(vec![first]),
        }
    }
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

/// Runs what the roles ask for until `stop`, then ends it in order. `node` is this process' name
/// among those on the same store.
pub async fn run(
    app: App,
    roles: &[Role],
    node: &str,
    listeners: Vec<TcpListener>,
    stop: CancellationToken,
) {
    let tasks = TaskTracker::new();
    let closing = app.clone();
    for role in Role::ALL.into_iter().filter(|role| roles.contains(role)) {
        start(role, &app, node, &tasks, &stop);
    }
    if !roles.contains(&Role::Relay) {
        let announcing = (app.clone(), stop.clone());
        keep_running(&tasks, "announcer", &stop, move || {
            let (app, stop) = announcing.clone();
            async move { relay::announce(&app, &stop).await }
        });
    }
    let this = neighbours::this_node(&app.config, node, roles);
    let announcing = (app.clone(), this.clone(), stop.clone());
    keep_running(&tasks, "neighbours", &stop, move || {
        let (app, this, stop) = announcing.clone();
        neighbours::announce(app, this, stop)
    });
    let sweeping = (app.clone(), stop.clone());
    keep_running(&tasks, "housekeeping", &stop, move || {
        housekeeping::run(sweeping.0.clone(), sweeping.1.clone())
    });
    let router = if roles.contains(&Role::Api) {
        http::router(app, stop.clone())
    } else {
        http::health_router(app, stop.clone())
    };
    tasks.spawn(http::serve(listeners, router, stop.clone()));
    tasks.close();
    stop.cancelled().await;
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, tasks.wait())
        .await
        .is_err()
    {
        tracing::warn!("some work did not end in time; it goes on at the next start");
        return;
    }
    let leaving = async {
        if let Err(error) = closing.store.node_leave(&this.name).await {
            tracing::debug!(%error, "the other processes forget this one by themselves");
        }
        closing.close().await;
    };
    if tokio::time::timeout(CLOSE_TIMEOUT, leaving).await.is_err() {
        tracing::warn!("the files were not tidied up in time; the next start does it");
    }
}

/// Starts a role's tasks; the API is the router's.
fn start(role: Role, app: &App, node: &str, tasks: &TaskTracker, stop: &CancellationToken) {
    let shared = (app.clone(), stop.clone());
    match role {
        Role::Api => {}
        Role::Relay => keep_running(tasks, role.as_str(), stop, move || {
            let (app, stop) = shared.clone();
            relay::run(app, stop)
        }),
        Role::Notifications => keep_running(tasks, role.as_str(), stop, move || {
            let (app, stop) = shared.clone();
            let handler = NotificationHandler::new(&app);
            consumers::run(app, handler, stop)
        }),
        Role::Analytics => {
            let correcting = shared.clone();
            keep_running(tasks, "totals", stop, move || {
                restore::correct_totals(correcting.0.clone(), correcting.1.clone())
            });
            keep_running(tasks, role.as_str(), stop, move || {
                let (app, stop) = shared.clone();
                let handler = AnalyticsHandler::new(&app);
                consumers::run(app, handler, stop)
            });
        }
        Role::Imports => {
            for number in 1..=IMPORT_WORKERS {
                let (name, (app, stopped)) = (format!("{node}-{number}"), shared.clone());
                keep_running(tasks, role.as_str(), stop, move || {
                    importer::run(app.clone(), name.clone(), stopped.clone())
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(port: u16) -> Config {
        let port = port.to_string();
        Config::from_lookup(|name| match name {
            "HOST" => Some("localhost".to_owned()),
            "PORT" => Some(port.clone()),
            _ => None,
        })
        .unwrap()
    }

    #[tokio::test]
    async fn localhost_is_one_port_on_every_loopback_address() {
        let listeners = bind(&config(0)).await.unwrap();
        let ports: Vec<_> = listeners
            .iter()
            .map(|listener| listener.local_addr().unwrap().port())
            .collect();
        assert!(ports.iter().all(|port| *port == ports[0] && *port != 0));
    }

    /// Red when: only the first address counts.
    #[tokio::test]
    async fn a_port_taken_on_one_address_is_taken() {
        let Ok(other) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await else {
            return; // A machine without IPv6.
        };
        let port = other.local_addr().unwrap().port();
        let refused = bind(&config(port)).await.unwrap_err();
        assert!(refused.to_string().contains("in use"), "{refused}");
    }
}
