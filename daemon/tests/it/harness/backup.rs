//! A copy of a stopped daemon's store, and the way back to it, as operators have them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{TestDaemon, namespace::administer};

/// Where the copy is.
pub(crate) enum StoreBackup {
    /// Beside the store's file.
    File(PathBuf),
    /// In a database of nearly the same name.
    Database(String),
}

impl StoreBackup {
    /// Copies the store of a daemon that has ended.
    pub(crate) async fn take(daemon: &TestDaemon) -> Self {
        let Some(name) = daemon.database_name() else {
            let store = daemon.data_dir().join("store.db");
            let wal = fs::metadata(beside(&store, "-wal"));
            assert!(
                wal.map_or(0, |file| file.len()) == 0,
                "a clean stop tidies up"
            );
            fs::copy(&store, beside(&store, ".backup")).unwrap();
            return Self::File(store);
        };
        copy_database(&name, &format!("{name}_backup")).await;
        Self::Database(name)
    }

    /// Puts the copy in the place of what is there now. The daemon has ended.
    pub(crate) async fn restore(&self) {
        match self {
            Self::File(store) => {
                for rest in ["-wal", "-shm"] {
                    // They may be gone already.
                    let _ = fs::remove_file(beside(store, rest));
                }
                fs::copy(beside(store, ".backup"), store).unwrap();
            }
            Self::Database(name) => {
                administer(format!("DROP DATABASE {name} WITH (FORCE)")).await;
                copy_database(&format!("{name}_backup"), name).await;
            }
        }
    }
}

fn beside(store: &Path, suffix: &str) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push(suffix);
    PathBuf::from(path)
}

/// A database with sessions cannot be copied, and those of a process that has ended may take a moment.
async fn copy_database(from: &str, to: &str) {
    administer(format!(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{from}'"
    ))
    .await;
    administer(format!("CREATE DATABASE {to} TEMPLATE {from}")).await;
}
