//! `Idempotency-Key`: the claim that travels with a POST into the store, and the uploads that are
//! on their way in this process.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use axum::http::{HeaderMap, Method, Uri};
use pm_common::domain::{
    idempotency::{Claim, KEY_MAX},
    seller::SellerId,
};

use super::error::{ApiError, ApiResult};
use pm_common::unpoisoned::unpoisoned;

const KEY_HEADER: &str = "idempotency-key";

/// The caller's key, if any: 1 to 255 printable characters.
pub(super) fn key(headers: &HeaderMap) -> ApiResult<Option<String>> {
    let mut values = headers.get_all(KEY_HEADER).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let refuse = |constraint: &str, rest: &str| {
        Err(ApiError::invalid("Idempotency-Key", constraint, rest, ""))
    };
    if values.next().is_some() {
        return refuse("repeated", "is given more than once");
    }
    match std::str::from_utf8(value.as_bytes()) {
        Ok("") => refuse("required", "must not be empty"),
        Ok(key) if key.chars().count() > KEY_MAX => refuse(
            "max_length",
            &format!("must be at most {KEY_MAX} characters"),
        ),
        Ok(key) if !key.contains(char::is_control) => Ok(Some(key.to_owned())),
        _ => refuse("format", "must be plain text without control characters"),
    }
}

/// The claim of a POST to this address with this body.
pub(super) fn claim(headers: &HeaderMap, uri: &Uri, body: &[u8]) -> ApiResult<Option<Claim>> {
    let route = route(uri);
    Ok(key(headers)?.map(|key| Claim::new(key, &route, body)))
}

/// How the fingerprint names a POST to this address.
pub(super) fn route(uri: &Uri) -> String {
    format!("{} {}", Method::POST, uri.path())
}

/// Uploads under way, by seller and key.
#[derive(Debug, Default, Clone)]
pub(super) struct InFlight(Arc<Mutex<HashSet<(SellerId, String)>>>);

/// One upload under way; dropping it ends it.
#[derive(Debug)]
pub(super) struct InFlightGuard {
    all: InFlight,
    this: (SellerId, String),
}

impl InFlight {
    /// Enters an upload, unless one with the same key is there.
    pub(super) fn enter(&self, seller: &SellerId, key: &str) -> ApiResult<InFlightGuard> {
        let this = (seller.clone(), key.to_owned());
        let mut all = unpoisoned(self.0.lock());
        if !all.insert(this.clone()) {
            return Err(ApiError::IdempotencyInProgress);
        }
        Ok(InFlightGuard {
            all: self.clone(),
            this,
        })
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let mut all = unpoisoned(self.all.0.lock());
        all.remove(&self.this);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(value: &[u8]) -> ApiResult<Option<String>> {
        let mut headers = HeaderMap::new();
        headers.insert(
            KEY_HEADER,
            axum::http::HeaderValue::from_bytes(value).unwrap(),
        );
        key(&headers)
    }

    #[test]
    fn keys_are_bounded_text() {
        assert_eq!(key(&HeaderMap::new()).unwrap(), None);
        assert_eq!(with(b"k-1").unwrap().as_deref(), Some("k-1"));
        assert!(with("ü".repeat(255).as_bytes()).is_ok());
        assert!(with(&[b'k'; 256]).is_err());
        assert!(with(b"").is_err() && with(b"a\tb").is_err() && with(b"\xff").is_err());
    }

    #[test]
    fn a_key_is_in_flight_once() {
        let (uploads, seller) = (InFlight::default(), SellerId::parse("s").unwrap());
        let first = uploads.enter(&seller, "k").unwrap();
        assert!(uploads.enter(&seller, "k").is_err());
        assert!(uploads.enter(&SellerId::parse("t").unwrap(), "k").is_ok());
        drop(first);
        assert!(uploads.enter(&seller, "k").is_ok());
    }
}
