//! Which process relays: the one whose session holds an advisory lock of this database.
//!
//! The session has a connection of its own. A dead owner loses the lock with its connection. A
//! frozen one falls silent, and the server ends a session that sends nothing, or does not take what
//! it is sent, for `SESSION_TIMEOUT`. A live owner sends a ping every `KEEPALIVE_INTERVAL`. The owner
//! reads the outbox on this very session: when the session ends, the lock is gone and the read fails,
//! so that two owners never publish the same rows at the same time.
//!
//! | state | meaning | left by |
//! |---|---|---|
//! | `Free` | this process has not asked for the lock | `acquire`: to `Held`, or to `Waiting` |
//! | `Waiting` | another session has the lock; the connection is kept for the next try | `acquire`: to `Held` once the lock is free; `release`: to `Free` |
//! | `Held` | this session has the lock; `peek` may read | a failed ping or read: to `Lost`; `release`: to `Free` |
//! | `Lost` | the session ended while it had the lock; `peek` fails until it is taken anew | `acquire`: to `Held` or `Waiting`; `release`: to `Free` |
//!
//! The lock belongs to a session, so the connection must not go through a pooler that hands out
//! server connections per transaction; such a pooler refuses the session's settings.

use std::{
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    failure::{DbFailure, failed, unavailable},
    outbox::{OutboxRow, oldest},
};
use crate::domain::error::{Error, Result};

/// The lock's number; each database has locks of its own.
const RELAY_LOCK_KEY: i64 = 0x706d_645f_7265_6c61;
/// How long an owner may be silent before the server ends its session.
const SESSION_TIMEOUT: Duration = Duration::from_secs(8);
/// Between two pings of an owner that has nothing to read.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(3);
/// How long the last answer proves that the lock is held.
const CONFIRMATION_AGE: Duration = Duration::from_secs(3);
/// How long the server may take to open the session, and to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// How long it may take to send what the owner reads.
const PEEK_TIMEOUT: Duration = Duration::from_secs(4);
/// What an older server says to a setting that it does not know.
const UNKNOWN_SETTING_CODE: &str = "42704";

/// This process' way to the lock. Cheap to clone.
#[derive(Clone)]
pub(super) struct RelayLease {
    options: PgConnectOptions,
    state: Arc<Mutex<LockState>>,
}

/// The options have the password in them.
impl fmt::Debug for RelayLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayLease").finish_non_exhaustive()
    }
}

#[derive(Debug)]
enum LockState {
    /// This process has not asked for the lock.
    Free,
    /// Another session has the lock.
    Waiting(PgConnection),
    Held(LeaseSession),
    /// It was held and is not any more; the caller that relied on it gets an error.
    Lost,
}

#[derive(Debug)]
struct LeaseSession {
    connection: PgConnection,
    /// When the last statement was sent that the server has answered.
    confirmed_at: Instant,
    /// Ends with the session.
    _pings: AbortOnDropHandle<()>,
}

impl RelayLease {
    pub(super) fn new(options: &PgConnectOptions) -> Self {
        let millis = SESSION_TIMEOUT.as_millis();
        let options = options.clone().application_name("pmd relay").options([
            ("idle_session_timeout", millis),
            // A client that is frozen while it is sent rows is not idle.
            ("tcp_user_timeout", millis),
        ]);
        Self {
            options: options.disable_statement_logging(),
            state: Arc::new(Mutex::new(LockState::Free)),
        }
    }

    /// Takes the lock, or makes sure that it is still held. Asks the server only when its last
    /// answer is not fresh.
    pub(super) async fn acquire(&self) -> Result<bool> {
        let mut state = self.state.lock().await;
        if let LockState::Held(session) = &mut *state {
            if session.confirmed_at.elapsed() < CONFIRMATION_AGE || session.ping().await {
                return Ok(true);
            }
            *state = LockState::Lost;
        }
        // A connection that waited may have been ended for its silence; then a new one is used.
        if let LockState::Waiting(connection) = &mut *state
            && let Ok(taken) = try_lock(connection).await
        {
            self.settle(&mut state, taken);
            return Ok(taken.is_some());
        }
        let mut connection = self.connect().await?;
        let taken = try_lock(&mut connection).await?;
        *state = LockState::Waiting(connection);
        self.settle(&mut state, taken);
        Ok(taken.is_some())
    }

    /// Gives the lock back.
    pub(super) async fn release(&self) -> Result<()> {
        let mut state = self.state.lock().await;
        let connection = match std::mem::replace(&mut *state, LockState::Free) {
            LockState::Held(session) => session.connection,
            LockState::Waiting(connection) => connection,
            LockState::Free | LockState::Lost => return Ok(()),
        };
        answered(connection.close()).await
    }

    /// Peeks on the owner's session. `None`: this process did not ask for the lock, or waits for
    /// it. An error also when the lock was lost since it was owned.
    pub(super) async fn peek(&self, messages: u32) -> Result<Option<Vec<OutboxRow>>> {
        let mut state = self.state.lock().await;
        let session = match &mut *state {
            LockState::Free | LockState::Waiting(_) => return Ok(None),
            LockState::Lost => return Err(unavailable("another process may relay now")),
            LockState::Held(session) => session,
        };
        let sent_at = Instant::now();
        match timeout(PEEK_TIMEOUT, oldest(&mut session.connection, messages)).await {
            Ok(Ok(answer)) => {
                session.confirmed_at = sent_at;
                Ok(Some(answer))
            }
            Ok(Err(DbFailure::Permanent(error))) => Err(error),
            Ok(Err(failure)) => {
                *state = LockState::Lost;
                Err(failure.into())
            }
            Err(_) => {
                *state = LockState::Lost;
                Err(late())
            }
        }
    }

    /// The state after the server said when the lock was taken, if it was.
    fn settle(&self, state: &mut LockState, taken: Option<Instant>) {
        let Some(confirmed_at) = taken else { return };
        *state = match std::mem::replace(state, LockState::Lost) {
            LockState::Waiting(connection) => LockState::Held(LeaseSession {
                connection,
                confirmed_at,
                _pings: AbortOnDropHandle::new(tokio::spawn(keepalive(Arc::downgrade(
                    &self.state,
                )))),
            }),
            other => other,
        };
    }

    async fn connect(&self) -> Result<PgConnection> {
        let connecting = timeout(ANSWER_TIMEOUT, self.options.connect()).await;
        connecting.map_err(|_| late())?.map_err(|error| {
            let refused = error.as_database_error();
            if refused.is_some_and(|answer| answer.code().as_deref() == Some(UNKNOWN_SETTING_CODE))
            {
                unavailable("relaying needs PostgreSQL 14 or newer, without a pooler in between")
            } else {
                failed(&error)
            }
        })
    }
}

impl LeaseSession {
    /// Whether the session, and with it the lock, is still there.
    async fn ping(&mut self) -> bool {
        let sent_at = Instant::now();
        let answer = answered(sqlx::query("SELECT 1").execute(&mut self.connection)).await;
        if answer.is_ok() {
            self.confirmed_at = sent_at;
        }
        answer.is_ok()
    }
}

/// Keeps the owner from being taken for frozen.
async fn keepalive(state: Weak<Mutex<LockState>>) {
    loop {
        tokio::time::sleep(KEEPALIVE_INTERVAL).await;
        let Some(state) = state.upgrade() else { return };
        let mut state = state.lock().await;
        let LockState::Held(session) = &mut *state else {
            return;
        };
        if !session.ping().await {
            tracing::warn!("the relay's session is lost");
            *state = LockState::Lost;
            return;
        }
    }
}

/// When the lock was asked for, if it was free.
async fn try_lock(connection: &mut PgConnection) -> Result<Option<Instant>> {
    let sent_at = Instant::now();
    let query = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(RELAY_LOCK_KEY);
    let taken: bool = answered(query.fetch_one(connection)).await?;
    Ok(taken.then_some(sent_at))
}

async fn answered<T>(call: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    let answer = timeout(ANSWER_TIMEOUT, call).await;
    answer.map_err(|_| late())?.map_err(|error| failed(&error))
}

fn late() -> Error {
    unavailable("the relay's session has no answer in time")
}
