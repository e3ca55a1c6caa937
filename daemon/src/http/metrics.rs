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

use super::Http;

const REQUESTS: &str = "pmd_http_requests_total";
const DURATION: &str = "pmd_http_request_duration_seconds";
const STREAMS: &str = "pmd_sse_clients";
const LIMITED: &str = "pmd_rate_limited_total";
const BACKLOG: &str = "pmd_outbox_backlog";
const UPTIME: &str = "pmd_uptime_seconds";

const BUCKETS: [f64; 12] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];
/// How long the backlog is waited for.
const DEADLINE: Duration = Duration::from_secs(1);
/// How often measured durations are put into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// The process' recorder; installed by the first one who asks. `None` when another recorder was
/// installed before, whose owner then shows the figures.
fn recorder() -> Option<&'static PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(DURATION.to_owned()), &BUCKETS);
        let handle = builder.and_then(PrometheusBuilder::install_recorder).ok()?;
        describe();
        Some(handle)
    };
    RECORDER.get_or_init(install).as_ref()
}

fn describe() {
    metrics::describe_counter!(REQUESTS, "Requests answered, by route, method and status");
    metrics::describe_histogram!(DURATION, "Time to the head of the answer, in seconds");
    metrics::describe_gauge!(STREAMS, "Event streams open now");
    metrics::describe_counter!(LIMITED, "Requests refused by the rate limit, by bucket");
    metrics::describe_gauge!(BACKLOG, "Messages committed and not yet published");
    metrics::describe_gauge!(UPTIME, "Seconds since the start");
}

/// Keeps the recorder small until the token ends it.
pub(super) async fn upkeep(shutdown: CancellationToken) {
    let Some(recorder) = recorder() else { return };
    let mut turns = tokio::time::interval(UPKEEP);
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
    histogram!(DURATION, "route" => route.clone(), "method" => method).record(start.elapsed());
    counter!(REQUESTS, "route" => route, "method" => method, "status" => status).increment(1);
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
    counter!(LIMITED, "bucket" => bucket).increment(1);
}

/// An open stream; dropping it counts it out.
#[derive(Debug)]
pub(super) struct OpenStream(());

impl OpenStream {
    pub(super) fn new() -> Self {
        gauge!(STREAMS).increment(1.0);
        Self(())
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        gauge!(STREAMS).decrement(1.0);
    }
}

/// Figures for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "Health",
    responses((status = 200, body = String, content_type = "text/plain; version=0.0.4")))]
pub(super) async fn show(State(http): State<Arc<Http>>) -> Response {
    let Some(recorder) = recorder() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let backlog = timeout(DEADLINE, http.app.store.outbox_backlog()).await;
    if let Ok(Ok(backlog)) = backlog {
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        gauge!(BACKLOG).set(backlog as f64);
    }
    gauge!(UPTIME).set(http.app.started.elapsed().as_secs_f64());
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], recorder.render()).into_response()
}

/// Makes sure that figures are kept from the start.
pub(super) fn start() {
    recorder();
}
