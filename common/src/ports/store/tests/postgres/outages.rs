//! A server that ends a backend in the middle of a call, freezes, or comes back.
//!
//! The frozen server is a private one, made for the test from the binaries in `POSTGRES_BIN` (or
//! where Debian has them): all of its processes are stopped and woken by signal.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;

use super::{TestDatabase, open, run};
use crate::{
    domain::{
        error::{Error, Result},
        product::{ProductPatch, StockChange},
        query::{PageStart, ProductFilter, ProductQuery, SortBy, SortOrder},
    },
    ports::store::{
        Store,
        tests::{assert_gapless, create, lamp, seller},
    },
};

/// What a request has at most, and how soon the store works again.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// The call is done again on another connection, once.
///
/// Red when: a broken connection is not tried again (`MAX_ATTEMPTS` of 1).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_killed_backend_costs_nothing() {
    let database = TestDatabase::migrated().await;
    let store = database.open().await;
    let a = seller("a");
    let id = create(&store, &a, lamp()).await.id;
    let mut other = database.connect().await;
    run(&mut other, "BEGIN".to_owned()).await;
    run(&mut other, "SELECT * FROM products FOR UPDATE".to_owned()).await;
    let waiting = tokio::spawn({
        let (store, a) = (store.clone(), a.clone());
        let change = StockChange {
            delta: -1,
            reason: None,
        };
        async move { store.product_stock(&a, id, change, None).await }
    });
    let mut killer = database.connect().await;
    let started = Instant::now();
    loop {
        let killed: i64 = sqlx::query_scalar(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .fetch_one(&mut killer)
        .await
        .unwrap();
        if killed > 0 {
            break;
        }
        assert!(
            started.elapsed() < REQUEST_TIMEOUT,
            "no session waited for the lock"
        );
    }
    run(&mut other, "COMMIT".to_owned()).await;
    let sold = waiting.await.unwrap().unwrap().unwrap();
    assert_eq!((sold.quantity, sold.version), (49, 2));
    assert_eq!(assert_gapless(&store).await[&a], 2);
}

/// Idle connections that the server has closed are no one's trouble.
///
/// Red when: as above.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn closed_connections_are_replaced() {
    let database = TestDatabase::migrated().await;
    let store = database.open().await;
    let a = seller("a");
    let id = create(&store, &a, lamp()).await.id;
    for _ in 0..3 {
        for (_, call) in calls(&store, id) {
            call.await.unwrap();
        }
        let mut killer = database.connect().await;
        let others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
        run(&mut killer, others.to_owned()).await;
    }
    for (_, call) in calls(&store, id) {
        call.await.unwrap();
    }
}

/// Red when: a call has more time (`REQUEST_TIMEOUT` of 8 s).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_frozen_server_is_answered_for_and_heals() {
    let server = PrivateServer::start();
    let store = open(&server.url).await;
    let a = seller("a");
    let id = create(&store, &a, lamp()).await.id;
    for (_, call) in calls(&store, id) {
        call.await.unwrap();
    }
    for _ in 0..2 {
        server.signal("STOP");
        let frozen = Instant::now();
        // Twice as many calls as there are connections: those that wait for one are answered, too.
        let asked: Vec<_> = (0..4)
            .flat_map(|_| calls(&store, id))
            .map(|(name, call)| (name, tokio::spawn(call)))
            .collect();
        for (name, call) in asked {
            let answer = call.await.unwrap();
            assert!(
                matches!(answer, Err(Error::Unavailable { .. })),
                "{name}: {answer:?}"
            );
            assert!(
                frozen.elapsed() < REQUEST_TIMEOUT,
                "{name} took {:?}",
                frozen.elapsed()
            );
        }
        server.signal("CONT");
        let woken = Instant::now();
        for (name, call) in calls(&store, id) {
            let answer = call.await;
            assert!(answer.is_ok(), "{name}: {answer:?}");
        }
        assert!(
            woken.elapsed() < REQUEST_TIMEOUT,
            "healed after {:?}",
            woken.elapsed()
        );
    }
    assert_gapless(&store).await;
}

/// A server that may be read and not written, as a stand-by or one without room: no request is kept, and
/// health says so until it takes writes again.
///
/// Red when: `ping` only reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn a_server_that_stores_nothing_is_not_healthy() {
    let database = TestDatabase::migrated().await;
    let store = database.open().await;
    let a = seller("a");
    let id = create(&store, &a, lamp()).await.id;
    let mut admin = database.connect().await;
    for read_only in ["on", "off"] {
        let set = format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = {read_only}', \
             current_database()); END $$"
        );
        run(
            &mut admin,
            "SET default_transaction_read_only = off".to_owned(),
        )
        .await;
        run(&mut admin, set).await;
        let others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
        run(&mut admin, others.to_owned()).await;
        assert!(store.product_get(&a, id).await.unwrap().is_some());
        if read_only == "on" {
            let refused = store.product_create(&a, lamp(), None).await;
            assert!(
                matches!(refused, Err(Error::Unavailable { .. })),
                "{refused:?}"
            );
            store.ping().await.unwrap_err();
        } else {
            store.ping().await.unwrap();
            create(&store, &a, lamp()).await;
        }
    }
}

/// One call of each kind.
fn calls(store: &Arc<dyn Store>, id: i64) -> Vec<(&'static str, BoxFuture<'static, Result<()>>)> {
    fn call<F, T>(name: &'static str, work: F) -> (&'static str, BoxFuture<'static, Result<()>>)
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        (name, Box::pin(async move { work.await.map(|_| ()) }))
    }
    let all = || (store.clone(), seller("a"));
    let (ping, get, new, change, list, key) = (all(), all(), all(), all(), all(), all());
    vec![
        call("ping", async move { ping.0.ping().await }),
        call("get", async move { get.0.product_get(&get.1, id).await }),
        call("create", async move {
            new.0.product_create(&new.1, lamp(), None).await
        }),
        call("change", async move {
            let patch = ProductPatch {
                quantity: Some(1),
                ..ProductPatch::default()
            };
            change.0.product_update(&change.1, id, patch, None).await
        }),
        call("list", async move {
            let query = ProductQuery {
                filter: ProductFilter::default(),
                sort_by: SortBy::CreatedAt,
                sort_order: SortOrder::Desc,
                start: PageStart::Offset(0),
                limit: 20,
                count: true,
            };
            list.0.product_list(&list.1, &query).await
        }),
        call("key", async move { key.0.key_find("k").await }),
    ]
}

/// A server of this test's own.
struct PrivateServer {
    url: String,
    bin: PathBuf,
    home: tempfile::TempDir,
}

impl PrivateServer {
    fn start() -> Self {
        let home = tempfile::Builder::new()
            .prefix("pm-pg-")
            .tempdir_in("/tmp")
            .unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let server = Self {
            url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            bin: binaries(),
            home,
        };
        // PostgreSQL refuses root; the folder has to be the other user's.
        if is_root() {
            succeed(
                Command::new("chown")
                    .arg("postgres")
                    .arg(server.home.path()),
            );
        }
        let data = server.data();
        server.run(
            "initdb",
            &["-D", &data, "-U", "postgres", "-A", "trust", "--no-sync"],
        );
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        );
        let log = format!("{data}/log");
        server.run(
            "pg_ctl",
            &["-D", &data, "-w", "-l", &log, "-o", &options, "start"],
        );
        server
    }

    fn data(&self) -> String {
        self.home.path().join("data").to_str().unwrap().to_owned()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        succeed(
            command
                .args(arguments)
                .current_dir("/tmp")
                .stdout(Stdio::null()),
        );
    }

    /// To the server first, so that it starts no more processes, then to those it has. Some may be
    /// gone before their signal comes.
    fn signal(&self, name: &str) {
        let file = fs::read_to_string(Path::new(&self.data()).join("postmaster.pid")).unwrap();
        let postmaster = file.lines().next().unwrap();
        succeed(Command::new("kill").arg(format!("-{name}")).arg(postmaster));
        let mut children = Command::new("pkill");
        children.arg(format!("-{name}")).args(["-P", postmaster]);
        children.status().unwrap();
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        self.signal("CONT");
        self.run(
            "pg_ctl",
            &["-D", &self.data(), "-m", "immediate", "-w", "stop"],
        );
    }
}

fn binaries() -> PathBuf {
    if let Ok(folder) = std::env::var("POSTGRES_BIN") {
        return folder.into();
    }
    let versions =
        fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL's programs: set POSTGRES_BIN");
    let newest = versions.map(|entry| entry.unwrap().path()).max().unwrap();
    newest.join("bin")
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

fn succeed(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
