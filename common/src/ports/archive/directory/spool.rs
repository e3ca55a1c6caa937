//! Uploads: `{id}.part` while they arrive, `{id}` once they are complete and on the disk.
//!
//! An arriving upload holds a lock on its file, which the system takes back when the process
//! ends; so a leftover is told from an upload of another process that uses the same directory.

use std::{
    fs,
    io::{self, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::{AsyncWriteExt, BufWriter};

use super::{blocking, sync_directory, unavailable};
use crate::{
    domain::error::{Error, Result},
    ports::archive::{SpoolReader, SpoolWriter, check_id},
};

/// Bytes gathered before they go to the disk together.
const BUFFER: usize = 1024 * 1024;
const PART: &str = "part";

#[derive(Debug)]
struct Upload {
    part: PathBuf,
    path: PathBuf,
    file: BufWriter<tokio::fs::File>,
    finished: bool,
}

pub(super) async fn create(spool: &Path, import_id: &str) -> Result<Box<dyn SpoolWriter>> {
    let path = path_of(spool, import_id)?;
    let part = path.with_extension(PART);
    let target = part.clone();
    let file = blocking(&part, move || {
        let file = fs::File::create_new(target)?;
        file.try_lock()?;
        Ok(file)
    })
    .await?;
    Ok(Box::new(Upload {
        part,
        path,
        file: BufWriter::with_capacity(BUFFER, tokio::fs::File::from_std(file)),
        finished: false,
    }))
}

#[async_trait]
impl SpoolWriter for Upload {
    async fn write(&mut self, chunk: Bytes) -> Result<()> {
        let written = self.file.write_all(&chunk).await;
        written.map_err(|error| unavailable(&self.part, &error))
    }

    async fn finish(mut self: Box<Self>) -> Result<()> {
        let failed = |error| unavailable(&self.part, &error);
        self.file.flush().await.map_err(failed)?;
        let failed = |error| unavailable(&self.part, &error);
        self.file.get_ref().sync_all().await.map_err(failed)?;
        let (part, path) = (self.part.clone(), self.path.clone());
        blocking(&self.part, move || {
            fs::rename(&part, &path)?;
            path.parent().map_or(Ok(()), sync_directory)
        })
        .await?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.finished {
            // A file that stays is found by `remove_leftovers`.
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// A missing or too short upload is `Corrupt`: waiting does not bring it back.
pub(super) async fn open(spool: &Path, import_id: &str, offset: u64) -> Result<SpoolReader> {
    let path = path_of(spool, import_id)?;
    let target = path.clone();
    let opened = blocking(&path, move || match open_at(&target, offset) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        opened => opened.map(Some),
    })
    .await?;
    let file = opened.ok_or_else(|| {
        Error::Corrupt(format!(
            "the upload of import {import_id} is missing or shorter than {offset} bytes"
        ))
    })?;
    Ok(Box::new(file))
}

fn open_at(path: &Path, offset: u64) -> io::Result<fs::File> {
    let mut file = fs::File::open(path)?;
    if file.metadata()?.len() < offset {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    file.seek(SeekFrom::Start(offset))?;
    Ok(file)
}

pub(super) async fn remove(spool: &Path, import_id: &str) -> Result<()> {
    let path = path_of(spool, import_id)?;
    let target = path.clone();
    blocking(&path, move || match fs::remove_file(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    })
    .await
}

/// Removes what processes that are gone had begun.
pub(super) fn remove_leftovers(spool: &Path) -> io::Result<()> {
    for entry in fs::read_dir(spool)? {
        let path = entry?.path();
        let part = path.extension().is_some_and(|extension| extension == PART);
        if part && fs::File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn path_of(spool: &Path, import_id: &str) -> Result<PathBuf> {
    check_id(import_id)?;
    Ok(spool.join(import_id))
}
