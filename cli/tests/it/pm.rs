//! Running `pm` in a clean environment and looking at what it did.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// How long `poll` waits; reached only when something is broken.
const POLL_TIMEOUT: Duration = Duration::from_secs(60);

/// An environment to run `pm` in: a home directory, which is also the working directory, and
/// environment variables.
pub(crate) struct TestEnv {
    home: TempDir,
    environment: Vec<(String, String)>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct RunOutcome {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl TestEnv {
    pub(crate) fn new() -> Self {
        Self {
            home: TempDir::new().unwrap(),
            environment: Vec::new(),
        }
    }

    /// The same environment with another variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The command with its words, separated by spaces.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pm"));
        command
            .args(line.split_whitespace())
            .env_clear()
            .env("HOME", self.home.path())
            .envs(self.environment.iter().cloned())
            .current_dir(self.home.path());
        command
    }

    /// Runs it without a terminal.
    pub(crate) fn run(&self, line: &str) -> RunOutcome {
        let output = self.command(line).stdin(Stdio::null()).output().unwrap();
        RunOutcome::of(&output)
    }

    /// Runs it with this on standard input.
    pub(crate) fn run_with(&self, line: &str, input: &str) -> RunOutcome {
        let mut child = self.spawn(line);
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        RunOutcome::of(&child.wait_with_output().unwrap())
    }

    /// Starts it with pipes at every end.
    pub(crate) fn spawn(&self, line: &str) -> Child {
        self.command(line)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Runs it and expects success; gives its standard output.
    pub(crate) fn ok(&self, line: &str) -> String {
        let outcome = self.run(line);
        assert_eq!(outcome.code, 0, "pm {line}: {outcome:?}");
        outcome.out
    }

    /// Runs it with `-o json` and expects success; gives the answer.
    pub(crate) fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.ok(&format!("{line} -o json"))).unwrap()
    }
}

impl RunOutcome {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// The error on standard error, as programs read it.
    pub(crate) fn error(&self) -> Value {
        serde_json::from_str(self.err.lines().last().unwrap()).unwrap()
    }
}

/// Presses Ctrl-C.
pub(crate) fn interrupt(child: &Child) {
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// Repeats a question until there is an answer.
pub(crate) fn poll<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            start.elapsed() < POLL_TIMEOUT,
            "timed out waiting until {what}"
        );
        std::thread::park_timeout(Duration::from_millis(15));
    }
}

/// Every file directly in a directory, by name.
pub(crate) fn files(dir: &Path) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}
