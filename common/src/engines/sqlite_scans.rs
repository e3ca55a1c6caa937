//! Long reads of a SQLite file: few at a time, fair between sellers, each with a deadline.
//!
//! They have connections of their own, so that no other read waits for them. One whose caller is
//! gone, or whose time is over, is interrupted in the middle: its thread and its snapshot, which
//! keeps the WAL from being moved into the file, are free again.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::time::{Instant, timeout_at};

use super::{
    sqlite_db::{failed, unavailable},
    sqlite_options::read_options,
};
use crate::{
    domain::{
        error::{Error, Result},
        port::Port,
        seller::SellerId,
    },
    seller_permits::SellerPermits,
    unpoisoned::unpoisoned,
};

/// Steps of the virtual machine between two looks at the deadline.
const STEPS_PER_LOOK: i32 = 10_000;

/// The connections for long reads of a file. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct SqliteScans(Arc<ScanState>);

#[derive(Debug)]
struct ScanState {
    port: Port,
    options: SqliteConnectOptions,
    permits: SellerPermits,
    longest: Duration,
    idle: Mutex<Vec<ScanConnection>>,
}

#[derive(Debug)]
struct ScanConnection {
    connection: SqliteConnection,
    end: Arc<ScanEnd>,
}

/// When the read of a connection has to end.
#[derive(Debug)]
struct ScanEnd {
    opened: Instant,
    /// Milliseconds from `opened`.
    deadline: AtomicU64,
    /// The reads are counted.
    current: AtomicU64,
    /// The last read whose caller is gone.
    abandoned: AtomicU64,
}

/// A caller that waits for the read with this number.
struct WaitingCaller {
    end: Arc<ScanEnd>,
    number: u64,
}

impl SqliteScans {
    /// `longest`: how long a read may take, with its wait for a permit.
    pub(crate) fn new(port: Port, path: &Path, permits: SellerPermits, longest: Duration) -> Self {
        Self(Arc::new(ScanState {
            port,
            options: read_options(path),
            permits,
            longest,
            idle: Mutex::default(),
        }))
    }

    /// Runs a read of this seller.
    pub(crate) async fn run<T, F>(&self, seller: &SellerId, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        let deadline = Instant::now() + self.0.longest;
        let permit = timeout_at(deadline, self.0.permits.acquire(seller)).await;
        let permit = permit.map_err(|_| Error::Overloaded("other reads come first"))?;
        let mut scan = self.take().await?;
        let caller = WaitingCaller {
            number: scan.end.begin(deadline),
            end: Arc::clone(&scan.end),
        };
        let state = Arc::clone(&self.0);
        // Until the connection is free again, whatever becomes of the caller.
        let task = tokio::spawn(async move {
            let answer = work(&mut scan.connection).await;
            let late = scan.end.is_over();
            state.idle().push(scan);
            drop(permit);
            match answer {
                Err(Error::Unavailable { .. }) if late => Err(state.too_late()),
                answer => answer,
            }
        });
        let answer = task.await;
        drop(caller);
        answer.unwrap_or_else(|error| Err(unavailable(self.0.port, error)))
    }

    async fn take(&self) -> Result<ScanConnection> {
        let idle = self.0.idle().pop();
        match idle {
            Some(scan) => Ok(scan),
            None => self
                .0
                .open()
                .await
                .map_err(|error| failed(self.0.port, error)),
        }
    }
}

impl ScanState {
    async fn open(&self) -> sqlx::Result<ScanConnection> {
        let mut connection = SqliteConnection::connect_with(&self.options).await?;
        let end = Arc::new(ScanEnd {
            opened: Instant::now(),
            deadline: AtomicU64::new(0),
            current: AtomicU64::new(0),
            abandoned: AtomicU64::new(0),
        });
        let looked_at = Arc::clone(&end);
        let mut handle = connection.lock_handle().await?;
        handle.set_progress_handler(STEPS_PER_LOOK, move || !looked_at.is_over());
        drop(handle);
        Ok(ScanConnection { connection, end })
    }

    fn too_late(&self) -> Error {
        let seconds = self.longest.as_secs();
        unavailable(self.port, format!("no answer within {seconds} s"))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<ScanConnection>> {
        unpoisoned(self.idle.lock())
    }
}

impl ScanEnd {
    /// Begins the next read; answers its number.
    fn begin(&self, deadline: Instant) -> u64 {
        let left = deadline.saturating_duration_since(self.opened);
        let millis = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        self.deadline.store(millis, SeqCst);
        self.current.fetch_add(1, SeqCst) + 1
    }

    fn is_over(&self) -> bool {
        let passed = self.opened.elapsed().as_millis();
        self.abandoned.load(SeqCst) >= self.current.load(SeqCst)
            || passed > u128::from(self.deadline.load(SeqCst))
    }
}

impl Drop for WaitingCaller {
    fn drop(&mut self) {
        // A later read of the connection is not this caller's.
        self.end.abandoned.fetch_max(self.number, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::time::{sleep, timeout};

    use sqlx::migrate::Migrator;

    use super::*;
    use crate::engines::sqlite_db::SqliteDb;

    /// Counts for ever.
    const ENDLESS: &str = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) \
        SELECT count(*) FROM n";
    const HOUR: Duration = Duration::from_secs(3600);

    async fn scans(directory: &Path, longest: Duration) -> SqliteScans {
        let path = directory.join("test.db");
        let nothing = Migrator::DEFAULT;
        SqliteDb::open(Port::Store, &path, &nothing).await.unwrap();
        SqliteScans::new(Port::Store, &path, SellerPermits::new(1, 1), longest)
    }

    async fn count(scans: &SqliteScans, sql: &'static str) -> Result<i64> {
        let seller = SellerId::parse("a").unwrap();
        scans
            .run(&seller, move |connection| Box::pin(read(connection, sql)))
            .await
    }

    async fn read(connection: &mut SqliteConnection, sql: &'static str) -> Result<i64> {
        let count = sqlx::query_scalar(sql).fetch_one(connection).await;
        count.map_err(|error| failed(Port::Store, error))
    }

    /// Red when: a read goes on without its caller; it would for an hour.
    #[tokio::test]
    async fn a_read_ends_with_its_caller() {
        let directory = tempfile::tempdir().unwrap();
        let scans = scans(directory.path(), HOUR).await;
        let mut endless = Box::pin(count(&scans, ENDLESS));
        while scans
            .0
            .permits
            .try_acquire(&SellerId::parse("b").unwrap())
            .is_ok()
        {
            assert!((&mut endless).now_or_never().is_none());
            sleep(Duration::from_millis(1)).await;
        }
        assert!((&mut endless).now_or_never().is_none());
        drop(endless);
        let next = timeout(Duration::from_secs(60), count(&scans, "SELECT 7")).await;
        assert_eq!(next.expect("the permit is free").unwrap(), 7);
    }

    /// Red when: a read has no deadline, or its connection cannot be used again.
    #[tokio::test]
    async fn a_read_ends_in_time() {
        let directory = tempfile::tempdir().unwrap();
        let scans = scans(directory.path(), Duration::from_millis(200)).await;
        let late = count(&scans, ENDLESS).await;
        assert!(matches!(late, Err(Error::Unavailable { .. })), "{late:?}");
        assert_eq!(count(&scans, "SELECT 7").await.unwrap(), 7);
        assert_eq!(scans.0.idle().len(), 1);
    }
}
