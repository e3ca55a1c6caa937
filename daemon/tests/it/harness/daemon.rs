//! A real `pmd` process on a free port and a data directory of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Once,
};

use reqwest::Client;
use serde_json::json;
use tempfile::TempDir;

use super::{DEADLINE, Reply, Seller, answer, poll};

/// A running daemon; killed when dropped. After a failed test its log is shown.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) url: String,
    pub(crate) http: Client,
    home: TempDir,
    settings: Vec<(String, String)>,
}

impl Daemon {
    /// Starts one whose rate limits are out of the way.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts one with more settings.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let home = TempDir::new().unwrap();
        let settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Self::launch(home, settings).await
    }

    async fn launch(home: TempDir, settings: Vec<(String, String)>) -> Self {
        let log = fs::File::create(home.path().join("log")).unwrap();
        let mut child = command(home.path(), &settings)
            .arg("serve")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let url = poll("pmd listens", async || {
            let log = fs::read_to_string(home.path().join("log")).unwrap();
            if let Some(status) = child.try_wait().unwrap() {
                panic!("pmd ended with {status}:\n{log}");
            }
            let behind = log.split_once("listening on ")?.1;
            behind
                .contains('\n')
                .then(|| behind.split_whitespace().next().unwrap().to_owned())
        })
        .await;
        Self {
            child,
            url,
            http: client(),
            home,
            settings,
        }
    }

    /// Kills it as `kill -9` does: nothing is finished, nothing is flushed.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on what the killed one left behind.
    pub(crate) async fn restart(mut self) -> Self {
        self.kill();
        let home = std::mem::replace(&mut self.home, TempDir::new().unwrap());
        let settings = std::mem::take(&mut self.settings);
        Self::launch(home, settings).await
    }

    /// Asks it to stop as a service manager does.
    pub(crate) fn ask_to_stop(&self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until the process has ended.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        poll("pmd ends", async || self.child.try_wait().unwrap()).await
    }

    /// Runs another `pmd` command with the same settings; answers its standard output.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = command(self.home.path(), &self.settings)
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "pmd {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap()
    }

    /// Someone who sends this seller id.
    pub(crate) fn seller(&self, id: &str) -> Seller {
        Seller::new(self.http.clone(), &self.url, id)
    }

    /// A request without a seller.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        answer(self.http.get(format!("{}{path}", self.url))).await
    }

    /// Waits until every committed event was published and people were told.
    pub(crate) async fn settled(&self) {
        self.quiet(&["notification-service-group"]).await;
    }

    /// Waits until every committed event is counted and archived as well.
    pub(crate) async fn counted(&self) {
        self.quiet(&["notification-service-group", "analytics-service-group"])
            .await;
    }

    /// Nothing waits, twice in a row: a message may be on its way between the two places that
    /// are counted.
    async fn quiet(&self, groups: &[&str]) {
        let mut quiet = 0;
        poll("all events are consumed", async || {
            let health = self.get("/health").await.json();
            let kafka = &health["services"]["kafka"];
            let waiting = groups.iter().map(|group| &kafka["consumer_lag"][*group]);
            let none = waiting
                .chain([&kafka["outbox_backlog"]])
                .all(|n| *n == json!(0));
            quiet = if none { quiet + 1 } else { 0 };
            (quiet == 2).then_some(())
        })
        .await;
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.home.path().join("log")).unwrap_or_default();
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

/// `pmd` with nothing of the caller's environment.
fn command(home: &Path, settings: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pmd"));
    command
        .env_clear()
        .env("PORT", "0")
        .env("HOST", "127.0.0.1")
        .env("PMD_DATA_DIR", home.join("data"))
        .env("RATE_LIMIT_STANDARD", "1000000")
        .env("RATE_LIMIT_BULK", "1000000")
        .env("ARCHIVE_INTERVAL_SECONDS", "1")
        .envs(settings.iter().map(|(name, value)| (name, value)));
    command
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
