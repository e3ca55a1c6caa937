//! An upload on its way back. A task fetches it, a thread that may wait reads it. A connection
//! that breaks or falls silent is replaced: the next one goes on behind the last byte that came.

use std::{
    io::{self, Read},
    sync::Arc,
    time::Duration,
};

use aws_sdk_s3::primitives::ByteStream;
use bytes::{Buf, Bytes};
use tokio::{sync::mpsc, time};

use super::{Bucket, unavailable};
use crate::{
    domain::error::{Error, Result},
    ports::archive::SpoolReader,
};

/// Chunks that wait to be read; each has some hundred KiB at most.
const AHEAD: usize = 4;
/// How often a broken connection is replaced before a byte comes again.
const ATTEMPTS: u32 = 5;
/// The pause before the first replacement; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(100);

/// `None` when the object is missing or shorter than `offset`.
pub(super) async fn open(
    bucket: Arc<Bucket>,
    key: String,
    offset: u64,
) -> Result<Option<SpoolReader>> {
    let Some(object) = bucket.get(&key, offset, None).await? else {
        return Ok(None);
    };
    let download = Download {
        bucket,
        key,
        tag: object.tag,
        body: Some(object.body),
        at: offset,
        end: offset + object.length,
    };
    let (sender, chunks) = mpsc::channel(AHEAD);
    tokio::spawn(download.run(sender));
    Ok(Some(Box::new(Reader {
        chunks,
        chunk: Bytes::new(),
        left: object.length,
    })))
}

struct Download {
    bucket: Arc<Bucket>,
    key: String,
    /// Guards against going on in an object that was replaced.
    tag: Option<String>,
    /// `None` while there is no connection.
    body: Option<ByteStream>,
    /// The next byte to come.
    at: u64,
    end: u64,
}

impl Download {
    /// Ends at the last byte, at an error, or with its reader.
    async fn run(mut self, chunks: mpsc::Sender<Result<Bytes>>) {
        let bring = async {
            while self.at < self.end {
                let chunk = self.next().await;
                let failed = chunk.is_err();
                if chunks.send(chunk).await.is_err() || failed {
                    return;
                }
            }
        };
        tokio::select! {
            () = bring => {}
            () = chunks.closed() => {}
        }
    }

    /// The next bytes, over as many connections as it takes.
    async fn next(&mut self) -> Result<Bytes> {
        let mut failures = 0;
        loop {
            match self.receive().await {
                Ok(chunk) => {
                    self.at += chunk.len() as u64;
                    return Ok(chunk);
                }
                Err(error @ Error::Unavailable { .. }) if failures < ATTEMPTS => {
                    tracing::debug!(%error, key = self.key, at = self.at, "a download goes on");
                }
                Err(error) => return Err(error),
            }
            self.body = None;
            time::sleep(PAUSE * 2_u32.pow(failures)).await;
            failures += 1;
        }
    }

    async fn receive(&mut self) -> Result<Bytes> {
        let body = match &mut self.body {
            Some(body) => body,
            none => {
                none.insert(connect(&self.bucket, &self.key, self.at, self.tag.as_deref()).await?)
            }
        };
        match body.next().await {
            Some(Ok(chunk)) => Ok(chunk),
            Some(Err(error)) => Err(unavailable(error.to_string())),
            None => Err(unavailable("it ended an object too early".to_owned())),
        }
    }
}

async fn connect(bucket: &Bucket, key: &str, at: u64, tag: Option<&str>) -> Result<ByteStream> {
    let object = bucket.get(key, at, tag).await?;
    let object = object
        .ok_or_else(|| Error::Corrupt(format!("{key} was replaced or removed while it was read")));
    Ok(object?.body)
}

struct Reader {
    chunks: mpsc::Receiver<Result<Bytes>>,
    /// What has come and is not yet read.
    chunk: Bytes,
    /// Bytes that were not yet read.
    left: u64,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            if self.left == 0 {
                return Ok(0);
            }
            // A download that ends without its last byte was stopped with its runtime.
            let stopped = || unavailable("the download was stopped".to_owned());
            let chunk = self.chunks.blocking_recv().ok_or_else(stopped);
            self.chunk = chunk.flatten().map_err(io::Error::other)?;
        }
        let length = self.chunk.len().min(buffer.len());
        self.chunk.copy_to_slice(&mut buffer[..length]);
        self.left = self.left.saturating_sub(length as u64);
        Ok(length)
    }
}
