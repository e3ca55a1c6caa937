//! A client's socket. Its writes may not stand still: a client that never reads, or only now and then,
//! is cut off, so that it holds neither memory nor a descriptor for longer. Its reads are progress of its connection. An
//! answer of hyper's own is held back, see [`refused_head`].

use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

use axum::http::{HeaderValue, StatusCode};

use super::{
    connections::ConnectionActivity,
    refused_head::{self, HeadCopy},
};

/// Least mean rate at which a client reads what waits for it, in bytes per second.
const MIN_READ_RATE: u64 = 4 * 1024;

/// The socket, and while a write makes no progress the moment it is given up.
#[derive(Debug)]
pub(super) struct ClientSocket<S> {
    socket: S,
    activity: Arc<ConnectionActivity>,
    /// How long writes may stand still at most.
    still: Duration,
    /// How long they may now: standing still takes from it, and what is read adds to it.
    patience: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
    head: HeadCopy,
    /// The answer of hyper's own that was held back; nothing follows it.
    held_back: Option<StatusCode>,
}

impl<S> ClientSocket<S> {
    /// `still`: how long a write may stand still.
    pub(super) fn new(socket: S, activity: Arc<ConnectionActivity>, still: Duration) -> Self {
        Self {
            socket,
            activity,
            still,
            patience: still,
            deadline: None,
            head: HeadCopy::default(),
            held_back: None,
        }
    }

    /// The status that hyper wanted to answer by itself. From now on the socket writes again.
    pub(super) const fn take_held_back(&mut self) -> Option<StatusCode> {
        self.held_back.take()
    }

    /// The id of the request that is given up; `unread` is what hyper has left of it.
    pub(super) fn request_id(&self, unread: &[u8]) -> HeaderValue {
        let turn = self.activity.head_turn();
        self.head.request_id(turn.unwrap_or_default(), unread)
    }

    /// How many of these bytes are written; those of hyper's own answer are not.
    fn hold_back(&mut self, bytes: &[u8]) -> usize {
        if self.held_back.is_some() {
            return 0;
        }
        if self.activity.head_turn().is_none() {
            return bytes.len();
        }
        match refused_head::own_answer(bytes) {
            Some((0, status)) => {
                self.held_back = Some(status);
                0
            }
            // It comes again, alone.
            Some((before, _)) => before,
            None => bytes.len(),
        }
    }

    /// Ends a write that stands still for too long.
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: Poll<io::Result<T>>,
        written: impl FnOnce(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(done) = &write {
            if let Some(deadline) = self.deadline.take() {
                let left = deadline.deadline();
                self.patience = left.saturating_duration_since(Instant::now());
            }
            let bytes = done.as_ref().map_or(0, written);
            let earned = Duration::from_millis(bytes as u64 * 1000 / MIN_READ_RATE);
            self.patience = (self.patience + earned).min(self.still);
            return write;
        }
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(sleep(self.patience)));
        match deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientSocket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, buffer);
        let received = buffer.filled().get(before..).unwrap_or_default();
        if !received.is_empty() {
            self.activity.progressed();
            if let Some(turn) = self.activity.head_turn() {
                self.activity.begin_head(turn);
                self.head.read(turn, received);
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ClientSocket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let ours = self.hold_back(bytes);
        let Some(ours) = bytes.get(..ours).filter(|ours| !ours.is_empty()) else {
            return Poll::Ready(Ok(bytes.len()));
        };
        let write = Pin::new(&mut self.socket).poll_write(cx, ours);
        self.watch(cx, write, |written| *written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // hyper begins an answer when everything before it is written, or in one piece with it.
        if let [only] = parts {
            return self.poll_write(cx, only);
        }
        let write = Pin::new(&mut self.socket).poll_write_vectored(cx, parts);
        self.watch(cx, write, |written| *written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flush = Pin::new(&mut self.socket).poll_flush(cx);
        self.watch(cx, flush, |()| 0)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.held_back.is_some() {
            // There is still something to say.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;
    use crate::http::connections::ConnectionTable;

    async fn activity() -> Arc<ConnectionActivity> {
        let slot = ConnectionTable::new(1).admit().await.unwrap();
        Arc::clone(slot.activity())
    }

    #[tokio::test]
    async fn a_write_without_progress_fails() {
        let (ours, _never_reads) = duplex(8);
        let mut socket = ClientSocket::new(ours, activity().await, Duration::from_millis(20));
        socket.write_all(b"12345678").await.unwrap();
        let error = socket.write_all(b"9").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_write_that_is_read_goes_through() {
        let (ours, mut theirs) = duplex(8);
        let mut socket = ClientSocket::new(ours, activity().await, Duration::from_secs(60));
        let mut read = [0; 24];
        let (written, got) = tokio::join!(
            socket.write_all(b"123456781234567812345678"),
            theirs.read_exact(&mut read)
        );
        written.unwrap();
        got.unwrap();
        assert!(socket.deadline.is_none());
    }

    /// A byte now and then does not hold a connection.
    ///
    /// Red when: any progress gives the client the whole time anew.
    #[tokio::test]
    async fn what_is_read_slowly_uses_the_time_up() {
        let (ours, mut theirs) = duplex(8);
        let still = Duration::from_secs(60);
        let mut socket = ClientSocket::new(ours, activity().await, still);
        socket.write_all(b"12345678").await.unwrap();
        let mut read = [0];
        {
            let mut waiting = std::pin::pin!(socket.write_all(b"9"));
            assert!(futures_util::poll!(&mut waiting).is_pending());
            theirs.read_exact(&mut read).await.unwrap();
            waiting.await.unwrap();
        }
        assert!(socket.patience < still);
        socket.patience = Duration::ZERO;
        let error = socket.write_all(b"0").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
