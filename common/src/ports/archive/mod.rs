//! Port: long-term storage: every event as Parquet, and the spool of import uploads.

mod directory;
mod event_file;
#[cfg(feature = "aws")]
mod s3;
#[cfg(test)]
mod tests;

use std::{io, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    config::ArchiveConfig,
    domain::{clock::Timestamp, error::Result, product::FieldError},
    ports::broker::Delivery,
};

/// Opens the configured engine. A directory is created now, a bucket by the first call that reaches
/// the server.
pub async fn connect(config: &ArchiveConfig) -> Result<Arc<dyn Archive>> {
    match config {
        ArchiveConfig::Directory { path } => directory::connect(path).await,
        #[cfg(feature = "aws")]
        ArchiveConfig::S3 { aws, bucket } => s3::connect(aws, bucket).await,
        #[cfg(not(feature = "aws"))]
        ArchiveConfig::S3 { .. } => Err(crate::domain::error::Error::not_built_in(
            crate::domain::port::Port::Archive,
            "S3",
        )),
    }
}

/// Reads a spooled upload from a byte offset; blocks its thread.
pub type SpoolReader = Box<dyn io::Read + Send>;

#[async_trait]
pub trait Archive: Send + Sync + std::fmt::Debug {
    /// Stores the events of one partition, consecutive in the log, as one Parquet object named
    /// `events/dt={day of the first}/{topic}+{partition}+{first offset}.parquet`. The object is
    /// durable when the call returns. Storing the same events again replaces it. `Corrupt` when a
    /// message is not an event.
    async fn events_put(&self, deliveries: &[Delivery]) -> Result<()>;

    /// Starts an upload under an import's id: 1 to 100 letters, digits, `_` and `-`.
    async fn spool_create(&self, import_id: &str) -> Result<Box<dyn SpoolWriter>>;

    /// Reads a finished upload from byte `offset`. `Corrupt` when it is missing or shorter.
    async fn spool_open(&self, import_id: &str, offset: u64) -> Result<SpoolReader>;

    /// The ids of finished uploads that are older than this.
    async fn spool_list(&self, before: Timestamp) -> Result<Vec<String>>;

    /// Deletes an upload; succeeds when there is none.
    async fn spool_remove(&self, import_id: &str) -> Result<()>;

    /// One cheap round trip.
    async fn ping(&self) -> Result<()>;
}

/// An upload in progress. Dropped without `finish`, it leaves no data.
#[async_trait]
pub trait SpoolWriter: Send + std::fmt::Debug {
    async fn write(&mut self, chunk: Bytes) -> Result<()>;

    /// Makes the upload durable and visible to `spool_open`.
    async fn finish(self: Box<Self>) -> Result<()>;
}

/// The name of an event file. `at` is the time of its first event.
fn events_key(first: &Delivery, at: Timestamp) -> String {
    let (topic, partition) = (first.record.topic.as_str(), first.partition);
    let (day, offset) = (at.day(), first.offset);
    format!("events/dt={day}/{topic}+{partition}+{offset}.parquet")
}

/// Ids become names of files and objects, so they may not contain path separators or dots.
fn check_id(import_id: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if import_id.is_empty() || import_id.len() > 100 || !import_id.bytes().all(plain) {
        let rule = "has 1 to 100 letters, digits, '_' and '-'";
        return Err(FieldError::new("import_id", "format", rule, import_id).into());
    }
    Ok(())
}
