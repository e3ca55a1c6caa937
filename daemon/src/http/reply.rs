//! How results are written: a 200 with a JSON body, and a product with its `ETag`.

use axum::{
    http::{StatusCode, header},
    response::Response,
};
use pm_common::domain::product::Product;
use serde::Serialize;

use super::{error::ApiResult, etag, json_body::json_response};

/// A 200 with a JSON body.
pub(super) fn ok(body: &impl Serialize) -> ApiResult {
    Ok(json_response(StatusCode::OK, body))
}

/// A product with its version as the ETag.
pub(super) fn product(status: StatusCode, product: &Product) -> Response {
    let mut response = json_response(status, product);
    response
        .headers_mut()
        .insert(header::ETAG, etag::of(product.version));
    response
}
