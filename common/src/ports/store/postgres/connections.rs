//! Connections to PostgreSQL, and the deadline of everything that is done with one.
//!
//! Every caller is answered within the deadline, also when the server is frozen or the network
//! swallows every byte: neither a timeout of the server's nor one of the socket helps then. A
//! connection is used again only after its work came to an end. One that was left in the middle
//! (the deadline passed, the caller went away, it broke) is closed: its late answer must not meet
//! the next question.
//!
//! Not the driver's pool: that probes a connection whenever one is given back, which costs a trip
//! for every statement, and waits for the answer of a frozen server.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions, Executor, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{Mutex as AsyncMutex, OwnedMutexGuard, Semaphore, SemaphorePermit},
    time::timeout,
};

use super::failure::{DbFailure, DbResult, failed, unavailable};
use crate::domain::error::{Error, Result};

/// How often work is tried when the failure promises that a repetition helps.
const MAX_ATTEMPTS: u32 = 4;
/// A connection that was idle for longer may have been dropped by something on the way.
const MAX_IDLE_AGE: Duration = Duration::from_secs(60);

/// Up to `max_connections` connections, opened when they are needed. Cheap to clone.
#[derive(Clone)]
pub(super) struct ConnectionPool(Arc<PoolState>);

/// An idle connection, and since when.
type IdleConnection = (Arc<AsyncMutex<PgConnection>>, Instant);

struct PoolState {
    options: PgConnectOptions,
    deadline: Duration,
    permits: Semaphore,
    /// The last one used comes first.
    idle: Mutex<Vec<IdleConnection>>,
}

/// The options have the password in them.
impl fmt::Debug for ConnectionPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionPool").finish_non_exhaustive()
    }
}

/// A connection as work is given it: its own until it ends.
pub(super) type PgSession = OwnedMutexGuard<PgConnection>;

/// A connection in use.
struct ConnectionLease<'a> {
    connection: Arc<AsyncMutex<PgConnection>>,
    _permit: SemaphorePermit<'a>,
}

/// Whether work runs in a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WorkKind {
    Statements,
    Transaction,
}

impl ConnectionPool {
    /// `deadline`: how long a call takes at most, with its wait for a connection and all repetitions.
    pub(super) fn new(
        options: PgConnectOptions,
        max_connections: usize,
        deadline: Duration,
    ) -> Self {
        Self(Arc::new(PoolState {
            options,
            deadline,
            permits: Semaphore::new(max_connections),
            idle: Mutex::default(),
        }))
    }

    /// How long a call takes at most.
    pub(super) fn deadline(&self) -> Duration {
        self.0.deadline
    }

    /// Runs work that changes nothing, or a single statement that may be done twice.
    pub(super) async fn run<T, F>(&self, work: impl Fn(PgSession) -> F) -> Result<T>
    where
        F: Future<Output = DbResult<T>>,
    {
        self.run_within_deadline(WorkKind::Statements, work).await
    }

    /// Runs work in a transaction. Everything is committed when it answers `Ok`, nothing when it
    /// answers an error, unless the connection broke at the very commit. The work may run several
    /// times; only the last time counts.
    pub(super) async fn write<T, F>(&self, work: impl Fn(PgSession) -> F) -> Result<T>
    where
        F: Future<Output = DbResult<T>>,
    {
        self.run_within_deadline(WorkKind::Transaction, work).await
    }

    async fn run_within_deadline<T, F>(
        &self,
        unit: WorkKind,
        work: impl Fn(PgSession) -> F,
    ) -> Result<T>
    where
        F: Future<Output = DbResult<T>>,
    {
        match timeout(self.0.deadline, self.attempts(unit, work)).await {
            Ok(answer) => answer,
            Err(_) => {
                // If one is frozen, all may be.
                self.forget_idle();
                let seconds = self.0.deadline.as_secs();
                Err(unavailable(format!("no answer within {seconds} s")))
            }
        }
    }

    async fn attempts<T, F>(&self, unit: WorkKind, work: impl Fn(PgSession) -> F) -> Result<T>
    where
        F: Future<Output = DbResult<T>>,
    {
        let mut left = MAX_ATTEMPTS;
        loop {
            left -= 1;
            let lease = self.lease().await?;
            match lease.attempt(unit, &work).await {
                Ok(answer) => {
                    self.give_back(lease);
                    return Ok(answer);
                }
                Err(DbFailure::Retryable(_)) if left > 0 => self.give_back(lease),
                Err(DbFailure::Permanent(error) | DbFailure::Retryable(error)) => {
                    self.give_back(lease);
                    return Err(error);
                }
                // A server that was restarted has broken the others, too.
                Err(DbFailure::ConnectionLost(_)) if left > 0 => self.forget_idle(),
                Err(DbFailure::ConnectionLost(error) | DbFailure::CommitUnknown(error)) => {
                    return Err(error);
                }
            }
        }
    }

    async fn lease(&self) -> Result<ConnectionLease<'_>> {
        let permit = self.0.permits.acquire().await;
        let permit = permit.map_err(|_| unavailable("the store is closed"))?;
        let idle = self.idle().pop();
        let connection = match idle {
            Some((connection, since)) if since.elapsed() < MAX_IDLE_AGE => connection,
            stale => {
                if stale.is_some() {
                    self.forget_idle();
                }
                let connecting = self.0.options.connect().await;
                Arc::new(AsyncMutex::new(connecting.map_err(|e| failed(&e))?))
            }
        };
        Ok(ConnectionLease {
            connection,
            _permit: permit,
        })
    }

    fn give_back(&self, lease: ConnectionLease<'_>) {
        self.idle().push((lease.connection, Instant::now()));
    }

    fn forget_idle(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<IdleConnection>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionLease<'_> {
    async fn attempt<T, F>(&self, unit: WorkKind, work: impl Fn(PgSession) -> F) -> DbResult<T>
    where
        F: Future<Output = DbResult<T>>,
    {
        if unit == WorkKind::Statements {
            return work(self.session().await).await;
        }
        self.session().await.execute("BEGIN").await?;
        match work(self.session().await).await {
            Ok(answer) => {
                let committing = self.session().await.execute("COMMIT").await;
                committing.map_err(at_commit)?;
                Ok(answer)
            }
            Err(failure @ (DbFailure::Permanent(_) | DbFailure::Retryable(_))) => {
                self.session().await.execute("ROLLBACK").await?;
                Err(failure)
            }
            Err(failure) => Err(failure),
        }
    }

    async fn session(&self) -> PgSession {
        Arc::clone(&self.connection).lock_owned().await
    }
}

/// A commit that the server refused is none; one that was not answered may be one.
fn at_commit(error: sqlx::Error) -> DbFailure {
    match DbFailure::from(error) {
        DbFailure::ConnectionLost(Error::Unavailable { reason, .. }) => {
            DbFailure::CommitUnknown(unavailable(format!(
                "{reason}, while a change was committed: it may be done"
            )))
        }
        refused => refused,
    }
}
