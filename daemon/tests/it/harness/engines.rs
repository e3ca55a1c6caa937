//! Engines of one test alone, which it may kill, freeze and bring back.

use std::process::Command;

use tempfile::TempDir;

/// Started by `dev/engines` in a folder of their own; ended and deleted when dropped.
#[derive(Debug)]
pub(crate) struct TestEngines {
    folder: TempDir,
}

impl TestEngines {
    /// Starts the named ones.
    pub(crate) fn start(names: &[&str]) -> Self {
        let engines = Self {
            folder: TempDir::new().unwrap(),
        };
        engines.run("up", names);
        engines
    }

    /// Brings one back at its address.
    pub(crate) fn up(&self, name: &str) {
        self.run("up", &[name]);
    }

    /// Ends one as a crash does.
    pub(crate) fn kill(&self, name: &str) {
        self.run("kill", &[name]);
    }

    /// Stops one in its tracks: it is there and does not answer.
    pub(crate) fn freeze(&self, name: &str) {
        self.run("freeze", &[name]);
    }

    /// Lets a frozen one go on.
    pub(crate) fn thaw(&self, name: &str) {
        self.run("thaw", &[name]);
    }

    /// The value of a variable of its `env`.
    pub(crate) fn setting(&self, name: &str) -> String {
        let env = self.run("env", &[]);
        let prefix = format!("export {name}=");
        let line = env.lines().find_map(|line| line.strip_prefix(&prefix));
        line.unwrap_or_else(|| panic!("no {name} in {env}"))
            .to_owned()
    }

    fn run(&self, verb: &str, names: &[&str]) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../dev/engines");
        let output = Command::new(script)
            .env("PM_ENGINES_DIR", self.folder.path())
            .arg(verb)
            .args(names)
            .output()
            .unwrap();
        assert!(output.status.success(), "{verb} {names:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for TestEngines {
    fn drop(&mut self) {
        self.run("down", &["--purge"]);
    }
}
