//! What the Redis adapters share: a connection that all calls are pipelined over, and that knows
//! whether its server answers.
//!
//! A call that fails or is late takes the link down. From then on calls are refused at once, so
//! no caller waits for a dead server twice, while one probe at a time looks for it in the background;
//! the link is up again when a probe was answered.

#[cfg(test)]
mod tests;

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use redis::{
    AsyncConnectionConfig, Client, IntoConnectionInfo, RedisError, RedisResult,
    aio::MultiplexedConnection, io::tcp::TcpSettings,
};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    backoff::Backoff,
    config,
    domain::{
        error::{Error, Result},
        port::Port,
    },
    unpoisoned::unpoisoned,
};

const ENGINE: &str = "Redis";
/// What a probe may take: connecting, logging in and one answer.
pub(crate) const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// How often a connection is asked for a sign of life.
pub(crate) const HEALTH_INTERVAL: Duration = Duration::from_secs(1);
const FIRST_RECONNECT_PAUSE: Duration = Duration::from_millis(100);
/// Also, a connection that broke sooner after it began is not replaced any sooner.
pub(crate) const MAX_RECONNECT_PAUSE: Duration = Duration::from_secs(1);
/// What a round trip may take that was asked for.
const PING_TIMEOUT: Duration = Duration::from_millis(500);
/// Calls that may wait to be written; more callers wait to enqueue.
const MAX_QUEUED_CALLS: usize = 1024;

/// Reads where the server is. Nothing is connected yet.
pub(crate) fn client(port: Port, server: &config::Server) -> Result<Client> {
    // The crate's own words might repeat a part of the URL, and with it a password.
    let unreadable = |_: RedisError| unavailable(port, "its URL is not understood");
    let place = server.url.expose().into_connection_info();
    // Small commands follow each other closely: none waits for the one before to be acknowledged.
    let place = place
        .map_err(unreadable)?
        .set_tcp_settings(TcpSettings::default().set_nodelay(true));
    Client::open(place).map_err(unreadable)
}

/// The pauses before a connection is replaced.
pub(crate) const fn reconnect_backoff() -> Backoff {
    Backoff::new(FIRST_RECONNECT_PAUSE, MAX_RECONNECT_PAUSE)
}

pub(crate) fn unavailable(port: Port, reason: impl fmt::Display) -> Error {
    Error::unavailable(port, ENGINE, reason)
}

/// One multiplexed connection, up or down.
pub(crate) struct Link {
    shared: Arc<Shared>,
    _tended: AbortOnDropHandle<()>,
}

struct Shared {
    /// Who uses it.
    port: Port,
    client: Client,
    state: Mutex<State>,
    fell: Notify,
}

struct State {
    /// `None`: down.
    connection: Option<MultiplexedConnection>,
    /// Counts the connections: a call that began on an earlier one says nothing about this one.
    number: u64,
    /// When the last of them began.
    rose_at: Instant,
    /// Between probes.
    backoff: Backoff,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.state();
        f.debug_struct("Link")
            .field("port", &self.shared.port)
            .field("up", &state.connection.is_some())
            .finish()
    }
}

impl Link {
    /// A link that is up when the server answers within a second, and comes up later otherwise.
    pub(crate) async fn open(client: Client, port: Port) -> Self {
        let shared = Arc::new(Shared {
            port,
            client,
            state: Mutex::new(State {
                connection: None,
                number: 0,
                rose_at: Instant::now(),
                backoff: reconnect_backoff(),
            }),
            fell: Notify::new(),
        });
        match shared.connect().await {
            Ok(connection) => shared.rise(connection),
            Err(reason) => tracing::warn!(user = port.name(), reason, "Redis is not there yet"),
        }
        let tended = tokio::spawn(Arc::clone(&shared).tend());
        Self {
            shared,
            _tended: AbortOnDropHandle::new(tended),
        }
    }

    /// Does `ask` within the deadline, or fails at once while the link is down.
    pub(crate) async fn call<T, F: Future<Output = RedisResult<T>>>(
        &self,
        deadline: Duration,
        ask: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T> {
        self.shared.call(deadline, ask).await
    }

    /// When it last came back, if it ever went away: the server may have forgotten everything.
    pub(crate) fn returned_at(&self) -> Option<Instant> {
        let state = self.shared.state();
        (state.number > 1).then_some(state.rose_at)
    }

    /// One round trip.
    pub(crate) async fn ping(&self) -> Result<()> {
        self.shared.ping(PING_TIMEOUT).await
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        unpoisoned(self.state.lock())
    }

    async fn call<T, F: Future<Output = RedisResult<T>>>(
        &self,
        deadline: Duration,
        ask: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T> {
        let (connection, number) = {
            let state = self.state();
            (state.connection.clone(), state.number)
        };
        let Some(connection) = connection else {
            return Err(unavailable(self.port, "it did not answer a moment ago"));
        };
        let reason = match timeout(deadline, ask(connection)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {deadline:?}"),
        };
        self.fall(number, &reason);
        Err(unavailable(self.port, reason))
    }

    async fn ping(&self, deadline: Duration) -> Result<()> {
        let ping = |mut connection: MultiplexedConnection| async move {
            redis::cmd("PING").query_async::<()>(&mut connection).await
        };
        self.call(deadline, ping).await
    }

    async fn connect(&self) -> Result<MultiplexedConnection, String> {
        // Every call has its own deadline.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(MAX_QUEUED_CALLS);
        probe(async {
            let mut connection = self
                .client
                .get_multiplexed_async_connection_with_config(&config)
                .await?;
            // A server that still loads its data accepts connections, and nothing else.
            redis::cmd("PING")
                .query_async::<()>(&mut connection)
                .await?;
            Ok(connection)
        })
        .await
    }

    fn rise(&self, connection: MultiplexedConnection) {
        let mut state = self.state();
        state.connection = Some(connection);
        state.number += 1;
        state.rose_at = Instant::now();
    }

    fn fall(&self, number: u64, reason: &str) {
        let mut state = self.state();
        if state.number != number || state.connection.is_none() {
            return;
        }
        state.connection = None;
        // A server that answers probes and is too slow for calls makes one of them wait per pause.
        if state.rose_at.elapsed() < MAX_RECONNECT_PAUSE {
            state.backoff.skip_to_longest();
        } else {
            state.backoff.reset();
        }
        drop(state);
        tracing::warn!(user = self.port.name(), reason, "Redis is away");
        self.fell.notify_one();
    }

    /// Looks for the server while the link is down, and whether it lives while it is up: a call
    /// after a quiet hour shall not be the one to find out.
    async fn tend(self: Arc<Self>) {
        loop {
            let down = {
                let mut state = self.state();
                let is_down = state.connection.is_none();
                is_down.then(|| state.backoff.next_pause())
            };
            let Some(pause) = down else {
                tokio::select! {
                    () = self.fell.notified() => {}
                    () = sleep(HEALTH_INTERVAL) => {
                        let _ = self.ping(PROBE_TIMEOUT).await;
                    }
                }
                continue;
            };
            sleep(pause).await;
            if let Ok(connection) = self.connect().await {
                self.rise(connection);
                tracing::info!(user = self.port.name(), "Redis answers");
            }
        }
    }
}

/// A first contact, within its deadline.
pub(crate) async fn probe<T>(contact: impl Future<Output = RedisResult<T>>) -> Result<T, String> {
    match timeout(PROBE_TIMEOUT, contact).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {PROBE_TIMEOUT:?}")),
    }
}
