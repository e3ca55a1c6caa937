//! What every response has: an `X-Request-Id`, the caller's own if it is fit to be printed, and
//! `X-Content-Type-Options: nosniff`, so that no browser takes one for something else. The same id is
//! on every log line of the request.

use std::net::IpAddr;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;
use uuid::Uuid;

pub(super) const ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Where a request comes from; on every log line of the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClientAddress(pub(super) IpAddr);

const MAX_ID_LENGTH: usize = 128;
const NOSNIFF_VALUE: HeaderValue = HeaderValue::from_static("nosniff");

/// Layer, around all others.
pub(super) async fn layer(request: Request, next: Next) -> Response {
    let id = given(request.headers()).unwrap_or_else(fresh);
    let client = request.extensions().get::<ClientAddress>();
    let client = client.map(|address| tracing::field::display(address.0));
    let span = tracing::error_span!("request", id = id.to_str().unwrap_or_default(), client);
    let mut response = next.run(request).instrument(span).await;
    mark(response.headers_mut(), id);
    response
}

/// Adds what every response has.
pub(super) fn mark(headers: &mut HeaderMap, id: HeaderValue) {
    headers.insert(ID_HEADER, id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF_VALUE);
}

/// A new id.
pub(super) fn fresh() -> HeaderValue {
    // A UUID is always a valid header.
    HeaderValue::from_str(&Uuid::now_v7().to_string()).unwrap_or(HeaderValue::from_static("-"))
}

/// The caller's id.
fn given(headers: &HeaderMap) -> Option<HeaderValue> {
    fit(headers.get(ID_HEADER)?.as_bytes())
}

/// An id if it is fit to be printed: 1 to 128 printable ASCII characters.
pub(super) fn fit(id: &[u8]) -> Option<HeaderValue> {
    let printable = id.iter().all(|b| matches!(b, b' '..=b'~'));
    let fits = (1..=MAX_ID_LENGTH).contains(&id.len()) && printable;
    fits.then(|| HeaderValue::from_bytes(id).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_printable_ids_are_echoed() {
        let echoed = |bytes: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(ID_HEADER, HeaderValue::from_bytes(bytes).unwrap());
            given(&headers).is_some()
        };
        assert!(echoed(b"abc-123") && echoed(&[b'x'; 128]));
        assert!(
            !echoed(b"") && !echoed(&[b'x'; 129]) && !echoed(b"a\tb") && !echoed("ü".as_bytes())
        );
        assert_ne!(fresh(), fresh());
    }
}
