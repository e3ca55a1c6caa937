//! What can go wrong between a client and its server, and how to tell the cases apart.

use std::time::Duration;

use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Map;

use super::header_text;
use crate::api::ErrorOut;

/// The result of every call.
pub type Result<T, E = ClientError> = std::result::Result<T, E>;

/// Why a call gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server answered, and the answer is no.
    #[error("{}", .0.body.message)]
    Refused(Box<RefusedRequest>),
    /// No answer, or only a part of one. Whether the request acted is not known.
    #[error("no answer from {server}: {reason}")]
    Unreachable {
        server: String,
        reason: String,
        /// There was not even a connection: the request did not act.
        connecting: bool,
    },
    /// An answer, but not one that this API gives.
    #[error("{server} gave an answer that cannot be read: {reason}")]
    Strange { server: String, reason: String },
    /// The address is no http or https URL.
    #[error("{0:?} is not the address of a server")]
    BadServer(String),
    /// The key has characters that cannot be sent.
    #[error("the token has characters that cannot be sent in a header")]
    BadToken,
}

/// A refusal in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRequest {
    pub status: u16,
    pub body: ErrorOut,
    /// For the server's operators.
    pub request_id: Option<String>,
    /// How long to wait before asking again.
    pub retry_after: Option<Duration>,
}

impl ClientError {
    /// From a request that did not get its answer.
    pub(super) fn broken(server: &str, error: &reqwest::Error) -> Self {
        let reason = if error.is_timeout() && !error.is_connect() {
            "it did not answer in time".to_owned()
        } else {
            // The outer errors only repeat the address.
            let mut innermost: &dyn std::error::Error = error;
            while let Some(source) = innermost.source() {
                innermost = source;
            }
            innermost.to_string()
        };
        Self::Unreachable {
            server: server.to_owned(),
            reason,
            connecting: error.is_connect(),
        }
    }

    /// The refusal, when it is one.
    pub fn refusal(&self) -> Option<&RefusedRequest> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the same request may well succeed later: the server is away, overloaded, or asks
    /// for patience.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Refused(refusal) => matches!(refusal.status, 408 | 429 | 502 | 503 | 504),
            Self::Unreachable { .. } => true,
            Self::Strange { .. } | Self::BadServer(_) | Self::BadToken => false,
        }
    }

    /// The server does not know whether the change was made.
    pub fn is_unknown_outcome(&self) -> bool {
        self.refusal()
            .is_some_and(|refusal| refusal.body.error_code == "OUTCOME_UNKNOWN")
    }

    /// How long the server asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.refusal()?.retry_after
    }
}

impl RefusedRequest {
    /// Reads an error body; one that is not ours (of a proxy) becomes a plain sentence.
    pub(super) fn of(
        server: &str,
        status: StatusCode,
        headers: &HeaderMap,
        bytes: &[u8],
    ) -> ClientError {
        let body = serde_json::from_slice::<ErrorOut>(bytes).unwrap_or_else(|_| {
            let reason = status.canonical_reason().unwrap_or("an unknown status");
            ErrorOut {
                error: reason.to_owned(),
                message: format!("{server} answered {} {reason}", status.as_u16()),
                error_code: format!("HTTP_{}", status.as_u16()),
                details: Map::new(),
            }
        });
        let seconds = header_text(headers, "retry-after").and_then(|text| text.parse().ok());
        ClientError::Refused(Box::new(Self {
            status: status.as_u16(),
            body,
            request_id: header_text(headers, "x-request-id"),
            retry_after: seconds.map(Duration::from_secs),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_our_errors_and_those_of_proxies() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "7".parse().unwrap());
        headers.insert("x-request-id", "r1".parse().unwrap());
        let ours = br#"{"error":"Too Many Requests","message":"Slow down","error_code":"RATE_LIMIT_EXCEEDED","details":{"limit":5}}"#;
        let error = RefusedRequest::of("http://a", StatusCode::TOO_MANY_REQUESTS, &headers, ours);
        assert_eq!(error.to_string(), "Slow down");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        assert!(error.is_passing());
        assert_eq!(error.refusal().unwrap().request_id.as_deref(), Some("r1"));

        let html = b"<html>Bad gateway</html>";
        let error =
            RefusedRequest::of("http://a", StatusCode::BAD_GATEWAY, &HeaderMap::new(), html);
        assert_eq!(error.to_string(), "http://a answered 502 Bad Gateway");
        assert_eq!(error.refusal().unwrap().body.error_code, "HTTP_502");
    }
}
