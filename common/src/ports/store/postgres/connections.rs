//! Connections to PostgreSQL, and the deadline of everything that is done with one.
//!
//! Every caller is answered within the deadline, also when the server is frozen or the network
//! swallows every byte: neither a timeout of the server's nor one of the socket helps then. A
//! connection is used again only after its work came to an end. One that was left in the middle
//! (the deadline passed, the caller went away, it broke) is closed: its late answer must not meet
//! the next question.
//!
//! Whether a COMMIT that was sent and not answered took place is not known (`CommitTrace`). The
//! caller gets to know just that, also when it was the deadline that passed; such a transaction runs
//! again only when it acts once however often it runs (`write_repeatable`).
//!
//! Not the driver's pool: that probes a connection whenever one is given back, which costs a trip
//! for every statement, and waits for the answer of a frozen server.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions, Executor, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{Mutex as AsyncMutex, OwnedMutexGuard, Semaphore, SemaphorePermit},
    time::timeout,
};

use super::failure::{DbFailure, DbResult, failed, leaves_open, outcome_unknown, unavailable};
use crate::domain::error::{Error, Result};
use crate::unpoisoned::unpoisoned;

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
    begin: &'static str,
    /// The last transaction was not stored, and not for a reason of its own.
    writes_fail: AtomicBool,
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
    begin: &'static str,
    _permit: SemaphorePermit<'a>,
}

/// How work runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WorkKind {
    /// Without a transaction.
    Statements,
    Transaction,
    /// In a transaction that may be committed twice.
    Repeatable,
}

/// Whether a call has sent a COMMIT of which it does not know what became.
#[derive(Debug, Default)]
struct CommitTrace(AtomicBool);

impl CommitTrace {
    fn is_open(&self) -> bool {
        self.0.load(SeqCst)
    }

    fn open(&self) {
        self.0.store(true, SeqCst);
    }

    /// The server has said what became of it.
    fn close(&self) {
        self.0.store(false, SeqCst);
    }

    /// What the caller gets. An engine that is away says nothing of a commit that was sent before;
    /// every other answer does: it comes of a repetition, which found what was committed.
    fn settle<T>(&self, answer: Result<T>) -> Result<T> {
        match answer {
            Err(Error::Unavailable { reason, .. }) if self.is_open() => Err(outcome_unknown(
                format!("{reason}, while a change was committed"),
            )),
            answer => answer,
        }
    }
}

impl ConnectionPool {
    /// `deadline`: how long a call takes at most, with its wait for a connection and all repetitions.
    /// `begin`: how a transaction begins, with what it sets for itself.
    pub(super) fn new(
        options: PgConnectOptions,
        max_connections: usize,
        deadline: Duration,
        begin: &'static str,
    ) -> Self {
        Self(Arc::new(PoolState {
            options,
            deadline,
            begin,
            writes_fail: AtomicBool::new(false),
            permits: Semaphore::new(max_connections),
            idle: Mutex::default(),
        }))
    }

    /// Whether the server stores nothing, as far as is known: reads may go on.
    pub(super) fn writes_fail(&self) -> bool {
        self.0.writes_fail.load(SeqCst)
    }

    /// How long a call takes at most.
    pub(super) fn deadline(&self) -> Duration {
        self.0.deadline
    }

    /// Runs work that changes nothing, or statements that may each be done twice: they are when the
    /// connection breaks.
    pub(super) async fn run<T, F>(&self, work: impl Fn(PgSession) -> F) -> Result<T>
    where
        F: Future<Output = DbResult<T>>,
    {
        self.run_within_deadline(WorkKind::Statements, work).await
    }

    /// Runs work in a transaction. Everything is committed when it answers `Ok`, nothing when it
    /// answers an error; with `OutcomeUnknown` it is everything or nothing. The work may run several
    /// times; only the last time counts.
    pub(super) async fn write<T, F>(&self, work: impl Fn(PgSession) -> F) -> Result<T>
    where
        F: Future<Output = DbResult<T>>,
    {
        self.run_within_deadline(WorkKind::Transaction, work).await
    }

    /// Runs work in a transaction that acts once however often it is committed: it runs again when
    /// the outcome of a commit is unknown.
    pub(super) async fn write_repeatable<T, F>(&self, work: impl Fn(PgSession) -> F) -> Result<T>
    where
        F: Future<Output = DbResult<T>>,
    {
        self.run_within_deadline(WorkKind::Repeatable, work).await
    }

    async fn run_within_deadline<T, F>(
        &self,
        unit: WorkKind,
        work: impl Fn(PgSession) -> F,
    ) -> Result<T>
    where
        F: Future<Output = DbResult<T>>,
    {
        let trace = CommitTrace::default();
        let answer = match timeout(self.0.deadline, self.attempts(unit, &trace, work)).await {
            Ok(answer) => answer,
            Err(_) => {
                // If one is frozen, all may be.
                self.forget_idle();
                let seconds = self.0.deadline.as_secs();
                Err(unavailable(format!("no answer within {seconds} s")))
            }
        };
        trace.settle(answer)
    }

    async fn attempts<T, F>(
        &self,
        unit: WorkKind,
        trace: &CommitTrace,
        work: impl Fn(PgSession) -> F,
    ) -> Result<T>
    where
        F: Future<Output = DbResult<T>>,
    {
        let mut left = MAX_ATTEMPTS;
        loop {
            left -= 1;
            let lease = self.lease().await?;
            match lease.attempt(unit, trace, &work).await {
                Ok(answer) => {
                    if unit != WorkKind::Statements {
                        self.0.writes_fail.store(false, SeqCst);
                    }
                    self.give_back(lease);
                    return Ok(answer);
                }
                Err(DbFailure::NotStored(error)) => {
                    self.0.writes_fail.store(true, SeqCst);
                    self.give_back(lease);
                    return Err(error);
                }
                Err(DbFailure::Retryable(_)) if left > 0 => self.give_back(lease),
                Err(DbFailure::Permanent(error) | DbFailure::Retryable(error)) => {
                    self.give_back(lease);
                    return Err(error);
                }
                // A server that was restarted has broken the others, too.
                Err(DbFailure::ConnectionLost(_)) if left > 0 => self.forget_idle(),
                Err(DbFailure::CommitUnknown(_)) if left > 0 && unit == WorkKind::Repeatable => {
                    self.forget_idle();
                }
                Err(failure) => return Err(failure.into()),
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
            begin: self.0.begin,
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
        unpoisoned(self.0.idle.lock())
    }
}

impl ConnectionLease<'_> {
    async fn attempt<T, F>(
        &self,
        unit: WorkKind,
        trace: &CommitTrace,
        work: impl Fn(PgSession) -> F,
    ) -> DbResult<T>
    where
        F: Future<Output = DbResult<T>>,
    {
        if unit == WorkKind::Statements {
            return work(self.session().await).await;
        }
        self.session().await.execute(self.begin).await?;
        match work(self.session().await).await {
            Ok(answer) => {
                // Of a transaction that ran before.
                let open = trace.is_open();
                trace.open();
                let committing = self.session().await.execute("COMMIT").await;
                committing.map_err(at_commit).inspect_err(|failure| {
                    if !open && !matches!(failure, DbFailure::CommitUnknown(_)) {
                        trace.close();
                    }
                })?;
                Ok(answer)
            }
            Err(
                failure @ (DbFailure::Permanent(_)
                | DbFailure::Retryable(_)
                | DbFailure::NotStored(_)),
            ) => {
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

/// A commit that the server refused is none; one that was not answered, or whose session ended
/// over it, may be one.
fn at_commit(error: sqlx::Error) -> DbFailure {
    let refused = error
        .as_database_error()
        .is_some_and(|answer| !leaves_open(answer.code().as_deref()));
    if refused {
        DbFailure::from(error)
    } else {
        let reason = failed(&error);
        DbFailure::CommitUnknown(format!("{reason}, while a change was committed"))
    }
}
