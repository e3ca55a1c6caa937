//! The archive in a bucket of S3 or of a compatible server: `events/` and `spool/` are key prefixes.
//!
//! An object is visible as a whole or not at all, and durable when the call that wrote it returns.
//! No request is sent before the first use, so a process starts while S3 is unavailable. The first
//! call that succeeds creates a missing bucket.

mod bucket;
mod download;
mod multipart;
#[cfg(test)]
mod tests;
mod upload;

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use self::bucket::S3Bucket;
use super::{Archive, SpoolReader, SpoolWriter, check_id, event_file::EventColumns, events_key};
use crate::{
    config::Aws,
    domain::{
        clock::Timestamp,
        error::{Error, Result},
        port::Port,
    },
    ports::broker::Delivery,
};

const ENGINE: &str = "S3";

#[derive(Debug)]
struct S3Archive {
    bucket: Arc<S3Bucket>,
}

/// Prepares the client; sends no request yet.
pub(super) async fn connect(aws: &Aws, bucket: &str) -> Result<Arc<dyn Archive>> {
    let bucket = Arc::new(S3Bucket::new(aws, bucket).await);
    Ok(Arc::new(S3Archive { bucket }))
}

#[async_trait]
impl Archive for S3Archive {
    async fn events_put(&self, deliveries: &[Delivery]) -> Result<()> {
        let columns = EventColumns::of(deliveries)?;
        let (Some(first), Some(at)) = (deliveries.first(), columns.first_timestamp()) else {
            return Ok(());
        };
        // Encoding needs CPU time and may not block the runtime.
        let encoded = tokio::task::spawn_blocking(move || columns.encode()).await;
        let object = encoded.map_err(unavailable)??;
        self.bucket.ensure_ready().await?;
        self.bucket.put(&events_key(first, at), object.into()).await
    }

    async fn spool_create(&self, import_id: &str) -> Result<Box<dyn SpoolWriter>> {
        let key = spool_key(import_id)?;
        // A client gets the error before it sends its file.
        self.bucket.ensure_ready().await?;
        Ok(upload::create(Arc::clone(&self.bucket), key))
    }

    async fn spool_open(&self, import_id: &str, offset: u64) -> Result<SpoolReader> {
        let key = spool_key(import_id)?;
        self.bucket.ensure_ready().await?;
        let opened = download::open(Arc::clone(&self.bucket), key, offset).await?;
        opened.ok_or_else(|| {
            Error::Corrupt(format!(
                "the upload of import {import_id} is missing or shorter than {offset} bytes"
            ))
        })
    }

    async fn spool_list(&self, before: Timestamp) -> Result<Vec<String>> {
        self.bucket.ensure_ready().await?;
        let keys = self.bucket.list_before(SPOOL_PREFIX, before).await?;
        let ids = keys.iter().filter_map(|key| key.strip_prefix(SPOOL_PREFIX));
        let ids = ids.filter(|id| check_id(id).is_ok());
        Ok(ids.map(str::to_owned).collect())
    }

    async fn spool_remove(&self, import_id: &str) -> Result<()> {
        let key = spool_key(import_id)?;
        self.bucket.ensure_ready().await?;
        self.bucket.delete(&key).await
    }

    async fn ping(&self) -> Result<()> {
        self.bucket.ensure_ready().await?;
        self.bucket.ping().await
    }
}

/// Key prefix of every upload.
const SPOOL_PREFIX: &str = "spool/";

fn spool_key(import_id: &str) -> Result<String> {
    check_id(import_id)?;
    Ok(format!("{SPOOL_PREFIX}{import_id}"))
}

fn unavailable(reason: impl fmt::Display) -> Error {
    Error::unavailable(Port::Archive, ENGINE, reason)
}
