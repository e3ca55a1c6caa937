//! Which process relays: the one whose session holds an advisory lock of this database.
//!
//! The session has a connection of its own. An owner that is dead loses the lock with its
//! connection; one that is frozen falls silent, and the server ends a session that says nothing,
//! or does not take what it is sent, for `SILENCE`. An owner that lives speaks every `PING`.
//! What the owner reads, it reads on this very session: with the session the lock is gone and the
//! read fails, so nobody publishes what another owner publishes, too.
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
    failure::{Failure, failed, unavailable},
    outbox::{Row, oldest},
};
use crate::domain::error::{Error, Result};

/// The lock's number; every database has its own locks.
const KEY: i64 = 0x706d_645f_7265_6c61;
/// How long the server hears nothing of an owner before it ends its session.
const SILENCE: Duration = Duration::from_secs(8);
/// How often an owner speaks that has nothing to read.
const PING: Duration = Duration::from_secs(3);
/// How long the last answer proves that the lock is held, for those who only ask.
const FRESH: Duration = Duration::from_secs(3);
/// How long the server may take to open the session, and to answer.
const ANSWER: Duration = Duration::from_secs(2);
/// How long it may take to send what the owner reads.
const PEEK: Duration = Duration::from_secs(4);
/// What an older server says to a setting that it does not know.
const UNKNOWN_SETTING: &str = "42704";

/// This process' way to the lock. Cheap to clone.
#[derive(Clone)]
pub(super) struct RelayLock {
    options: PgConnectOptions,
    place: Arc<Mutex<Place>>,
}

/// The options have the password in them.
impl fmt::Debug for RelayLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayLock").finish_non_exhaustive()
    }
}

#[derive(Debug)]
enum Place {
    /// Not asked for.
    Free,
    /// Another session has the lock.
    Waiting(PgConnection),
    Held(Session),
    /// It was held and is not any more; whoever relied on it must be told.
    Lost,
}

#[derive(Debug)]
struct Session {
    connection: PgConnection,
    /// When the last question was asked that the server has answered.
    proved: Instant,
    /// Ends with the session.
    _pings: AbortOnDropHandle<()>,
}

impl RelayLock {
    pub(super) fn new(options: &PgConnectOptions) -> Self {
        let millis = SILENCE.as_millis();
        let options = options.clone().application_name("pmd relay").options([
            ("idle_session_timeout", millis),
            // A client that is frozen while it is sent rows is not idle.
            ("tcp_user_timeout", millis),
        ]);
        Self {
            options: options.disable_statement_logging(),
            place: Arc::new(Mutex::new(Place::Free)),
        }
    }

    /// Takes the lock, or makes sure that it is still held. Asks the server only when its last
    /// answer is not fresh.
    pub(super) async fn own(&self) -> Result<bool> {
        let mut place = self.place.lock().await;
        if let Place::Held(session) = &mut *place {
            if session.proved.elapsed() < FRESH || session.ping().await {
                return Ok(true);
            }
            *place = Place::Lost;
        }
        // A connection that waited may have been ended for its silence; a new one is asked then.
        if let Place::Waiting(connection) = &mut *place
            && let Ok(taken) = try_lock(connection).await
        {
            self.settle(&mut place, taken);
            return Ok(taken.is_some());
        }
        let mut connection = self.connect().await?;
        let taken = try_lock(&mut connection).await?;
        *place = Place::Waiting(connection);
        self.settle(&mut place, taken);
        Ok(taken.is_some())
    }

    /// Gives the lock back.
    pub(super) async fn disown(&self) -> Result<()> {
        let mut place = self.place.lock().await;
        let connection = match std::mem::replace(&mut *place, Place::Free) {
            Place::Held(session) => session.connection,
            Place::Waiting(connection) => connection,
            Place::Free | Place::Lost => return Ok(()),
        };
        answered(connection.close()).await
    }

    /// Peeks on the owner's session. `None`: this process did not ask for the lock, or waits for
    /// it. An error also when the lock was lost since it was owned.
    pub(super) async fn peek(&self, messages: u32) -> Result<Option<Vec<Row>>> {
        let mut place = self.place.lock().await;
        let session = match &mut *place {
            Place::Free | Place::Waiting(_) => return Ok(None),
            Place::Lost => return Err(unavailable("another process may relay now")),
            Place::Held(session) => session,
        };
        let asked = Instant::now();
        match timeout(PEEK, oldest(&mut session.connection, messages)).await {
            Ok(Ok(answer)) => {
                session.proved = asked;
                Ok(Some(answer))
            }
            Ok(Err(Failure::Final(error))) => Err(error),
            Ok(Err(failure)) => {
                *place = Place::Lost;
                Err(failure.into())
            }
            Err(_) => {
                *place = Place::Lost;
                Err(late())
            }
        }
    }

    /// The place after the server said when the lock was taken, if it was.
    fn settle(&self, place: &mut Place, taken: Option<Instant>) {
        let Some(proved) = taken else { return };
        *place = match std::mem::replace(place, Place::Lost) {
            Place::Waiting(connection) => Place::Held(Session {
                connection,
                proved,
                _pings: AbortOnDropHandle::new(tokio::spawn(speak(Arc::downgrade(&self.place)))),
            }),
            other => other,
        };
    }

    async fn connect(&self) -> Result<PgConnection> {
        let connecting = timeout(ANSWER, self.options.connect()).await;
        connecting.map_err(|_| late())?.map_err(|error| {
            let refused = error.as_database_error();
            if refused.is_some_and(|answer| answer.code().as_deref() == Some(UNKNOWN_SETTING)) {
                unavailable("relaying needs PostgreSQL 14 or newer, without a pooler in between")
            } else {
                failed(&error)
            }
        })
    }
}

impl Session {
    /// Whether the session, and with it the lock, is still there.
    async fn ping(&mut self) -> bool {
        let asked = Instant::now();
        let answer = answered(sqlx::query("SELECT 1").execute(&mut self.connection)).await;
        if answer.is_ok() {
            self.proved = asked;
        }
        answer.is_ok()
    }
}

/// Keeps the owner from being taken for frozen.
async fn speak(place: Weak<Mutex<Place>>) {
    loop {
        tokio::time::sleep(PING).await;
        let Some(place) = place.upgrade() else { return };
        let mut place = place.lock().await;
        let Place::Held(session) = &mut *place else {
            return;
        };
        if !session.ping().await {
            tracing::warn!("the relay's session is lost");
            *place = Place::Lost;
            return;
        }
    }
}

/// When the lock was asked for, if it was free.
async fn try_lock(connection: &mut PgConnection) -> Result<Option<Instant>> {
    let asked = Instant::now();
    let query = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(KEY);
    let taken: bool = answered(query.fetch_one(connection)).await?;
    Ok(taken.then_some(asked))
}

async fn answered<T>(call: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    let answer = timeout(ANSWER, call).await;
    answer.map_err(|_| late())?.map_err(|error| failed(&error))
}

fn late() -> Error {
    unavailable("the relay's session has no answer in time")
}
