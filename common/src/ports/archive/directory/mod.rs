//! The archive in a local directory, with the subdirectories `events/` and `spool/`.
//!
//! A file appears under its name only when it is complete and durable: it is written under another
//! name, synced and renamed, then its directory is synced. The next start deletes the partial files
//! of a crashed process.

mod spool;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;

use super::{Archive, SpoolReader, SpoolWriter, event_file::EventColumns, events_key};
use crate::{
    domain::{
        clock::Timestamp,
        error::{Error, Result},
        port::Port,
    },
    ports::broker::Delivery,
    private_files,
};

const ENGINE: &str = "archive directory";

#[derive(Debug)]
struct DirectoryArchive {
    root: PathBuf,
    spool: PathBuf,
}

/// Opens or creates the directory.
pub(super) async fn connect(path: &Path) -> Result<Arc<dyn Archive>> {
    let archive = DirectoryArchive {
        root: path.to_owned(),
        spool: path.join("spool"),
    };
    let spool = archive.spool.clone();
    run_io(path, move || {
        private_files::create_dir(&spool)?;
        spool::remove_orphans(&spool)
    })
    .await?;
    Ok(Arc::new(archive))
}

#[async_trait]
impl Archive for DirectoryArchive {
    async fn events_put(&self, deliveries: &[Delivery]) -> Result<()> {
        let columns = EventColumns::of(deliveries)?;
        let (Some(first), Some(at)) = (deliveries.first(), columns.first_timestamp()) else {
            return Ok(());
        };
        let path = self.root.join(events_key(first, at));
        // Encoding needs CPU time and writing waits for the disk: neither may block the runtime.
        let object = run_blocking(move || columns.encode()).await??;
        let target = path.clone();
        run_io(&path, move || {
            let directory = target.parent().unwrap_or(&target);
            create_durably(directory)?;
            replace(directory, &target, &object)
        })
        .await
    }

    async fn spool_create(&self, import_id: &str) -> Result<Box<dyn SpoolWriter>> {
        spool::create(&self.spool, import_id).await
    }

    async fn spool_open(&self, import_id: &str, offset: u64) -> Result<SpoolReader> {
        spool::open(&self.spool, import_id, offset).await
    }

    async fn spool_list(&self, before: Timestamp) -> Result<Vec<String>> {
        spool::list(&self.spool, before).await
    }

    async fn spool_remove(&self, import_id: &str) -> Result<()> {
        spool::remove(&self.spool, import_id).await
    }

    async fn ping(&self) -> Result<()> {
        let spool = self.spool.clone();
        run_io(&self.spool, move || fs::metadata(spool).map(drop)).await
    }
}

/// Writes a complete file under its name and replaces an older one.
fn replace(directory: &Path, target: &Path, content: &[u8]) -> io::Result<()> {
    let part = target.with_extension("part");
    let mut file = private_files::options().truncate(true).open(&part)?;
    io::Write::write_all(&mut file, content)?;
    file.sync_all()?;
    fs::rename(&part, target)?;
    sync_directory(directory)
}

/// Creates a directory of events that survives a power failure.
fn create_durably(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    private_files::create_dir(directory)?;
    directory
        .ancestors()
        .skip(1)
        .take(2)
        .try_for_each(sync_directory)
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}

/// Runs I/O on a blocking thread. The error of a failure names the path.
async fn run_io<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    run_blocking(work)
        .await?
        .map_err(|error| unavailable(path, &error))
}

async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::unavailable(Port::Archive, ENGINE, error))
}

fn unavailable(path: &Path, error: &io::Error) -> Error {
    let reason = format!("{}: {error}", path.display());
    Error::unavailable(Port::Archive, ENGINE, reason)
}
