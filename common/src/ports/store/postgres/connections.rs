//! Connections to PostgreSQL, and the deadline of everything that is done with one.
//!
//! Whoever asks is answered within the deadline, also when the server is frozen or the network
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

use super::failure::{Attempt, Failure, failed, unavailable};
use crate::domain::error::{Error, Result};

/// How often work is tried when the failure promises that a repetition helps.
const ATTEMPTS: u32 = 4;
/// A connection that was idle for longer may have been dropped by something on the way.
const FRESH: Duration = Duration::from_secs(60);

/// Up to `most` connections, opened when they are needed. Cheap to clone.
#[derive(Clone)]
pub(super) struct Connections(Arc<Inner>);

/// A connection nobody uses, and since when.
type Idle = (Arc<AsyncMutex<PgConnection>>, Instant);

struct Inner {
    options: PgConnectOptions,
    deadline: Duration,
    permits: Semaphore,
    /// The last one used comes first.
    idle: Mutex<Vec<Idle>>,
}

/// The options have the password in them.
impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

/// A connection as work is given it: its own until it ends.
pub(super) type Session = OwnedMutexGuard<PgConnection>;

/// A connection in use.
struct Lease<'a> {
    connection: Arc<AsyncMutex<PgConnection>>,
    _permit: SemaphorePermit<'a>,
}

/// Whether work runs in a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Statements,
    Transaction,
}

impl Connections {
    /// `deadline`: how long a call takes at most, with its wait for a connection and all repetitions.
    pub(super) fn new(options: PgConnectOptions, most: usize, deadline: Duration) -> Self {
        Self(Arc::new(Inner {
            options,
            deadline,
            permits: Semaphore::new(most),
            idle: Mutex::default(),
        }))
    }

    /// How long a call takes at most.
    pub(super) fn deadline(&self) -> Duration {
        self.0.deadline
    }

    /// Runs work that changes nothing, or a single statement that may be done twice.
    pub(super) async fn run<T, F>(&self, work: impl Fn(Session) -> F) -> Result<T>
    where
        F: Future<Output = Attempt<T>>,
    {
        self.in_time(Unit::Statements, work).await
    }

    /// Runs work in a transaction. Everything is committed when it answers `Ok`, nothing when it
    /// answers an error, unless the connection broke at the very commit. The work may run several
    /// times; only the last time counts.
    pub(super) async fn write<T, F>(&self, work: impl Fn(Session) -> F) -> Result<T>
    where
        F: Future<Output = Attempt<T>>,
    {
        self.in_time(Unit::Transaction, work).await
    }

    async fn in_time<T, F>(&self, unit: Unit, work: impl Fn(Session) -> F) -> Result<T>
    where
        F: Future<Output = Attempt<T>>,
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

    async fn attempts<T, F>(&self, unit: Unit, work: impl Fn(Session) -> F) -> Result<T>
    where
        F: Future<Output = Attempt<T>>,
    {
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            let lease = self.lease().await?;
            match lease.attempt(unit, &work).await {
                Ok(answer) => {
                    self.give_back(lease);
                    return Ok(answer);
                }
                Err(Failure::Again(_)) if left > 0 => self.give_back(lease),
                Err(Failure::Final(error) | Failure::Again(error)) => {
                    self.give_back(lease);
                    return Err(error);
                }
                // A server that was restarted has broken the others, too.
                Err(Failure::Broken(_)) if left > 0 => self.forget_idle(),
                Err(Failure::Broken(error) | Failure::Unknown(error)) => return Err(error),
            }
        }
    }

    async fn lease(&self) -> Result<Lease<'_>> {
        let permit = self.0.permits.acquire().await;
        let permit = permit.map_err(|_| unavailable("the store is closed"))?;
        let idle = self.idle().pop();
        let connection = match idle {
            Some((connection, since)) if since.elapsed() < FRESH => connection,
            stale => {
                if stale.is_some() {
                    self.forget_idle();
                }
                let connecting = self.0.options.connect().await;
                Arc::new(AsyncMutex::new(connecting.map_err(|e| failed(&e))?))
            }
        };
        Ok(Lease {
            connection,
            _permit: permit,
        })
    }

    fn give_back(&self, lease: Lease<'_>) {
        self.idle().push((lease.connection, Instant::now()));
    }

    fn forget_idle(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease<'_> {
    async fn attempt<T, F>(&self, unit: Unit, work: impl Fn(Session) -> F) -> Attempt<T>
    where
        F: Future<Output = Attempt<T>>,
    {
        if unit == Unit::Statements {
            return work(self.session().await).await;
        }
        self.session().await.execute("BEGIN").await?;
        match work(self.session().await).await {
            Ok(answer) => {
                let committing = self.session().await.execute("COMMIT").await;
                committing.map_err(at_commit)?;
                Ok(answer)
            }
            Err(failure @ (Failure::Final(_) | Failure::Again(_))) => {
                self.session().await.execute("ROLLBACK").await?;
                Err(failure)
            }
            Err(failure) => Err(failure),
        }
    }

    async fn session(&self) -> Session {
        Arc::clone(&self.connection).lock_owned().await
    }
}

/// A commit that the server refused is none; one that was not answered may be one.
fn at_commit(error: sqlx::Error) -> Failure {
    match Failure::from(error) {
        Failure::Broken(Error::Unavailable { reason, .. }) => Failure::Unknown(unavailable(
            format!("{reason}, while a change was committed: it may be done"),
        )),
        refused => refused,
    }
}
