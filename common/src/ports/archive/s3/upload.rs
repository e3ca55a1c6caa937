//! An upload into the spool. A short one is stored by a single call, a longer one as a multipart
//! upload: one part is sent while the next one fills. So at most two parts are in memory, no matter
//! how long the upload is.

use std::{mem, sync::Arc};

use async_trait::async_trait;
use aws_sdk_s3::types::CompletedPart;
use bytes::Bytes;
use tokio::{runtime::Handle, task::JoinHandle};

use super::{S3Bucket, unavailable};
use crate::{domain::error::Result, ports::archive::SpoolWriter};

/// S3 requires at least 5 MiB and accepts 10,000 parts, so an upload can have 80 GiB.
const PART_BYTES: usize = 8 << 20;

#[derive(Debug)]
struct S3Upload {
    bucket: Arc<S3Bucket>,
    key: String,
    /// Bytes received since the last part.
    buffer: Vec<u8>,
    length: u64,
    parts: Option<UploadParts>,
    state: UploadState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UploadState {
    /// The object cannot be visible yet.
    Arriving,
    /// The object may be visible.
    Finishing,
    Finished,
}

/// The parts of a multipart upload.
#[derive(Debug)]
struct UploadParts {
    id: String,
    sent: i32,
    stored: Vec<CompletedPart>,
    in_flight: Option<JoinHandle<Result<CompletedPart>>>,
}

pub(super) fn create(bucket: Arc<S3Bucket>, key: String) -> Box<dyn SpoolWriter> {
    Box::new(S3Upload {
        bucket,
        key,
        buffer: Vec::new(),
        length: 0,
        parts: None,
        state: UploadState::Arriving,
    })
}

#[async_trait]
impl SpoolWriter for S3Upload {
    async fn write(&mut self, mut chunk: Bytes) -> Result<()> {
        self.length += chunk.len() as u64;
        while !chunk.is_empty() {
            let room = PART_BYTES - self.buffer.len();
            let piece = chunk.split_to(room.min(chunk.len()));
            self.buffer.extend_from_slice(&piece);
            if self.buffer.len() == PART_BYTES {
                self.send_part().await?;
            }
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<()> {
        if self.parts.is_none() {
            self.state = UploadState::Finishing;
            let content = mem::take(&mut self.buffer).into();
            self.bucket.put(&self.key, content).await?;
        } else {
            if !self.buffer.is_empty() {
                self.send_part().await?;
            }
            self.complete().await?;
        }
        self.state = UploadState::Finished;
        Ok(())
    }
}

impl S3Upload {
    /// Sends the buffer as the next part, once the last one is stored.
    async fn send_part(&mut self) -> Result<()> {
        if self.parts.is_none() {
            let id = self.bucket.begin_multipart(&self.key).await?;
            self.parts = Some(UploadParts::new(id));
        }
        if let Some(parts) = &mut self.parts {
            parts.await_part_in_flight().await?;
            parts.send(&self.bucket, &self.key, mem::take(&mut self.buffer).into());
        }
        Ok(())
    }

    async fn complete(&mut self) -> Result<()> {
        let Some(parts) = &mut self.parts else {
            return Ok(());
        };
        parts.await_part_in_flight().await?;
        let (id, stored) = (parts.id.clone(), mem::take(&mut parts.stored));
        self.state = UploadState::Finishing;
        let (key, length) = (&self.key, self.length);
        self.bucket
            .complete_multipart(key, &id, stored, length)
            .await
    }
}

impl UploadParts {
    const fn new(id: String) -> Self {
        Self {
            id,
            sent: 0,
            stored: Vec::new(),
            in_flight: None,
        }
    }

    fn send(&mut self, bucket: &Arc<S3Bucket>, key: &str, content: Bytes) {
        self.sent += 1;
        let (bucket, key, id, number) = (
            Arc::clone(bucket),
            key.to_owned(),
            self.id.clone(),
            self.sent,
        );
        self.in_flight = Some(tokio::spawn(async move {
            bucket.put_part(&key, &id, number, content).await
        }));
    }

    /// Waits until every part that was sent is stored. Fails for good after one part failed: an
    /// upload with a missing part must not be completed.
    async fn await_part_in_flight(&mut self) -> Result<()> {
        if let Some(part) = &mut self.in_flight {
            let stored = part.await;
            self.in_flight = None;
            let stored = stored.map_err(unavailable)?;
            self.stored.push(stored?);
        }
        if self.stored.len() != usize::try_from(self.sent).unwrap_or(0) {
            return Err(unavailable("a part of the upload failed"));
        }
        Ok(())
    }
}

impl Drop for S3Upload {
    fn drop(&mut self) {
        let begun = self.parts.is_some() || self.state == UploadState::Finishing;
        if self.state == UploadState::Finished || !begun {
            return;
        }
        // When the runtime is gone, the sweep of a later start deletes the parts.
        if let Ok(runtime) = Handle::try_current() {
            let (bucket, key) = (Arc::clone(&self.bucket), mem::take(&mut self.key));
            runtime.spawn(discard(bucket, key, self.parts.take(), self.state));
        }
    }
}

/// Deletes the data of an unfinished upload.
async fn discard(
    bucket: Arc<S3Bucket>,
    key: String,
    parts: Option<UploadParts>,
    state: UploadState,
) {
    let discarded = async {
        if let Some(mut parts) = parts {
            // A part that is stored after the abort would remain, so wait for it first.
            if let Some(part) = parts.in_flight.take() {
                drop(part.await);
            }
            bucket.abort_multipart(&key, &parts.id).await?;
        }
        if state == UploadState::Finishing {
            bucket.delete(&key).await?;
        }
        Ok::<_, crate::domain::error::Error>(())
    };
    if let Err(error) = discarded.await {
        tracing::warn!(%error, key, "the data of an unfinished upload could not be deleted");
    }
}
