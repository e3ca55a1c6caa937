//! Where an archive under test lies: a new directory, or a new bucket on the server of `dev/test`.
//! Looks at what is there past the archive, and takes everything away at the end.

use std::{fs, path::Path, sync::Arc};

use bytes::Bytes;
use tempfile::TempDir;

use super::super::{Archive, connect};
use crate::config::ArchiveConfig;

#[derive(Debug)]
pub(in crate::ports::archive) enum ArchiveFixture {
    Directory(TempDir),
    #[cfg(feature = "aws")]
    S3Bucket(super::server::TestBucket),
}

impl ArchiveFixture {
    pub(super) fn directory() -> Self {
        Self::Directory(tempfile::tempdir().unwrap())
    }

    pub(super) async fn open(&self) -> Arc<dyn Archive> {
        let config = match self {
            Self::Directory(directory) => ArchiveConfig::Directory {
                path: directory.path().to_owned(),
            },
            #[cfg(feature = "aws")]
            Self::S3Bucket(bucket) => bucket.config(),
        };
        connect(&config).await.unwrap()
    }

    /// Everything that is kept here, by name.
    pub(super) async fn names(&self) -> Vec<String> {
        match self {
            Self::Directory(directory) => names_below(directory.path(), directory.path()),
            #[cfg(feature = "aws")]
            Self::S3Bucket(bucket) => bucket.keys().await,
        }
    }

    pub(super) async fn get(&self, name: &str) -> Bytes {
        match self {
            Self::Directory(directory) => fs::read(directory.path().join(name)).unwrap().into(),
            #[cfg(feature = "aws")]
            Self::S3Bucket(bucket) => bucket.get(name).await,
        }
    }

    /// Waits until nothing is kept here, not even half of an upload.
    pub(super) async fn becomes_empty(&self) {
        match self {
            Self::Directory(_) => assert!(self.names().await.is_empty()),
            #[cfg(feature = "aws")]
            Self::S3Bucket(bucket) => bucket.becomes_empty().await,
        }
    }

    pub(super) async fn remove(self) {
        match self {
            Self::Directory(directory) => directory.close().unwrap(),
            #[cfg(feature = "aws")]
            Self::S3Bucket(bucket) => bucket.remove().await,
        }
    }
}

fn names_below(root: &Path, directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(names_below(root, &path));
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            found.push(name.replace('\\', "/"));
        }
    }
    found.sort();
    found
}
