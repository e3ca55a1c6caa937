//! A real `pmd` process on a free port and a data directory of its own.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Once},
};

use pm_common::domain::clock;
use reqwest::Client;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use super::{DEADLINE, HttpReply, SellerClient, TestNamespace, TopicReader, answer, poll};

/// A running daemon; killed when dropped. After a failed test its log is shown.
pub(crate) struct TestDaemon {
    child: Child,
    pub(crate) url: String,
    pub(crate) http: Client,
    setup: DaemonSetup,
}

/// What a daemon is started on; it outlives the process.
#[derive(Clone)]
struct DaemonSetup {
    home: Arc<TempDir>,
    namespace: Arc<TestNamespace>,
    settings: Vec<(String, String)>,
    /// The limit of open files, where it is not the test's own.
    descriptors: Option<u32>,
}

impl TestDaemon {
    /// Starts one whose rate limits are out of the way.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts one with more settings.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        Self::launch(DaemonSetup::new(TestNamespace::take().await, settings)).await
    }

    /// Starts one on the embedded engines, whatever this run is about: for tests that look at
    /// what only those have.
    pub(crate) async fn embedded(settings: &[(&str, &str)]) -> Self {
        Self::launch(DaemonSetup::new(TestNamespace::embedded(), settings)).await
    }

    /// Starts one on the embedded engines that may have this many files and connections.
    pub(crate) async fn with_descriptors(limit: u32, settings: &[(&str, &str)]) -> Self {
        let mut setup = DaemonSetup::new(TestNamespace::embedded(), settings);
        setup.descriptors = Some(limit);
        Self::launch(setup).await
    }

    /// Starts one in a namespace.
    pub(crate) async fn on(namespace: TestNamespace, settings: &[(&str, &str)]) -> Self {
        Self::launch(DaemonSetup::new(namespace, settings)).await
    }

    async fn launch(setup: DaemonSetup) -> Self {
        let log_file = setup.log_file();
        let log = fs::File::create(&log_file).unwrap();
        let mut child = setup
            .command()
            .arg("serve")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let url = poll("pmd listens", async || {
            let log = fs::read_to_string(&log_file).unwrap();
            if let Some(status) = child.try_wait().unwrap() {
                panic!("pmd ended with {status}:\n{log}");
            }
            let after = log.split_once("listening on ")?.1;
            after
                .contains('\n')
                .then(|| after.split_whitespace().next().unwrap().to_owned())
        })
        .await;
        Self {
            child,
            url,
            http: client(),
            setup,
        }
    }

    /// Kills it as `kill -9` does: nothing is finished, nothing is flushed.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on what the killed process left.
    pub(crate) async fn restart(mut self) -> Self {
        self.kill();
        Self::launch(self.setup.clone()).await
    }

    /// Starts another one on the same engines, with a data directory of its own.
    pub(crate) async fn beside(&self, settings: &[(&str, &str)]) -> Self {
        let mut setup = self.setup.clone();
        setup.home = Arc::new(TempDir::new().unwrap());
        setup.settings.extend(owned(settings));
        Self::launch(setup).await
    }

    /// Asks it to stop as a service manager does.
    pub(crate) fn ask_to_stop(&self) {
        self.signal("TERM");
    }

    /// Waits until the process has ended.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        poll("pmd ends", async || self.child.try_wait().unwrap()).await
    }

    /// Runs another `pmd` command with the same settings; answers its standard output.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.setup.command().args(arguments).output().unwrap();
        assert!(output.status.success(), "pmd {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs another `pmd` command with the same settings and more, however it ends.
    pub(crate) fn command(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        let mut command = self.setup.command();
        command.args(arguments).envs(settings.iter().copied());
        command.output().unwrap()
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.setup.home.path().join("data")
    }

    /// The objects below `under` of the archive, as files.
    pub(crate) async fn archive(&self, under: &str) -> PathBuf {
        self.setup.namespace.archive(&self.data_dir(), under).await
    }

    /// The Kafka it uses.
    pub(crate) fn kafka(&self) -> TopicReader {
        TopicReader::of(&self.setup.namespace)
    }

    /// The name of its database, where that is a server's.
    pub(crate) fn database_name(&self) -> Option<String> {
        let url = self.setup.namespace.get("DATABASE_URL")?;
        url.rsplit('/').next().map(str::to_owned)
    }

    /// A connection to its database, where that is a server.
    pub(crate) async fn database(&self) -> PgConnection {
        let url = self.setup.namespace.get("DATABASE_URL").unwrap();
        PgConnection::connect(url).await.unwrap()
    }

    /// Sends a signal such as `STOP`.
    pub(crate) fn signal(&self, signal: &str) {
        let (signal, pid) = (format!("-{signal}"), self.child.id().to_string());
        let sent = Command::new("kill").args([signal, pid]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.setup.log_file()).unwrap()
    }

    /// Someone who sends this seller id.
    pub(crate) fn seller(&self, id: &str) -> SellerClient {
        SellerClient::new(self.http.clone(), &self.url, id)
    }

    /// A request without a seller.
    pub(crate) async fn get(&self, path: &str) -> HttpReply {
        answer(self.http.get(format!("{}{path}", self.url))).await
    }

    /// Waits until every committed event was published and is in the inbox.
    pub(crate) async fn wait_published(&self) {
        self.quiet(&["notification-service-group"]).await;
    }

    /// Waits until every committed event is in its topic.
    pub(crate) async fn wait_relayed(&self) {
        self.quiet(&[]).await;
    }

    /// Waits until every committed event is counted and archived as well.
    pub(crate) async fn wait_counted(&self) {
        self.quiet(&["notification-service-group", "analytics-service-group"])
            .await;
    }

    /// Nothing waits, by a look that was begun from now on: callers share what was found a moment
    /// ago.
    async fn quiet(&self, groups: &[&str]) {
        let now = clock::now().to_string();
        poll("all events are consumed", async || {
            let health = self.get("/health").await.json();
            let kafka = &health["services"]["kafka"];
            let waiting = groups.iter().map(|group| &kafka["consumer_lag"][*group]);
            let mut waiting = waiting.chain([&kafka["outbox_backlog"]]);
            let begun_later = health["timestamp"].as_str() > Some(&now);
            (begun_later && waiting.all(|n| *n == json!(0))).then_some(())
        })
        .await;
    }
}

impl Drop for TestDaemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.setup.log_file()).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            let last = lines.len().saturating_sub(30);
            eprintln_log(&lines[last..].join("\n"));
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the log belongs to the failed test's output"
)]
fn eprintln_log(lines: &str) {
    eprintln!("--- the end of pmd's log ---\n{lines}");
}

impl DaemonSetup {
    fn new(namespace: TestNamespace, settings: &[(&str, &str)]) -> Self {
        Self {
            home: Arc::new(TempDir::new().unwrap()),
            namespace: Arc::new(namespace),
            settings: owned(settings),
            descriptors: None,
        }
    }

    /// The same after a restart, another one for a daemon beside it.
    fn node(&self) -> String {
        let folder = self.home.path().file_name().unwrap();
        folder.to_str().unwrap().trim_start_matches('.').to_owned()
    }

    fn log_file(&self) -> PathBuf {
        self.home.path().join("log")
    }

    /// `pmd` with nothing of the caller's environment.
    fn command(&self) -> Command {
        let pmd = env!("CARGO_BIN_EXE_pmd");
        let mut command = match self.descriptors {
            None => Command::new(pmd),
            Some(limit) => {
                let mut shell = Command::new("/bin/sh");
                shell.args([
                    "-c",
                    &format!("ulimit -n {limit} && exec \"$0\" \"$@\""),
                    pmd,
                ]);
                shell
            }
        };
        command
            .env_clear()
            .env("PORT", "0")
            .env("HOST", "127.0.0.1")
            .env("PMD_NODE", self.node())
            .env("PMD_DATA_DIR", self.home.path().join("data"))
            .env("RATE_LIMIT_STANDARD", "1000000")
            .env("RATE_LIMIT_BULK", "1000000")
            .env("ARCHIVE_INTERVAL_SECONDS", "1");
        for (name, value) in self.namespace.settings().iter().chain(&self.settings) {
            command.env(name, value);
        }
        command
    }
}

fn owned(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = settings.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .unwrap();
    });
    Client::builder().read_timeout(DEADLINE).build().unwrap()
}
