//! An upload into the spool. One that fits into a part is stored by a single call; a longer one
//! goes part by part, the next one filling while the last one is on its way. So there are never
//! more than two parts in memory, however long the upload is.

use std::{mem, sync::Arc};

use async_trait::async_trait;
use aws_sdk_s3::types::CompletedPart;
use bytes::Bytes;
use tokio::{runtime::Handle, task::JoinHandle};

use super::{Bucket, unavailable};
use crate::{domain::error::Result, ports::archive::SpoolWriter};

/// S3 wants 5 MiB at least and 10,000 parts at most, which makes 80 GiB of these.
const PART: usize = 8 << 20;

#[derive(Debug)]
struct Upload {
    bucket: Arc<Bucket>,
    key: String,
    /// What has come since the last part.
    gathered: Vec<u8>,
    length: u64,
    parts: Option<Parts>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing can have become visible yet.
    Arriving,
    /// The object may have become visible.
    Finishing,
    Finished,
}

/// An object that is stored in parts.
#[derive(Debug)]
struct Parts {
    id: String,
    sent: i32,
    stored: Vec<CompletedPart>,
    on_its_way: Option<JoinHandle<Result<CompletedPart>>>,
}

pub(super) fn create(bucket: Arc<Bucket>, key: String) -> Box<dyn SpoolWriter> {
    Box::new(Upload {
        bucket,
        key,
        gathered: Vec::new(),
        length: 0,
        parts: None,
        state: State::Arriving,
    })
}

#[async_trait]
impl SpoolWriter for Upload {
    async fn write(&mut self, mut chunk: Bytes) -> Result<()> {
        self.length += chunk.len() as u64;
        while !chunk.is_empty() {
            let room = PART - self.gathered.len();
            let piece = chunk.split_to(room.min(chunk.len()));
            self.gathered.extend_from_slice(&piece);
            if self.gathered.len() == PART {
                self.send_gathered().await?;
            }
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<()> {
        if self.parts.is_none() {
            self.state = State::Finishing;
            let content = mem::take(&mut self.gathered).into();
            self.bucket.put(&self.key, content).await?;
        } else {
            if !self.gathered.is_empty() {
                self.send_gathered().await?;
            }
            self.complete().await?;
        }
        self.state = State::Finished;
        Ok(())
    }
}

impl Upload {
    /// Sends what is gathered as the next part, as soon as the last one has arrived.
    async fn send_gathered(&mut self) -> Result<()> {
        if self.parts.is_none() {
            let id = self.bucket.begin_parts(&self.key).await?;
            self.parts = Some(Parts::new(id));
        }
        if let Some(parts) = &mut self.parts {
            parts.settle().await?;
            parts.send(
                &self.bucket,
                &self.key,
                mem::take(&mut self.gathered).into(),
            );
        }
        Ok(())
    }

    async fn complete(&mut self) -> Result<()> {
        let Some(parts) = &mut self.parts else {
            return Ok(());
        };
        parts.settle().await?;
        let (id, stored) = (parts.id.clone(), mem::take(&mut parts.stored));
        self.state = State::Finishing;
        let (key, length) = (&self.key, self.length);
        self.bucket.complete_parts(key, &id, stored, length).await
    }
}

impl Parts {
    const fn new(id: String) -> Self {
        Self {
            id,
            sent: 0,
            stored: Vec::new(),
            on_its_way: None,
        }
    }

    fn send(&mut self, bucket: &Arc<Bucket>, key: &str, content: Bytes) {
        self.sent += 1;
        let (bucket, key, id, number) = (
            Arc::clone(bucket),
            key.to_owned(),
            self.id.clone(),
            self.sent,
        );
        self.on_its_way = Some(tokio::spawn(async move {
            bucket.put_part(&key, &id, number, content).await
        }));
    }

    /// Waits until every part that was sent is stored. After one was lost, this cannot succeed any
    /// more: an object with a hole must not be completed.
    async fn settle(&mut self) -> Result<()> {
        if let Some(part) = &mut self.on_its_way {
            let stored = part.await;
            self.on_its_way = None;
            let stored = stored.map_err(|error| unavailable(error.to_string()))?;
            self.stored.push(stored?);
        }
        if self.stored.len() != usize::try_from(self.sent).unwrap_or(0) {
            return Err(unavailable("a part of the upload was lost".to_owned()));
        }
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let begun = self.parts.is_some() || self.state == State::Finishing;
        if self.state == State::Finished || !begun {
            return;
        }
        // A process that ends leaves its parts to the sweep of a later start.
        if let Ok(runtime) = Handle::try_current() {
            let (bucket, key) = (Arc::clone(&self.bucket), mem::take(&mut self.key));
            runtime.spawn(discard(bucket, key, self.parts.take(), self.state));
        }
    }
}

/// Takes back what an unfinished upload has stored.
async fn discard(bucket: Arc<Bucket>, key: String, parts: Option<Parts>, state: State) {
    let discarded = async {
        if let Some(mut parts) = parts {
            // A part that arrives behind the abortion would stay, so it has to arrive before.
            if let Some(part) = parts.on_its_way.take() {
                drop(part.await);
            }
            bucket.abort_parts(&key, &parts.id).await?;
        }
        if state == State::Finishing {
            bucket.delete(&key).await?;
        }
        Ok::<_, crate::domain::error::Error>(())
    };
    if let Err(error) = discarded.await {
        tracing::warn!(%error, key, "an unfinished upload stays behind");
    }
}
