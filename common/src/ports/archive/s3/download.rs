//! Reading an upload: a task downloads it, a blocking thread reads it. A connection that breaks or
//! stalls is replaced, and the next one continues after the last byte received.

use std::{
    io::{self, Read},
    sync::Arc,
    time::Duration,
};

use aws_sdk_s3::primitives::ByteStream;
use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

use super::{S3Bucket, unavailable};
use crate::{
    backoff::Backoff,
    domain::error::{Error, Result},
    ports::archive::SpoolReader,
};

/// Chunks downloaded ahead of the reader; each has some hundred KiB at most.
const MAX_CHUNKS_AHEAD: usize = 4;
/// Attempts to replace a broken connection until a byte arrives again.
const MAX_RECONNECTS: u32 = 5;
const FIRST_RECONNECT_PAUSE: Duration = Duration::from_millis(100);
const MAX_RECONNECT_PAUSE: Duration = Duration::from_secs(2);

/// `None` when the object is missing or shorter than `offset`.
pub(super) async fn open(
    bucket: Arc<S3Bucket>,
    key: String,
    offset: u64,
) -> Result<Option<SpoolReader>> {
    let Some(object) = bucket.get(&key, offset, None).await? else {
        return Ok(None);
    };
    let download = S3Download {
        bucket,
        key,
        tag: object.tag,
        body: Some(object.body),
        at: offset,
        end: offset + object.length,
    };
    let (sender, chunks) = mpsc::channel(MAX_CHUNKS_AHEAD);
    tokio::spawn(download.run(sender));
    Ok(Some(Box::new(DownloadReader {
        chunks,
        chunk: Bytes::new(),
        left: object.length,
    })))
}

struct S3Download {
    bucket: Arc<S3Bucket>,
    key: String,
    /// Prevents continuing in an object that replaced this one.
    tag: Option<String>,
    /// `None` while there is no connection.
    body: Option<ByteStream>,
    /// The next byte to receive.
    at: u64,
    end: u64,
}

impl S3Download {
    /// Ends after the last byte, after an error, or when the reader is dropped.
    async fn run(mut self, chunks: mpsc::Sender<Result<Bytes>>) {
        let download = async {
            while self.at < self.end {
                let chunk = self.next().await;
                let failed = chunk.is_err();
                if chunks.send(chunk).await.is_err() || failed {
                    return;
                }
            }
        };
        tokio::select! {
            () = download => {}
            () = chunks.closed() => {}
        }
    }

    /// Receives the next bytes and replaces broken connections.
    async fn next(&mut self) -> Result<Bytes> {
        let mut failures = 0;
        let mut backoff = Backoff::new(FIRST_RECONNECT_PAUSE, MAX_RECONNECT_PAUSE);
        loop {
            match self.receive().await {
                Ok(chunk) => {
                    self.at += chunk.len() as u64;
                    return Ok(chunk);
                }
                Err(error @ Error::Unavailable { .. }) if failures < MAX_RECONNECTS => {
                    tracing::debug!(%error, key = self.key, at = self.at, "reconnecting to continue a download");
                }
                Err(error) => return Err(error),
            }
            self.body = None;
            backoff.wait().await;
            failures += 1;
        }
    }

    async fn receive(&mut self) -> Result<Bytes> {
        let body = match &mut self.body {
            Some(body) => body,
            disconnected => disconnected
                .insert(connect(&self.bucket, &self.key, self.at, self.tag.as_deref()).await?),
        };
        match body.next().await {
            Some(Ok(chunk)) => Ok(chunk),
            Some(Err(error)) => Err(unavailable(error)),
            None => Err(unavailable("it ended the response too early")),
        }
    }
}

async fn connect(bucket: &S3Bucket, key: &str, at: u64, tag: Option<&str>) -> Result<ByteStream> {
    let object = bucket.get(key, at, tag).await?;
    let object = object
        .ok_or_else(|| Error::Corrupt(format!("{key} was replaced or removed while it was read")));
    Ok(object?.body)
}

struct DownloadReader {
    chunks: mpsc::Receiver<Result<Bytes>>,
    /// Received and not yet read.
    chunk: Bytes,
    /// Bytes not yet read, whether received or not.
    left: u64,
}

impl Read for DownloadReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            if self.left == 0 {
                return Ok(0);
            }
            // Without the last byte, the channel closes only when the runtime shuts down.
            let stopped = || unavailable("the download was stopped");
            let chunk = self.chunks.blocking_recv().ok_or_else(stopped);
            self.chunk = chunk.flatten().map_err(io::Error::other)?;
        }
        let length = self.chunk.len().min(buffer.len());
        self.chunk.copy_to_slice(&mut buffer[..length]);
        self.left = self.left.saturating_sub(length as u64);
        Ok(length)
    }
}
