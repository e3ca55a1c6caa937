//! Reads a server-sent event stream frame by frame, as strictly as the format allows.

use std::pin::Pin;

use futures_util::{Stream, StreamExt as _};
use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::{DEADLINE, HttpReply, SellerClient, answer};

type Body = Pin<Box<dyn Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>;

/// One frame; comments are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SseFrame {
    pub(crate) id: Option<i64>,
    /// `None` of an unnamed frame.
    pub(crate) event: Option<String>,
    pub(crate) data: Value,
}

/// An open stream.
pub(crate) struct SseReader {
    body: Body,
    buffer: Vec<u8>,
    pub(crate) headers: HeaderMap,
}

impl SseReader {
    /// Opens a seller's stream after `last_event_id`, or from now on.
    pub(crate) async fn open(seller: &SellerClient, last_event_id: Option<i64>) -> Self {
        let mut request = seller.request(Method::GET, "/api/events/stream");
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id.to_string());
        }
        Self::from(request).await
    }

    /// Opens the stream of any request.
    pub(crate) async fn from(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        let headers = response.headers().clone();
        Self {
            body: Box::pin(response.bytes_stream()),
            buffer: Vec::new(),
            headers,
        }
    }

    /// Tries to open one that will be refused.
    pub(crate) async fn refused(seller: &SellerClient, query: &str) -> HttpReply {
        answer(seller.request(Method::GET, &format!("/api/events/stream{query}"))).await
    }

    /// The next frame; `None` when the body ended properly. A reset fails the test, and so does a
    /// stream that has nothing but comments.
    pub(crate) async fn next(&mut self) -> Option<SseFrame> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(end) = self.buffer.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                if let Some(frame) = parse(std::str::from_utf8(&block).unwrap()) {
                    return Some(frame);
                }
                continue;
            }
            let chunk = timeout_at(deadline, self.body.next());
            let chunk = chunk.await.expect("a frame arrives in time")?;
            let chunk = chunk.expect("the stream is not reset");
            self.buffer.extend_from_slice(&chunk);
        }
    }

    /// All frames up to and with the first that has this sequence as its id.
    pub(crate) async fn until(&mut self, sequence: i64) -> Vec<SseFrame> {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await.expect("the stream goes on");
            let id = frame.id;
            frames.push(frame);
            if id == Some(sequence) {
                return frames;
            }
        }
    }

    /// All frames up to and with the first of this name.
    pub(crate) async fn until_named(&mut self, name: &str) -> Vec<SseFrame> {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await.expect("the stream goes on");
            let found = frame.event.as_deref() == Some(name);
            frames.push(frame);
            if found {
                return frames;
            }
        }
    }
}

/// `None` for a block of comments.
fn parse(block: &str) -> Option<SseFrame> {
    let mut frame = SseFrame::default();
    let mut data = None;
    for line in block
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with(':'))
    {
        let (field, value) = line.split_once(':').expect("a field has a colon");
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => frame.id = Some(value.parse().expect("an id has digits only")),
            "event" => frame.event = Some(value.to_owned()),
            "data" => {
                assert!(data.is_none(), "data is on one line: {block}");
                data = Some(serde_json::from_str(value).expect("data is JSON"));
            }
            "retry" => {}
            other => panic!("unknown field {other:?} in {block}"),
        }
    }
    frame.data = data?;
    Some(frame)
}
