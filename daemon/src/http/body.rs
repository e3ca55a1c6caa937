//! Request bodies: read in pieces with a deadline for each, bounded before anything is parsed,
//! and only in plain form (no content encodings, hence no bombs).

use std::time::Duration;

use axum::{
    body::{Body, HttpBody},
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use pm_common::{
    domain::seller::SellerId,
    seller_permits::{SellerPermit, SellerPermits},
};
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    error::{ApiError, ApiResult},
    identity::RequestSeller,
};

/// How long a body may pause.
const MAX_BODY_PAUSE: Duration = Duration::from_secs(30);
/// How long a body may take before its mean rate counts.
const RATE_GRACE: Duration = Duration::from_secs(30);
/// Least mean rate of a body, in bytes per second.
const MIN_BODY_RATE: u64 = 4 * 1024;
/// Longest time that a body may take, an upload's too.
const MAX_BODY_TIME: Duration = Duration::from_secs(6 * 60 * 60);
/// Largest body that is not an upload.
pub(super) const JSON_MAX: u64 = 1024 * 1024;
/// A body up to this long needs no room of its own.
const SMALL_BODY_BYTES: usize = 16 * 1024;
/// Longer ones that are in memory at the same time.
const MAX_LARGE_BODIES: usize = 64;
/// How long a large body waits for room.
const ROOM_TIMEOUT: Duration = Duration::from_secs(4);
/// How much of a refused body is read on, so that its sender gets to read the answer.
const DRAIN_MAX: u64 = 64 * 1024 * 1024;
/// How long a refused body is read on.
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// A whole body, as it came.
#[derive(Debug)]
pub(super) struct RawBody(pub(super) Bytes);

/// A body that is one JSON object, with the bytes it came as.
#[derive(Debug)]
pub(super) struct JsonBody {
    pub(super) bytes: Bytes,
    pub(super) object: Map<String, Value>,
}

impl<S: Sync> FromRequest<S> for RawBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> ApiResult<Self> {
        let (parts, mut body) = request.into_parts();
        let read = read_whole(&parts.headers, &mut body, &mut BodyRoom::default()).await;
        if let Err(refusal) = &read {
            drain_refused(&parts.headers, &mut body, refusal).await;
        }
        read.map(Self)
    }
}

impl<S: Sync> FromRequest<S> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> ApiResult<Self> {
        let typed = json_type(request.headers());
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        typed?;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(object)) => Ok(Self { bytes, object }),
            Ok(_) => Err(ApiError::invalid(
                "body",
                "type",
                "must be a JSON object",
                "",
            )),
            Err(error) => Err(ApiError::InvalidJson(error.to_string())),
        }
    }
}

/// How fast a body comes in: neither pauses nor a trickle hold its request for long.
#[derive(Debug)]
pub(super) struct BodyPace {
    since: Instant,
    bytes: u64,
}

impl BodyPace {
    pub(super) fn start() -> Self {
        Self {
            since: Instant::now(),
            bytes: 0,
        }
    }

    /// When the next piece must be there.
    fn deadline(&self) -> Instant {
        let earned = RATE_GRACE + Duration::from_secs(self.bytes / MIN_BODY_RATE);
        (self.since + earned.min(MAX_BODY_TIME)).min(Instant::now() + MAX_BODY_PAUSE)
    }
}

/// Room for bodies that are longer than a few: of all sellers, and of one.
pub(super) fn large_bodies() -> SellerPermits {
    SellerPermits::new(MAX_LARGE_BODIES, MAX_LARGE_BODIES / 4)
}

/// The request with its whole body in memory, and the room that a large one takes while it is
/// worked on; one that only reads has none that is looked at.
pub(super) async fn received(
    request: Request,
    large: &SellerPermits,
) -> ApiResult<(Request, Option<SellerPermit>)> {
    if request.method().is_safe() {
        return Ok((request, None));
    }
    let (parts, mut body) = request.into_parts();
    let seller = parts.extensions.get::<RequestSeller>().cloned();
    let mut room = BodyRoom {
        large: seller.as_ref().map(|RequestSeller(seller)| (large, seller)),
        permit: None,
    };
    match read_whole(&parts.headers, &mut body, &mut room).await {
        Ok(bytes) => Ok((Request::from_parts(parts, Body::from(bytes)), room.permit)),
        Err(error) => {
            drain_refused(&parts.headers, &mut body, &error).await;
            Err(error)
        }
    }
}

/// Where a body's bytes are kept; one that is in memory already needs no room.
#[derive(Debug, Default)]
struct BodyRoom<'a> {
    large: Option<(&'a SellerPermits, &'a SellerId)>,
    permit: Option<SellerPermit>,
}

impl BodyRoom<'_> {
    /// Waits for the others when the body gets large.
    async fn reserve(&mut self, bytes: usize) -> ApiResult<()> {
        if let Some((large, seller)) = self.large
            && self.permit.is_none()
            && bytes > SMALL_BODY_BYTES
        {
            let permit = timeout(ROOM_TIMEOUT, large.acquire(seller)).await;
            self.permit = Some(permit.map_err(|_| ApiError::Overloaded)?);
        }
        Ok(())
    }
}

/// The next piece, or `None` at the end.
pub(super) async fn next_chunk(body: &mut Body, pace: &mut BodyPace) -> ApiResult<Option<Bytes>> {
    loop {
        let frame = timeout_at(pace.deadline(), body.frame())
            .await
            .map_err(|_| ApiError::RequestTimeout)?;
        match frame {
            None => return Ok(None),
            Some(Err(error)) => {
                return Err(match error.into_inner().downcast() {
                    Ok(refusal) => *refusal,
                    Err(_) => ApiError::invalid("body", "complete", "ended early", ""),
                });
            }
            Some(Ok(frame)) => {
                // Trailers are of no interest.
                if let Ok(data) = frame.into_data() {
                    pace.bytes += data.len() as u64;
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Reads a refused body on for a while, and forgets it: who is still sending does not read an
/// answer. A client that waits for leave to send (`Expect`) is not given it, and one that has
/// paused for too long has had its time.
pub(super) async fn drain_refused(headers: &HeaderMap, body: &mut Body, refusal: &ApiError) {
    let late = matches!(refusal, ApiError::RequestTimeout);
    if late || headers.contains_key(header::EXPECT) || body.is_end_stream() {
        return;
    }
    let read_on = async {
        let (mut left, mut pace) = (DRAIN_MAX, BodyPace::start());
        while let Ok(Some(chunk)) = next_chunk(body, &mut pace).await {
            let Some(less) = left.checked_sub(chunk.len() as u64) else {
                return;
            };
            left = less;
        }
    };
    // Whether the end or the deadline comes first does not matter.
    let _ = timeout(DRAIN_TIME, read_on).await;
}

/// Refuses compressed bodies.
pub(super) fn plain_encoding(headers: &HeaderMap) -> ApiResult<()> {
    for value in headers.get_all(header::CONTENT_ENCODING) {
        let text = value.to_str().unwrap_or_default().trim();
        if !text.is_empty() && !text.eq_ignore_ascii_case("identity") {
            let message = "A Content-Encoding is not supported: send the body as it is";
            return Err(ApiError::UnsupportedMediaType(message.to_owned()));
        }
    }
    Ok(())
}

/// The declared length, if there is one.
pub(super) fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

async fn read_whole(
    headers: &HeaderMap,
    body: &mut Body,
    room: &mut BodyRoom<'_>,
) -> ApiResult<Bytes> {
    plain_encoding(headers)?;
    if declared_length(headers).is_some_and(|length| length > JSON_MAX) {
        return Err(ApiError::BodyTooLarge(JSON_MAX));
    }
    let (mut whole, mut pace) = (BytesMut::new(), BodyPace::start());
    while let Some(chunk) = next_chunk(body, &mut pace).await? {
        if (whole.len() + chunk.len()) as u64 > JSON_MAX {
            return Err(ApiError::BodyTooLarge(JSON_MAX));
        }
        room.reserve(whole.len() + chunk.len()).await?;
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// `application/json`, `application/<anything>+json`, or nothing said at all.
fn json_type(headers: &HeaderMap) -> ApiResult<()> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let text = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let essence = text.split(';').next().unwrap_or_default().trim();
    if essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
    {
        return Ok(());
    }
    let message = "The body must be JSON (Content-Type: application/json)";
    Err(ApiError::UnsupportedMediaType(message.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)], body: impl Into<Body>) -> Request {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(body.into()).unwrap()
    }

    async fn refused(headers: &[(&str, &str)], body: &[u8]) -> ApiError {
        let request = request(headers, body.to_vec());
        JsonBody::from_request(request, &()).await.unwrap_err()
    }

    #[tokio::test]
    async fn takes_objects_and_the_last_of_repeated_keys() {
        for kind in ["application/json", "application/vnd.x+json; charset=utf-8"] {
            let request = request(&[("content-type", kind)], r#"{"a":1,"a":2}"#);
            let body = JsonBody::from_request(request, &()).await.unwrap();
            assert_eq!(body.object["a"], 2);
        }
    }

    #[tokio::test]
    async fn refuses_what_is_not_json() {
        let deep = "[".repeat(10_000);
        for bad in [
            &b""[..],
            b"{",
            b"{} x",
            b"{\"a\":\"\xff\"}",
            br#"{"a":"\ud800"}"#,
            deep.as_bytes(),
        ] {
            let error = refused(&[], bad).await;
            assert!(matches!(error, ApiError::InvalidJson(_)), "{error:?}");
        }
        let error = refused(&[], b"[]").await;
        assert!(matches!(error, ApiError::Validation(_)), "{error:?}");
    }

    #[tokio::test]
    async fn refuses_other_types_encodings_and_sizes() {
        let error = refused(&[("content-type", "text/plain")], b"{}").await;
        assert!(
            matches!(error, ApiError::UnsupportedMediaType(_)),
            "{error:?}"
        );
        let error = refused(&[("content-encoding", "gzip")], b"{}").await;
        assert!(
            matches!(error, ApiError::UnsupportedMediaType(_)),
            "{error:?}"
        );
        let large = vec![b' '; JSON_MAX as usize + 1];
        let error = refused(&[], &large).await;
        assert!(
            matches!(error, ApiError::BodyTooLarge(JSON_MAX)),
            "{error:?}"
        );
    }
}
