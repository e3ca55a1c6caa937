//! Accepting connections and ending them: a request head has a deadline, a client that does not
//! read loses its connection, and on shutdown everything in flight is answered first.

use std::{io, pin::Pin, time::Duration};

use axum::{Router, response::IntoResponse};
use futures_util::{FutureExt, future::join_all};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{error::ApiError, metrics, request_id, stall::WriteTimeout};

/// How long a request's head may take, and a connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long connections are waited for after the end was asked for.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(8);
/// Largest head, and most that is buffered for a client that reads slowly.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// How long a client may leave what it was sent unread.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// Pause after an accept that failed for want of resources.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves on all listeners until the token ends it; returns when every connection has ended, or
/// after 8 seconds at the latest.
pub async fn serve(listeners: Vec<TcpListener>, router: Router, shutdown: CancellationToken) {
    let end = ConnectionEnd {
        soft: shutdown.clone(),
        hard: CancellationToken::new(),
    };
    let connections = TaskTracker::new();
    connections.spawn(metrics::upkeep(shutdown));
    let accepting = listeners
        .into_iter()
        .map(|listener| accept(listener, &router, &connections, &end));
    join_all(accepting).await;
    connections.close();
    if timeout(DRAIN_TIMEOUT, connections.wait()).await.is_err() {
        tracing::warn!(
            count = connections.len(),
            "cutting connections that did not end"
        );
        end.hard.cancel();
        connections.wait().await;
    }
}

/// How connections are asked to end.
#[derive(Debug, Clone)]
struct ConnectionEnd {
    /// After the request in flight.
    soft: CancellationToken,
    /// Now.
    hard: CancellationToken,
}

async fn accept(
    listener: TcpListener,
    router: &Router,
    connections: &TaskTracker,
    end: &ConnectionEnd,
) {
    let start = |stream| {
        connections.spawn(connection(stream, router.clone(), end.clone()));
    };
    while let Some(accepted) = end.soft.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) => start(stream),
            Err(error) if of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // Who has connected by now is answered, not reset.
    while let Some(Ok((stream, _))) = listener.accept().now_or_never() {
        start(stream);
    }
}

/// Errors of a peer that went away while it was accepted; anything else is ours.
fn of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

async fn connection(stream: TcpStream, router: Router, end: ConnectionEnd) {
    // Small frames leave at once; a socket that cannot do so still works.
    let _ = stream.set_nodelay(true);
    let work = end
        .hard
        .run_until_cancelled(speak(stream, router, &end.soft));
    // `None`: cut off.
    let _ = work.await;
}

/// Speaks HTTP until one side ends it.
async fn speak(stream: TcpStream, router: Router, soft: &CancellationToken) {
    let mut http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_BUFFER_BYTES)
        .serve_connection(
            TokioIo::new(WriteTimeout::new(stream, WRITE_TIMEOUT)),
            TowerToHyperService::new(router),
        );
    let ended = match soft.run_until_cancelled(&mut http).await {
        Some(ended) => ended,
        None => {
            Pin::new(&mut http).graceful_shutdown();
            (&mut http).await
        }
    };
    match ended {
        Err(error) if error.is_timeout() => {
            let parts = http.into_parts();
            // A connection that was merely idle is closed without a word.
            if !parts.read_buf.is_empty() {
                say_late(parts.io.into_inner()).await;
            }
        }
        Err(error) => tracing::debug!(%error, "a connection ended early"),
        Ok(()) => {}
    }
}

/// Answers a client whose request head did not arrive in time.
async fn say_late(mut stream: WriteTimeout<TcpStream>) {
    let response = ApiError::RequestTimeout.into_response();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, MAX_BUFFER_BYTES)
        .await
        .unwrap_or_default();
    let id = request_id::fresh();
    let head = format!(
        "HTTP/1.1 {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nx-request-id: {}\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n",
        parts.status,
        body.len(),
        id.to_str().unwrap_or_default(),
    );
    // It may be gone already.
    let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
    let _ = stream.shutdown().await;
}
