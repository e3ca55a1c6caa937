//! Accepting connections and ending them: a request head has a deadline, a client that does not
//! read loses its connection, and on shutdown everything in flight is answered first.

use std::{convert::Infallible, io, pin::Pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request, http::Extensions};
use futures_util::{FutureExt, future::join_all};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::{
    answer_body::AnswerBody,
    client_socket::ClientSocket,
    connections::{ConnectionSlot, ConnectionTable, RequestActivity, ReserveConnection},
    descriptors::DescriptorShares,
    intake_body::IntakeBody,
    metrics, refused_head,
    request_id::ClientAddress,
};

/// How long a request's head may take, and a connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The same on a connection beyond the process' share.
const RESERVE_HEAD_TIMEOUT: Duration = Duration::from_secs(2);
/// How long requests are still taken in after the end was asked for.
const INTAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long answers may take after that.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);
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
        late: CancellationToken::new(),
        hard: CancellationToken::new(),
    };
    let connections = TaskTracker::new();
    connections.spawn(metrics::upkeep(shutdown));
    let door = FrontDoor {
        router,
        table: ConnectionTable::new(DescriptorShares::of_process().connections),
        connections: connections.clone(),
        end: end.clone(),
    };
    join_all(listeners.into_iter().map(|listener| door.accept(listener))).await;
    connections.close();
    drain(&connections, &end).await;
}

/// Waits until all connections have ended, for ever shorter with their clients.
async fn drain(connections: &TaskTracker, end: &ConnectionEnd) {
    if timeout(INTAKE_TIMEOUT, connections.wait()).await.is_ok() {
        return;
    }
    end.late.cancel();
    if timeout(DRAIN_TIMEOUT, connections.wait()).await.is_ok() {
        return;
    }
    let count = connections.len();
    tracing::warn!(count, "cutting connections that did not end");
    end.hard.cancel();
    connections.wait().await;
}

/// How connections are asked to end.
#[derive(Debug, Clone)]
struct ConnectionEnd {
    /// After the request in flight.
    soft: CancellationToken,
    /// The same, and no request is waited for that is not there as a whole.
    late: CancellationToken,
    /// Now.
    hard: CancellationToken,
}

/// What all listeners share.
struct FrontDoor {
    router: Router,
    table: ConnectionTable,
    connections: TaskTracker,
    end: ConnectionEnd,
}

impl FrontDoor {
    async fn accept(&self, listener: TcpListener) {
        let soft = &self.end.soft;
        while let Some(accepted) = soft.run_until_cancelled(listener.accept()).await {
            match accepted {
                Ok((stream, _)) => self.start(stream).await,
                Err(error) if of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept connections");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        // Who has connected by now is answered, not reset.
        while let Some(Ok((stream, _))) = listener.accept().now_or_never() {
            self.start(stream).await;
        }
    }

    async fn start(&self, stream: TcpStream) {
        let Some(slot) = self.table.admit().await else {
            metrics::connection_refused();
            return;
        };
        let work = connection(stream, slot, self.router.clone(), self.end.clone());
        self.connections.spawn(work);
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

async fn connection(stream: TcpStream, slot: ConnectionSlot, router: Router, end: ConnectionEnd) {
    // Small frames leave at once; a socket that cannot do so still works.
    let _ = stream.set_nodelay(true);
    tokio::select! {
        () = end.hard.cancelled() => {}
        () = slot.evicted() => {}
        () = speak(stream, &slot, router, &end) => {}
    }
}

/// Speaks HTTP until one side ends it.
async fn speak(stream: TcpStream, slot: &ConnectionSlot, router: Router, end: &ConnectionEnd) {
    let mut client = Extensions::new();
    if let Ok(address) = stream.peer_addr() {
        client.insert(ClientAddress(address.ip()));
    }
    let socket = ClientSocket::new(stream, Arc::clone(slot.activity()), WRITE_TIMEOUT);
    let reserve = slot.is_reserve();
    let service = service_fn(|mut request: hyper::Request<Incoming>| {
        request.extensions_mut().extend(client.clone());
        answer(request, slot, &router, &end.late)
    });
    let mut http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(if reserve {
            RESERVE_HEAD_TIMEOUT
        } else {
            HEAD_TIMEOUT
        })
        .keep_alive(!reserve)
        .max_buf_size(MAX_BUFFER_BYTES)
        .max_header_size(MAX_BUFFER_BYTES)
        .serve_connection(TokioIo::new(socket), service);
    let ended = match end.soft.run_until_cancelled(&mut http).await {
        Some(ended) => Some(ended),
        None => {
            Pin::new(&mut http).graceful_shutdown();
            match end.late.run_until_cancelled(&mut http).await {
                Some(ended) => Some(ended),
                None if slot.activity().is_within_head() => None,
                None => Some((&mut http).await),
            }
        }
    };
    if let Some(Err(error)) = &ended {
        tracing::debug!(%error, "a connection ended early");
    }
    let parts = http.into_parts();
    let (mut socket, unread) = (parts.io.into_inner(), parts.read_buf);
    let own = socket.take_held_back();
    if let Some(refusal) = refused_head::refusal(ended.as_ref(), own, &unread) {
        let id = socket.request_id(&unread);
        refused_head::say(socket, refusal, id).await;
    }
}

/// Answers a request, and notes when it is worked on and when its answer is out.
async fn answer(
    request: hyper::Request<Incoming>,
    slot: &ConnectionSlot,
    router: &Router,
    late: &CancellationToken,
) -> Result<hyper::Response<Body>, Infallible> {
    let activity = RequestActivity::begin(slot.activity(), request.method());
    let mut request: Request = request.map(|body| IntakeBody::of(body, late));
    let extensions = request.extensions_mut();
    extensions.insert(Arc::clone(slot.activity()));
    if slot.is_reserve() {
        extensions.insert(ReserveConnection);
    }
    let response = router.clone().oneshot(request).await?;
    Ok(response.map(|body| AnswerBody::of(body, activity)))
}
