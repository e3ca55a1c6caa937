//! The event stream: a seller's notifications, live and in order.
//!
//! The body is pulled: nothing is queued for a client that does not read, it reads the inbox when
//! it comes back. On shutdown the body ends properly.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use pm_common::{
    api::ErrorOut,
    domain::seller::SellerId,
    seller_permits::{PermitRefusal, SellerPermit},
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    HttpState,
    error::{ApiError, ApiResult},
    event_stream::EventStream,
    identity,
    params::QueryParams,
};

const LAST_EVENT_ID: &str = "last-event-id";

/// Follow what happens
///
/// Server-sent events: first an unnamed `connected`, then `ProductCreated`, `ProductUpdated`,
/// `ProductDeleted`, `LowStockWarning`, `ImportProgress`, `ImportCompleted`, and `gap` when
/// history was lost. `Last-Event-ID` replays what was missed.
#[utoipa::path(get, path = "/api/events/stream", tag = "Events",
    params(
        ("sellerId" = Option<String>, Query, description = "The seller, where no header can be set"),
        ("lastEventId" = Option<i64>, Query, description = "Replay what came after this sequence; 0 for all that is kept"),
        ("Last-Event-ID" = Option<i64>, Header, description = "The same; this one wins"),
    ),
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = 400, body = ErrorOut, description = "VALIDATION_ERROR"),
        (status = 429, body = ErrorOut, description = "TOO_MANY_STREAMS"),
    ))]
pub(super) async fn stream(
    State(http): State<Arc<HttpState>>,
    headers: HeaderMap,
    QueryParams(mut params): QueryParams,
) -> ApiResult {
    let seller = params.text("sellerId");
    let seller = identity::identify(&http, &headers, seller.as_deref()).await?;
    let last = last_event_id(&headers, params.text("lastEventId"))?;
    params.finish().map_err(ApiError::Validation)?;
    let permit = permit(&http, &seller)?;
    let events = EventStream::open(Arc::clone(&http), seller, last).await?;
    let chunks = stream::unfold((events, permit), |(mut events, permit)| async {
        let chunk = events.next().await?;
        Some((Ok::<_, Infallible>(chunk), (events, permit)))
    });
    let chunks = chunks.take_until(key_check(http, headers));
    Ok(stream_response(Body::from_stream(chunks)))
}

/// The stream's share of the process' descriptors.
fn permit(http: &HttpState, seller: &SellerId) -> ApiResult<SellerPermit> {
    let permit = http.streams.try_acquire(seller);
    permit.map_err(|refusal| match refusal {
        PermitRefusal::Seller => ApiError::TooManyStreams(http.streams.per_seller()),
        PermitRefusal::All => ApiError::Overloaded,
    })
}

/// Ends when the stream's key is revoked. A task of its own: a busy stream never waits for a look-up,
/// and a look-up is never cut short by the next event.
async fn key_check(http: Arc<HttpState>, headers: HeaderMap) {
    let check = tokio::spawn(async move { identity::revoked(&http, &headers).await });
    // An error means that the process ends.
    let _ = AbortOnDropHandle::new(check).await;
}

fn stream_response(body: Body) -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache, no-transform"),
        ),
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    (headers, body).into_response()
}

/// Where the client left off. The header wins: a browser that reconnects by itself sends it along
/// with its first address.
fn last_event_id(headers: &HeaderMap, query: Option<String>) -> ApiResult<Option<i64>> {
    let (name, text) = match headers.get(LAST_EVENT_ID) {
        Some(value) if !value.is_empty() => {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            ("Last-Event-ID", Some(text))
        }
        _ => ("lastEventId", query),
    };
    let Some(text) = text else { return Ok(None) };
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(id) if digits => Ok(Some(id)),
        _ => Err(ApiError::invalid(
            name,
            "format",
            "must be the digits of an event's id",
            &text,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_digits_and_the_header_wins() {
        let read = |header: Option<&'static str>, query: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = header {
                headers.insert(LAST_EVENT_ID, HeaderValue::from_static(value));
            }
            last_event_id(&headers, query.map(str::to_owned))
        };
        assert_eq!(read(None, None).unwrap(), None);
        assert_eq!(read(Some("7"), Some("3")).unwrap(), Some(7));
        assert_eq!(read(Some(""), Some("3")).unwrap(), Some(3));
        assert_eq!(read(None, Some("0")).unwrap(), Some(0));
        for bad in ["-1", "+1", "1.0", "x", "1 ", "9223372036854775808"] {
            assert!(read(None, Some(bad)).is_err(), "{bad}");
        }
        assert!(read(Some("x"), Some("3")).is_err());
    }
}
