//! `/metrics`: requests by route, method and status, streams, refusals and the outbox' backlog,
//! for Prometheus. Labels never name a seller or an id.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use pm_common::ports::limiter::RateBucket;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{HttpState, health::oldest_seconds};

const REQUEST_COUNT: &str = "pmd_http_requests_total";
const REQUEST_DURATION: &str = "pmd_http_request_duration_seconds";
const OPEN_STREAMS: &str = "pmd_sse_clients";
const RATE_LIMITED: &str = "pmd_rate_limited_total";
const REFUSED_CONNECTIONS: &str = "pmd_refused_connections_total";
const OUTBOX_BACKLOG: &str = "pmd_outbox_backlog";
const OUTBOX_AGE: &str = "pmd_outbox_oldest_seconds";
const PROCESS_UPTIME: &str = "pmd_uptime_seconds";

const DURATION_BUCKETS: [f64; 12] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];
/// How long the backlog is waited for.
const BACKLOG_TIMEOUT: Duration = Duration::from_secs(1);
/// How often measured durations are put into their buckets.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The process' recorder; installed by the first one who asks. `None` when another recorder was
/// installed before, whose owner then shows the figures.
fn recorder() -> Option<&'static PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let builder = PrometheusBuilder::new().set_buckets_for_metric(
            Matcher::Full(REQUEST_DURATION.to_owned()),
            &DURATION_BUCKETS,
        );
        let handle = builder.and_then(PrometheusBuilder::install_recorder).ok()?;
        describe();
        Some(handle)
    };
    RECORDER.get_or_init(install).as_ref()
}

fn describe() {
    metrics::describe_counter!(
        REQUEST_COUNT,
        "Requests answered, by route, method and status"
    );
    metrics::describe_histogram!(
        REQUEST_DURATION,
        "Time to the head of the answer, in seconds"
    );
    metrics::describe_gauge!(OPEN_STREAMS, "Event streams open now");
    metrics::describe_counter!(
        RATE_LIMITED,
        "Requests refused by the rate limit, by bucket"
    );
    metrics::describe_counter!(
        REFUSED_CONNECTIONS,
        "Connections closed unheard because all that clients may have were in use"
    );
    metrics::describe_gauge!(OUTBOX_BACKLOG, "Messages committed and not yet published");
    metrics::describe_gauge!(
        OUTBOX_AGE,
        "Seconds that the oldest message has waited to be published"
    );
    metrics::describe_gauge!(PROCESS_UPTIME, "Seconds since the start");
}

/// Keeps the recorder small until the token ends it.
pub(super) async fn upkeep(shutdown: CancellationToken) {
    let Some(recorder) = recorder() else { return };
    let mut turns = tokio::time::interval(UPKEEP_INTERVAL);
    let work = async {
        loop {
            turns.tick().await;
            recorder.run_upkeep();
        }
    };
    shutdown.run_until_cancelled(work).await;
}

/// Layer: counts and times every request.
pub(super) async fn layer(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let method = method_label(request.method().as_str());
    let start = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    histogram!(REQUEST_DURATION, "route" => route.clone(), "method" => method)
        .record(start.elapsed());
    counter!(REQUEST_COUNT, "route" => route, "method" => method, "status" => status).increment(1);
    response
}

/// Callers invent methods; labels must stay few.
fn method_label(method: &str) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("other")
}

/// A request was refused.
pub(super) fn rate_limited(bucket: RateBucket) {
    let bucket = match bucket {
        RateBucket::Standard => "standard",
        RateBucket::Bulk => "bulk",
    };
    counter!(RATE_LIMITED, "bucket" => bucket).increment(1);
}

/// A connection was closed unheard: every descriptor that clients may have is in use.
pub(super) fn connection_refused() {
    counter!(REFUSED_CONNECTIONS).increment(1);
}

/// An open stream; dropping it counts it out.
#[derive(Debug)]
pub(super) struct OpenStream(());

impl OpenStream {
    pub(super) fn new() -> Self {
        gauge!(OPEN_STREAMS).increment(1.0);
        Self(())
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        gauge!(OPEN_STREAMS).decrement(1.0);
    }
}

/// Figures for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "Health",
    responses((status = 200, body = String, content_type = "text/plain; version=0.0.4")))]
pub(super) async fn show(State(http): State<Arc<HttpState>>) -> Response {
    let Some(recorder) = recorder() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let backlog = timeout(BACKLOG_TIMEOUT, http.app.store.outbox_backlog()).await;
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    let (messages, seconds) = match backlog {
        Ok(Ok(backlog)) => (backlog.messages as f64, oldest_seconds(backlog) as f64),
        // Not the last one that was known: it would look as if nothing moved.
        _ => (f64::NAN, f64::NAN),
    };
    gauge!(OUTBOX_BACKLOG).set(messages);
    gauge!(OUTBOX_AGE).set(seconds);
    gauge!(PROCESS_UPTIME).set(http.app.started.elapsed().as_secs_f64());
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], recorder.render()).into_response()
}

/// Makes sure that figures are kept from the start.
pub(super) fn start() {
    recorder();
}
