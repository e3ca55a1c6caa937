//! Uploads: the file is `{id}.part` while data arrives and `{id}` once it is complete and durable.
//!
//! An upload in progress holds a lock on its file, which the system releases when the process ends.
//! The lock distinguishes an upload of another process from an orphaned file.

use std::{
    fs,
    io::{self, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::{AsyncWriteExt, BufWriter};

use super::{run_io, sync_directory, unavailable};
use crate::{
    domain::{
        clock::Timestamp,
        error::{Error, Result},
    },
    ports::archive::{SpoolReader, SpoolWriter, check_id},
    private_files,
};

/// Bytes collected for one write to the disk.
const WRITE_BUFFER_BYTES: usize = 1024 * 1024;
const PART_EXTENSION: &str = "part";

#[derive(Debug)]
struct DirectoryUpload {
    part: PathBuf,
    path: PathBuf,
    file: BufWriter<tokio::fs::File>,
    finished: bool,
}

pub(super) async fn create(spool: &Path, import_id: &str) -> Result<Box<dyn SpoolWriter>> {
    let path = upload_path(spool, import_id)?;
    let part = path.with_extension(PART_EXTENSION);
    let target = part.clone();
    let file = run_io(&part, move || {
        let file = private_files::options().create_new(true).open(target)?;
        file.try_lock()?;
        Ok(file)
    })
    .await?;
    Ok(Box::new(DirectoryUpload {
        part,
        path,
        file: BufWriter::with_capacity(WRITE_BUFFER_BYTES, tokio::fs::File::from_std(file)),
        finished: false,
    }))
}

#[async_trait]
impl SpoolWriter for DirectoryUpload {
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
        run_io(&self.part, move || {
            fs::rename(&part, &path)?;
            path.parent().map_or(Ok(()), sync_directory)
        })
        .await?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for DirectoryUpload {
    fn drop(&mut self) {
        if !self.finished {
            // `remove_orphans` of the next start deletes a file that remains.
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// A missing or too short upload is `Corrupt`: waiting would not help.
pub(super) async fn open(spool: &Path, import_id: &str, offset: u64) -> Result<SpoolReader> {
    let path = upload_path(spool, import_id)?;
    let target = path.clone();
    let opened = run_io(&path, move || match open_at(&target, offset) {
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
    let path = upload_path(spool, import_id)?;
    let target = path.clone();
    run_io(&path, move || match fs::remove_file(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    })
    .await
}

pub(super) async fn list(spool: &Path, before: Timestamp) -> Result<Vec<String>> {
    let folder = spool.to_owned();
    let before = u64::try_from(before.millis()).unwrap_or_default();
    let before = SystemTime::UNIX_EPOCH + Duration::from_millis(before);
    run_io(spool, move || {
        let mut ids = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().into_string();
            // The name of a partial file is no id; a file may be gone by now.
            if let Ok(id) = name
                && check_id(&id).is_ok()
                && let Ok(metadata) = entry.metadata()
                && metadata.modified()? < before
            {
                ids.push(id);
            }
        }
        Ok(ids)
    })
    .await
}

/// Deletes the unfinished uploads of processes that have ended.
pub(super) fn remove_orphans(spool: &Path) -> io::Result<()> {
    for entry in fs::read_dir(spool)? {
        let path = entry?.path();
        let part = path
            .extension()
            .is_some_and(|extension| extension == PART_EXTENSION);
        if part && fs::File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn upload_path(spool: &Path, import_id: &str) -> Result<PathBuf> {
    check_id(import_id)?;
    Ok(spool.join(import_id))
}
