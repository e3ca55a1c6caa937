//! How answers are written: JSON bodies and the product answer with its ETag.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use pm_common::domain::product::Product;
use serde::Serialize;

use super::{error::ApiResult, etag};

/// A JSON answer; it is never served from a cache without asking.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let (status, bytes) = match serde_json::to_vec(body) {
        Ok(bytes) => (status, bytes),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            (StatusCode::INTERNAL_SERVER_ERROR, Vec::new())
        }
    };
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// A 200 with a JSON body.
pub(super) fn ok(body: &impl Serialize) -> ApiResult {
    Ok(json(StatusCode::OK, body))
}

/// A product with its version as the ETag.
pub(super) fn product(status: StatusCode, product: &Product) -> Response {
    let mut response = json(status, product);
    response
        .headers_mut()
        .insert(header::ETAG, etag::of(product.version));
    response
}
