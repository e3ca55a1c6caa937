//! What a directory promises beyond what every archive does.

use std::{fs, path::Path, sync::Arc};

use bytes::Bytes;

use super::{
    super::{Archive, connect},
    read, upload,
};
use crate::config::ArchiveConfig;

async fn open(directory: &Path) -> Arc<dyn Archive> {
    let path = directory.to_owned();
    connect(&ArchiveConfig::Directory { path }).await.unwrap()
}

/// What a crash left is removed at the next start; what is still arriving stays.
#[tokio::test]
async fn leftovers_go_and_living_uploads_stay() {
    let directory = tempfile::tempdir().unwrap();
    let archive = open(directory.path()).await;
    upload(&*archive, "imp_done", &[b"done"]).await;
    fs::write(directory.path().join("spool/imp_dead.part"), "half").unwrap();
    let mut living = archive.spool_create("imp_living").await.unwrap();
    living.write(Bytes::from_static(b"alive")).await.unwrap();
    let again = open(directory.path()).await;
    assert!(!directory.path().join("spool/imp_dead.part").exists());
    living.finish().await.unwrap();
    assert_eq!(read(&*again, "imp_living", 0).await, b"alive");
    assert_eq!(read(&*again, "imp_done", 0).await, b"done");
}

#[tokio::test]
async fn two_uploads_under_one_id_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let archive = open(directory.path()).await;
    let first = archive.spool_create("imp_1").await.unwrap();
    assert!(archive.spool_create("imp_1").await.is_err());
    first.finish().await.unwrap();
}
