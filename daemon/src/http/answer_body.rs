//! The body of an answer, with what lasts until it is out.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

/// A body that holds something until it is sent or its client is gone.
#[derive(Debug)]
pub(super) struct AnswerBody<G> {
    body: Body,
    _held: G,
}

impl<G: Send + Unpin + 'static> AnswerBody<G> {
    pub(super) fn of(body: Body, held: G) -> Body {
        Body::new(Self { body, _held: held })
    }
}

impl<G: Unpin> HttpBody for AnswerBody<G> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
