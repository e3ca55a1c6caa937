//! Admission: each request to a seller's route is identified, charged to a bucket, and its answer
//! says what is left, errors included. The import route is charged to the bulk bucket alone.
//! After that, a bound on the requests the process works on at once.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    response::{IntoResponse, Response},
};
use pm_common::{
    domain::{clock, seller::SellerId},
    ports::limiter::{RateBucket, RateDecision},
};

use super::{
    HttpState, body,
    connections::{self, ReserveConnection},
    error::ApiError,
    health::LIVE_PATH,
    identity::{self, RequestSeller},
    metrics,
    rate_refusal::RateRefusal,
};

/// Requests worked on at once, streams not counted.
pub(super) const MAX_CONCURRENT_REQUESTS: usize = 4096;

const LIMIT_HEADER: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING_HEADER: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET_HEADER: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Layer: everything a seller does but imports.
pub(super) async fn standard(
    State(http): State<Arc<HttpState>>,
    request: Request,
    next: Next,
) -> Response {
    admit(&http, RateBucket::Standard, request, next).await
}

/// Layer: imports.
pub(super) async fn bulk(
    State(http): State<Arc<HttpState>>,
    request: Request,
    next: Next,
) -> Response {
    admit(&http, RateBucket::Bulk, request, next).await
}

/// Layer: takes the body in, then refuses what exceeds the process' capacity. A permit counts
/// work, so that clients who send slowly keep none from others.
pub(super) async fn capacity(
    State(http): State<Arc<HttpState>>,
    request: Request,
    next: Next,
) -> Response {
    // The room of a large body is held as long as its permit.
    let (request, _room) = match body::received(request, &http.large_bodies).await {
        Ok(received) => received,
        Err(error) => return error.into_response(),
    };
    connections::begin_work(request.extensions());
    // Held until the handler has answered.
    let Ok(_permit) = http.capacity.try_acquire() else {
        return ApiError::Overloaded.into_response();
    };
    next.run(request).await
}

/// Layer: on a connection beyond the process' share only liveness is answered.
pub(super) async fn reserve(request: Request, next: Next) -> Response {
    let reserve = request.extensions().get::<ReserveConnection>().is_some();
    if reserve && request.uri().path() != LIVE_PATH {
        return ApiError::Overloaded.into_response();
    }
    next.run(request).await
}

async fn admit(http: &HttpState, bucket: RateBucket, mut request: Request, next: Next) -> Response {
    let seller = match identity::identify(http, request.headers(), None).await {
        Ok(seller) => seller,
        // A stranger's body is not read on.
        Err(error) => return error.into_response(),
    };
    let decision = check(http, &seller, bucket).await;
    let mut response = match decision {
        Some(refused) if !refused.admitted => {
            metrics::rate_limited(bucket);
            let refusal = RateRefusal::new(bucket, &refused, clock::now());
            refuse(request, ApiError::RateLimited(refusal)).await
        }
        _ => {
            request.extensions_mut().insert(RequestSeller(seller));
            next.run(request).await
        }
    };
    if let Some(decision) = decision {
        tell(&decision, response.headers_mut());
    }
    response
}

/// Answers a request whose handler is not reached.
async fn refuse(request: Request, error: ApiError) -> Response {
    let (parts, mut body) = request.into_parts();
    body::drain_refused(&parts.headers, &mut body, &error).await;
    error.into_response()
}

/// `None` when the limiter could not say: a request is never refused for that.
async fn check(http: &HttpState, seller: &SellerId, bucket: RateBucket) -> Option<RateDecision> {
    match http.app.limiter.check(seller, bucket).await {
        Ok(decision) => Some(decision),
        Err(error) => {
            tracing::warn!(%error, "the rate limiter did not answer");
            None
        }
    }
}

fn tell(decision: &RateDecision, headers: &mut HeaderMap) {
    let reset = decision.resets_at.millis().div_euclid(1000)
        + i64::from(decision.resets_at.millis().rem_euclid(1000) > 0);
    headers.insert(LIMIT_HEADER, HeaderValue::from(decision.limit));
    headers.insert(REMAINING_HEADER, HeaderValue::from(decision.remaining));
    headers.insert(RESET_HEADER, HeaderValue::from(reset));
}
