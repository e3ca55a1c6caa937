//! A client's socket. Its writes may not stand still: a client that never reads is cut off, so that
//! it holds neither memory nor a descriptor for longer. Its reads are progress of its connection.

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
    time::{Sleep, sleep},
};

use super::connections::ConnectionActivity;

/// The socket, and while a write makes no progress the moment it is given up.
#[derive(Debug)]
pub(super) struct ClientSocket<S> {
    socket: S,
    activity: Arc<ConnectionActivity>,
    still: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> ClientSocket<S> {
    /// `still`: how long a write may stand still.
    pub(super) const fn new(socket: S, activity: Arc<ConnectionActivity>, still: Duration) -> Self {
        Self {
            socket,
            activity,
            still,
            deadline: None,
        }
    }

    /// Any progress starts the time anew.
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if write.is_ready() {
            self.deadline = None;
            return write;
        }
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(sleep(self.still)));
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
        if buffer.filled().len() > before {
            self.activity.progressed();
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
        let write = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.watch(cx, write)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.socket).poll_write_vectored(cx, parts);
        self.watch(cx, write)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flush = Pin::new(&mut self.socket).poll_flush(cx);
        self.watch(cx, flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
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
    async fn a_write_that_stands_still_fails() {
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
}
