//! The archive in a bucket of S3, or of a server that speaks its protocol: `events/` and `spool/`
//! are prefixes of keys.
//!
//! An object is there as a whole or not at all, and stays when the call that wrote it has
//! answered. Nothing is asked before the first use, so that a process starts while S3 is away; the
//! first use that gets through creates the bucket if it is missing.

mod bucket;
mod download;
mod parts;
#[cfg(test)]
mod tests;
mod upload;

use std::sync::Arc;

use async_trait::async_trait;

use self::bucket::Bucket;
use super::{Archive, SpoolReader, SpoolWriter, check_id, events_key, parquet::Columns};
use crate::{
    config::Aws,
    domain::error::{Error, Result},
    ports::broker::Delivery,
};

const ENGINE: &str = "S3";

#[derive(Debug)]
struct S3Archive {
    bucket: Arc<Bucket>,
}

/// Prepares the way to the bucket, without taking it.
pub(super) async fn connect(aws: &Aws, bucket: &str) -> Result<Arc<dyn Archive>> {
    let bucket = Arc::new(Bucket::new(aws, bucket).await);
    Ok(Arc::new(S3Archive { bucket }))
}

#[async_trait]
impl Archive for S3Archive {
    async fn events_put(&self, deliveries: &[Delivery]) -> Result<()> {
        let columns = Columns::of(deliveries)?;
        let (Some(first), Some(at)) = (deliveries.first(), columns.first_timestamp()) else {
            return Ok(());
        };
        // Encoding takes processor time, which must not hold up others.
        let encoded = tokio::task::spawn_blocking(move || columns.encode()).await;
        let object = encoded.map_err(|error| unavailable(error.to_string()))??;
        self.bucket.ready().await?;
        self.bucket.put(&events_key(first, at), object.into()).await
    }

    async fn spool_create(&self, import_id: &str) -> Result<Box<dyn SpoolWriter>> {
        let key = spool_key(import_id)?;
        // A client learns that S3 is away before it sends its file.
        self.bucket.ready().await?;
        Ok(upload::create(Arc::clone(&self.bucket), key))
    }

    async fn spool_open(&self, import_id: &str, offset: u64) -> Result<SpoolReader> {
        let key = spool_key(import_id)?;
        self.bucket.ready().await?;
        let opened = download::open(Arc::clone(&self.bucket), key, offset).await?;
        opened.ok_or_else(|| {
            Error::Corrupt(format!(
                "the upload of import {import_id} is missing or shorter than {offset} bytes"
            ))
        })
    }

    async fn spool_remove(&self, import_id: &str) -> Result<()> {
        let key = spool_key(import_id)?;
        self.bucket.ready().await?;
        self.bucket.delete(&key).await
    }

    async fn ping(&self) -> Result<()> {
        self.bucket.ready().await?;
        self.bucket.ping().await
    }
}

/// What stands before the key of every upload.
const SPOOL: &str = "spool/";

fn spool_key(import_id: &str) -> Result<String> {
    check_id(import_id)?;
    Ok(format!("{SPOOL}{import_id}"))
}

fn unavailable(reason: String) -> Error {
    Error::Unavailable {
        engine: ENGINE,
        reason,
    }
}
