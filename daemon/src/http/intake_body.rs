//! The body of a request, which is waited for only while the server is not about to end: then its
//! request is refused, so that its client gets an answer and not a cut connection.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    BoxError,
    body::{Body, HttpBody},
};
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::error::ApiError;

#[derive(Debug)]
pub(super) struct IntakeBody {
    body: Incoming,
    late: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl IntakeBody {
    /// `late`: from when on nothing is waited for.
    pub(super) fn of(body: Incoming, late: &CancellationToken) -> Body {
        if body.is_end_stream() {
            return Body::new(body);
        }
        let late = Box::pin(late.clone().cancelled_owned());
        Body::new(Self { body, late })
    }
}

impl HttpBody for IntakeBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.late.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(ApiError::Overloaded.into())));
        }
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        frame.map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
