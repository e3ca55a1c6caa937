//! Who is asking: the seller of a request, from `X-Seller-Id` or from an API key.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use pm_common::{
    config::Auth, domain::seller::SellerId, log_throttle::LogThrottle, ports::store::ApiKey,
    unpoisoned::unpoisoned,
};

use super::{
    HttpState,
    error::{ApiError, ApiResult},
};
use crate::keys::{self, PresentedKey};

const REFUSED_KEYS: &str = "pmd_refused_keys_total";
/// By reason.
static REFUSED_KEY_WARNINGS: LogThrottle = LogThrottle::new(Duration::from_secs(1));
const SELLER_HEADER: &str = "x-seller-id";
/// How long a look-up of a key is believed: a revoked key stops working within this time.
const KEY_CACHE_TIME: Duration = Duration::from_secs(2);
/// Between two checks of an open stream's key. With the time above: an open stream ends within 5 s.
const KEY_RECHECK_INTERVAL: Duration = Duration::from_millis(2_500);
/// Look-ups remembered at most; random keys must not fill the memory.
const KEYS_MAX: usize = 10_000;

/// The seller a request acts for; put there by the limiter's layer.
#[derive(Debug, Clone)]
pub(super) struct RequestSeller(pub(super) SellerId);

impl<S: Sync> FromRequestParts<S> for RequestSeller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        let known = parts.extensions.get::<Self>().cloned();
        known.ok_or_else(|| ApiError::Internal("a route without its seller layer".to_owned()))
    }
}

/// Keys looked up in the last seconds, by their id; `None` for one that does not exist.
#[derive(Debug, Default)]
pub(super) struct KeyCache(Mutex<HashMap<String, (Instant, Option<ApiKey>)>>);

/// The seller of a request. `query` is the id in the address, where one is allowed.
pub(super) async fn identify(
    http: &HttpState,
    headers: &HeaderMap,
    query: Option<&str>,
) -> ApiResult<SellerId> {
    let claimed = claimed(headers, query)?;
    match http.app.config.auth {
        Auth::Header => claimed.ok_or(ApiError::MissingSellerId),
        Auth::Keys => {
            let owner = key_owner(http, headers).await?;
            if claimed.is_some_and(|claimed| claimed != owner) {
                return Err(ApiError::SellerMismatch);
            }
            Ok(owner)
        }
    }
}

/// Layer: a 401 in keys mode says what would be accepted.
pub(super) async fn challenge(
    State(http): State<Arc<HttpState>>,
    mut response: Response,
) -> Response {
    if http.app.config.auth == Auth::Keys && response.status() == StatusCode::UNAUTHORIZED {
        let bearer = HeaderValue::from_static("Bearer");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, bearer);
    }
    response
}

/// Ends when the key that the request came with is no longer valid; never in header mode. A store
/// that is away leaves the question open.
pub(super) async fn revoked(http: &HttpState, headers: &HeaderMap) {
    if http.app.config.auth == Auth::Header {
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(KEY_RECHECK_INTERVAL).await;
        if let Err(ApiError::InvalidApiKey) = key_owner(http, headers).await {
            return;
        }
    }
}

/// The id the caller gives, if any. Header and query must agree.
fn claimed(headers: &HeaderMap, query: Option<&str>) -> ApiResult<Option<SellerId>> {
    let mut values = headers.get_all(SELLER_HEADER).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(invalid("X-Seller-Id is given more than once"));
    }
    let header = match first {
        None => None,
        Some(value) => {
            let text = value.to_str();
            let text = text.map_err(|_| invalid("X-Seller-Id has characters outside ASCII"))?;
            (!text.is_empty()).then(|| parse(text)).transpose()?
        }
    };
    let query = query
        .filter(|text| !text.is_empty())
        .map(parse)
        .transpose()?;
    match (header, query) {
        (Some(header), Some(query)) if header != query => {
            Err(invalid("X-Seller-Id and sellerId name different sellers"))
        }
        (header, query) => Ok(header.or(query)),
    }
}

fn parse(text: &str) -> ApiResult<SellerId> {
    SellerId::parse(text).map_err(|error| {
        let text = error.to_string();
        invalid(&format!("The seller id is invalid: {text}"))
    })
}

fn invalid(message: &str) -> ApiError {
    ApiError::InvalidSellerId(message.to_owned())
}

/// The seller of the request's `Authorization: Bearer pmk_<id>_<secret>`.
async fn key_owner(http: &HttpState, headers: &HeaderMap) -> ApiResult<SellerId> {
    let Some(sent) = bearer(headers) else {
        return Err(ApiError::InvalidApiKey);
    };
    let Some(presented) = PresentedKey::parse(sent) else {
        return Err(refused_key("", "it is no key"));
    };
    match http.keys.find(http, presented.id).await? {
        Some(known) if presented.is(&known) => Ok(known.seller),
        Some(_) => Err(refused_key(presented.id, "its secret is wrong")),
        None => Err(refused_key(presented.id, "it is unknown, or revoked")),
    }
}

/// Counts a refused key, and says so once a second for each reason; who sent it is on the request's lines.
fn refused_key(id: &str, reason: &'static str) -> ApiError {
    metrics::counter!(REFUSED_KEYS).increment(1);
    // What is no id may be a part of a secret.
    let key = if keys::is_id(id) { id } else { "" };
    if REFUSED_KEY_WARNINGS.is_due(reason) {
        tracing::warn!(key, reason, "an API key was refused");
    } else {
        tracing::debug!(key, reason, "an API key was refused");
    }
    ApiError::InvalidApiKey
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    let (scheme, key) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

impl KeyCache {
    async fn find(&self, http: &HttpState, id: &str) -> ApiResult<Option<ApiKey>> {
        if let Some(known) = self.fresh(id) {
            return Ok(known);
        }
        // The clock starts before the look-up, so that a revocation during it is not missed.
        let asked = Instant::now();
        let found = http.app.store.key_find(id).await?;
        let mut keys = unpoisoned(self.0.lock());
        if keys.len() >= KEYS_MAX {
            keys.clear();
        }
        keys.insert(id.to_owned(), (asked, found.clone()));
        Ok(found)
    }

    fn fresh(&self, id: &str) -> Option<Option<ApiKey>> {
        let keys = unpoisoned(self.0.lock());
        let (asked, found) = keys.get(id)?;
        (asked.elapsed() < KEY_CACHE_TIME).then(|| found.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn header_and_query_must_agree() {
        let with = |pairs: &[(&'static str, &str)], query| claimed(&headers(pairs), query);
        let id = |text| Some(SellerId::parse(text).unwrap());
        assert_eq!(with(&[], None).unwrap(), None);
        assert_eq!(with(&[("x-seller-id", "")], None).unwrap(), None);
        assert_eq!(with(&[("x-seller-id", "a")], None).unwrap(), id("a"));
        assert_eq!(with(&[], Some("a")).unwrap(), id("a"));
        assert_eq!(with(&[("x-seller-id", "a")], Some("a")).unwrap(), id("a"));
        assert!(with(&[("x-seller-id", "a")], Some("b")).is_err());
        assert!(with(&[("x-seller-id", "a"), ("x-seller-id", "a")], None).is_err());
        assert!(with(&[("x-seller-id", "42")], None).is_err());
        assert!(with(&[], Some("a b")).is_err());
    }

    #[test]
    fn a_key_comes_as_a_single_bearer_token() {
        assert_eq!(
            bearer(&headers(&[("authorization", "Bearer pmk_a_b")])),
            Some("pmk_a_b")
        );
        assert_eq!(
            bearer(&headers(&[("authorization", "bearer  k")])),
            Some("k")
        );
        assert_eq!(bearer(&headers(&[("authorization", "Basic k")])), None);
        let twice = headers(&[("authorization", "Bearer a"), ("authorization", "Bearer a")]);
        assert_eq!(bearer(&twice), None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
