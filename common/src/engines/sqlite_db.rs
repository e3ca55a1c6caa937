//! What the embedded adapters share: opening a SQLite file, one writer that commits waiting
//! writes together, and a pool of readers.
//!
//! Files are in WAL mode with `synchronous=FULL`: what a write answered survives the process and
//! the machine. One fsync answers every write that waited for it.

mod wal_keeper;
mod write_job;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use sqlx::{
    Connection, SqliteConnection, SqlitePool, migrate::Migrator, sqlite::SqliteConnectOptions,
};
use tokio::sync::{Notify, mpsc, oneshot};

use self::{
    wal_keeper::{CUT_WAL, WalKeeper},
    write_job::{PendingWrite, WriteJob},
};
use super::{
    migration::other_schema,
    sqlite_options::{BUSY_TIMEOUT, file_options, pool},
};
use crate::{
    domain::{
        error::{Error, Result},
        port::Port,
    },
    private_files,
};

const ENGINE: &str = "SQLite";
const MAX_READERS: u32 = 4;
/// Writes that may wait; more callers wait to enqueue.
const MAX_QUEUED_WRITES: usize = 1024;
/// Writes committed together at most, and how old a group may grow: none waits for long.
const MAX_GROUP_WRITES: usize = 256;
const MAX_GROUP_AGE: Duration = Duration::from_millis(10);
/// What the writer keeps in memory at most, in KiB; index pages of a large table live here.
const WRITER_CACHE_KIB: u32 = 8 * 1024;
/// Pages in the WAL before they are moved to the file: pages that change often are moved once.
const CHECKPOINT_PAGES: u32 = 4096;

/// An open file.
#[derive(Debug, Clone)]
pub(crate) struct SqliteDb {
    port: Port,
    path: PathBuf,
    readers: SqlitePool,
    /// For what must not wait for other reads.
    probe: SqlitePool,
    writer: mpsc::Sender<Box<dyn WriteJob>>,
    committed: Arc<Notify>,
    /// The last group of writes was not stored.
    writes_fail: Arc<AtomicBool>,
}

impl SqliteDb {
    /// Opens or creates the file and migrates it.
    pub(crate) async fn open(port: Port, path: &Path, migrator: &Migrator) -> Result<Self> {
        private_files::ensure(path)
            .map_err(|error| unavailable(port, format!("{}: {error}", path.display())))?;
        let options = file_options(path).create_if_missing(true);
        let writing = options
            .clone()
            .pragma("cache_size", format!("-{WRITER_CACHE_KIB}"))
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string());
        let mut connection = SqliteConnection::connect_with(&writing)
            .await
            .map_err(|error| failed(port, error))?;
        migrator.run(&mut connection).await.map_err(|error| {
            other_schema(&error, "PMD_DATA_DIR").unwrap_or_else(|| {
                unavailable(port, format!("cannot migrate {}: {error}", path.display()))
            })
        })?;
        let readers = pool(path, MAX_READERS);
        let (writer, jobs) = mpsc::channel(MAX_QUEUED_WRITES);
        let committed = Arc::new(Notify::new());
        let wal = WalKeeper::new(path);
        let writes_fail = Arc::new(AtomicBool::new(false));
        let shared = (Arc::clone(&committed), Arc::clone(&writes_fail));
        tokio::spawn(write_loop(connection, jobs, shared, wal));
        Ok(Self {
            port,
            path: path.to_owned(),
            readers,
            probe: pool(path, 1),
            writer,
            committed,
            writes_fail,
        })
    }

    /// Moves the WAL into the file. Reads fail from then on.
    pub(crate) async fn close(&self) {
        tokio::join!(self.readers.close(), self.probe.close());
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .busy_timeout(BUSY_TIMEOUT);
        let cut = async {
            let mut connection = SqliteConnection::connect_with(&options).await?;
            sqlx::query(CUT_WAL).execute(&mut connection).await?;
            connection.close().await
        };
        if let Err(error) = cut.await {
            tracing::warn!(path = %self.path.display(), %error, "the WAL stays as it is");
        }
    }

    /// For reads; each sees the last commit.
    pub(crate) const fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// For the reads that health and identity depend on.
    pub(crate) const fn probe(&self) -> &SqlitePool {
        &self.probe
    }

    /// Runs `work` inside a transaction that other waiting writes may share; its own changes are
    /// undone when it answers an error. Answers once everything is committed. Once enqueued, the
    /// work is done even if the caller goes away.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = PendingWrite {
            port: self.port,
            work: Some(work),
            result: None,
            reply,
        };
        let gone = || unavailable(self.port, "the writer has stopped");
        self.writer.send(Box::new(job)).await.map_err(|_| gone())?;
        // It stopped while it had the work.
        let lost = |_| Error::outcome_unknown(self.port, ENGINE, "the writer has stopped");
        answer.await.map_err(lost)?
    }

    /// Notified after every commit; one without a waiter is remembered.
    pub(crate) fn committed(&self) -> &Notify {
        &self.committed
    }

    /// One cheap read; once writes have failed, a write as well: reads go on when a disk is full.
    pub(crate) async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1")
            .execute(&self.probe)
            .await
            .map_err(|error| failed(self.port, error))?;
        if self.writes_fail.load(SeqCst) {
            self.probe_write().await?;
        }
        Ok(())
    }

    /// Writes a row that needs room on the disk.
    async fn probe_write(&self) -> Result<()> {
        let port = self.port;
        self.write(move |connection| {
            Box::pin(async move {
                let probe = sqlx::query(
                    "CREATE TABLE IF NOT EXISTS write_probe (id INTEGER PRIMARY KEY, filler BLOB); \
                     INSERT OR REPLACE INTO write_probe VALUES (1, randomblob(65536))",
                );
                let probed = probe.execute(connection).await;
                probed.map(drop).map_err(|error| failed(port, error))
            })
        })
        .await
    }
}

/// The error kind of an engine failure.
pub(crate) fn failed(port: Port, error: sqlx::Error) -> Error {
    match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            Error::Corrupt(error.to_string())
        }
        other => unavailable(port, other),
    }
}

pub(crate) fn unavailable(port: Port, reason: impl fmt::Display) -> Error {
    Error::unavailable(port, ENGINE, reason)
}

async fn write_loop(
    mut connection: SqliteConnection,
    mut jobs: mpsc::Receiver<Box<dyn WriteJob>>,
    (committed, writes_fail): (Arc<Notify>, Arc<AtomicBool>),
    mut wal: WalKeeper,
) {
    while let Some(first) = jobs.recv().await {
        let mut done = vec![first];
        let outcome = write_group(&mut connection, &mut done, &mut jobs).await;
        let failing = outcome.is_err() || done.iter().any(|job| job.was_not_stored());
        // Said once for each outage, and not for each write.
        match (writes_fail.swap(failing, SeqCst), failing) {
            (false, true) => tracing::error!(
                reason = outcome.as_ref().err().map(ToString::to_string),
                "writes fail: is the disk full?"
            ),
            (true, false) => tracing::warn!("writes work again"),
            _ => {}
        }
        match &outcome {
            Ok(()) => committed.notify_one(),
            Err(_) => {
                // Fails when there is no open transaction, which is just what is wanted.
                let _ = sqlx::query("ROLLBACK").execute(&mut connection).await;
            }
        }
        let error = outcome.err().map(|error| error.to_string());
        for job in done {
            job.finish(error.as_deref());
        }
        wal.cut_when_large(&mut connection).await;
    }
    // Moves the WAL into the file.
    let _ = connection.close().await;
}

/// Runs the first job and all that wait by then in one transaction. A savepoint after the last
/// job that may stay undoes what a failed one did. Every statement is a trip to the connection's
/// thread, so what belongs together travels together.
async fn write_group(
    connection: &mut SqliteConnection,
    done: &mut Vec<Box<dyn WriteJob>>,
    jobs: &mut mpsc::Receiver<Box<dyn WriteJob>>,
) -> sqlx::Result<()> {
    let started = Instant::now();
    sqlx::query("BEGIN IMMEDIATE; SAVEPOINT job")
        .execute(&mut *connection)
        .await?;
    let mut next = done.pop();
    while let Some(mut job) = next {
        let keep = job.run(connection).await;
        done.push(job);
        next = (done.len() < MAX_GROUP_WRITES && started.elapsed() < MAX_GROUP_AGE)
            .then(|| jobs.try_recv().ok())
            .flatten();
        match (keep, &next) {
            (false, _) => sqlx::query("ROLLBACK TO job"),
            (true, Some(_)) => sqlx::query("RELEASE job; SAVEPOINT job"),
            (true, None) => break,
        }
        .execute(&mut *connection)
        .await?;
    }
    sqlx::query("COMMIT").execute(&mut *connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::{wal_keeper::MAX_WAL_BYTES, *};

    static NOTHING: Migrator = Migrator::DEFAULT;

    fn broken(error: sqlx::Error) -> Error {
        failed(Port::Store, error)
    }

    async fn open(directory: &Path) -> SqliteDb {
        let path = directory.join("test.db");
        let db = SqliteDb::open(Port::Store, &path, &NOTHING).await;
        let db = db.unwrap();
        run(&db, "CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT")
            .await
            .unwrap();
        db
    }

    async fn run(db: &SqliteDb, sql: &'static str) -> Result<()> {
        db.write(move |connection| {
            Box::pin(async move {
                sqlx::query(sql).execute(connection).await.map_err(broken)?;
                Ok(())
            })
        })
        .await
    }

    async fn numbers(db: &SqliteDb) -> Vec<i64> {
        let rows = sqlx::query_scalar("SELECT n FROM t ORDER BY n").fetch_all(db.readers());
        rows.await.unwrap()
    }

    /// Every third job fails after its change, every fifth panics there.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_failing_job_does_not_hurt_its_group() {
        let directory = tempfile::tempdir().unwrap();
        let db = open(directory.path()).await;
        let jobs = (0..300_i64).map(|n| {
            let db = db.clone();
            tokio::spawn(async move {
                db.write(move |connection| {
                    Box::pin(async move {
                        let insert = sqlx::query("INSERT INTO t VALUES (?)").bind(n);
                        insert.execute(connection).await.map_err(broken)?;
                        assert!(n % 5 != 0, "a defect");
                        if n % 3 == 0 {
                            return Err(Error::Corrupt("on purpose".to_owned()));
                        }
                        Ok(n)
                    })
                })
                .await
            })
        });
        let mut answered = Vec::new();
        for job in jobs.collect::<Vec<_>>() {
            answered.extend(job.await.unwrap().ok());
        }
        let expected: Vec<_> = (0..300).filter(|n| n % 5 != 0 && n % 3 != 0).collect();
        assert_eq!(answered, expected);
        assert_eq!(numbers(&db).await, expected);
    }

    /// A caller that stops waiting does not take its write back.
    #[tokio::test]
    async fn an_abandoned_write_is_done_and_reported() {
        let directory = tempfile::tempdir().unwrap();
        let db = open(directory.path()).await;
        db.committed().notified().await;
        let write = run(&db, "INSERT INTO t VALUES (1)");
        assert!(write.now_or_never().is_none(), "only enqueued");
        let notified = tokio::time::timeout(BUSY_TIMEOUT, db.committed().notified()).await;
        assert!(notified.is_ok(), "no commit was reported");
        assert_eq!(numbers(&db).await, [1]);
    }

    #[tokio::test]
    async fn readers_cannot_write() {
        let directory = tempfile::tempdir().unwrap();
        let db = open(directory.path()).await;
        let insert = sqlx::query("INSERT INTO t VALUES (1)").execute(db.readers());
        assert!(insert.await.is_err());
        db.ping().await.unwrap();
    }

    /// Two reads that overlap all the time, and 96 MiB of writes.
    ///
    /// Red when: no moment without old reads is waited for (the WAL grows by every write), or the
    /// WAL outlives the stop.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn overlapping_reads_do_not_make_the_wal_grow() {
        let directory = tempfile::tempdir().unwrap();
        let db = open(directory.path()).await;
        run(&db, "CREATE TABLE filler (n INTEGER PRIMARY KEY, b BLOB)")
            .await
            .unwrap();
        let reading = tokio::spawn({
            let db = db.clone();
            async move {
                let mut present = None;
                loop {
                    let mut read = db.readers().begin().await.unwrap();
                    let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM filler");
                    count.fetch_one(&mut *read).await.unwrap();
                    // The one before ends only now: there is no moment without a read.
                    present.replace(read);
                }
            }
        });
        for _ in 0..96 {
            let one = "INSERT OR REPLACE INTO filler VALUES (1, randomblob(1048576))";
            run(&db, one).await.unwrap();
        }
        let wal = directory.path().join("test.db-wal");
        assert!(wal.metadata().unwrap().len() < MAX_WAL_BYTES + (16 << 20));
        reading.abort();
        db.close().await;
        assert_eq!(wal.metadata().map_or(0, |wal| wal.len()), 0);
    }

    /// Another process holds the file for itself: reads go on, writes do not.
    ///
    /// Red when: `ping` only reads.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_file_that_takes_no_writes_is_not_healthy() {
        let directory = tempfile::tempdir().unwrap();
        let db = open(directory.path()).await;
        let options = SqliteConnectOptions::new().filename(directory.path().join("test.db"));
        let mut other = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query("BEGIN IMMEDIATE")
            .execute(&mut other)
            .await
            .unwrap();
        db.ping().await.unwrap();
        run(&db, "INSERT INTO t VALUES (1)").await.unwrap_err();
        db.ping().await.unwrap_err();
        sqlx::query("COMMIT").execute(&mut other).await.unwrap();
        db.ping().await.unwrap();
        run(&db, "INSERT INTO t VALUES (1)").await.unwrap();
        assert_eq!(numbers(&db).await, [1]);
    }
}
