//! Every way a request can fail, and the one place that turns a failure into an answer: status,
//! code, sentence and details. What went wrong inside goes to the log, never to the caller.

use std::fmt;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use pm_common::{
    api::ErrorOut,
    domain::{
        error::{Conflict, Error},
        message_text::shortened,
        product::FieldError,
    },
};
use serde_json::{Map, Value, json};

use super::{json_body::json_response, outage, rate_refusal::RateRefusal};

/// Seconds after which a caller may try again when the server itself is in trouble.
const RETRY_AFTER: u64 = 1;

/// What a handler or a layer answers instead of a result.
#[derive(Debug)]
pub(super) enum ApiError {
    /// Rules that a body, a parameter or a header breaks; never empty.
    Validation(Vec<FieldError>),
    InvalidProductId(String),
    InvalidJson(String),
    MissingFile,
    InvalidFileField(String),
    InvalidFileType(String),
    UnsupportedEncoding(String),
    MissingColumns(String, Vec<String>),
    MissingSellerId,
    InvalidSellerId(String),
    InvalidApiKey,
    SellerMismatch,
    HostNotAllowed,
    OriginNotAllowed,
    ProductNotFound,
    ImportNotFound,
    NotFound,
    MethodNotAllowed,
    IdempotencyInProgress,
    FileTooLarge(u64),
    BodyTooLarge(u64),
    UnsupportedMediaType(String),
    RateLimited(RateRefusal),
    /// The change that leaves an atomic batch undone.
    StockBatch {
        index: usize,
        cause: Box<Self>,
    },
    /// As many are open as one seller may have.
    TooManyStreams(usize),
    RequestTimeout,
    UriTooLong,
    HeadersTooLarge,
    Overloaded,
    Internal(String),
    Port(Error),
}

pub(super) type ApiResult<T = Response> = Result<T, ApiError>;

impl ApiError {
    /// One broken rule.
    pub(super) fn invalid(field: &str, constraint: &str, rest: &str, value: &str) -> Self {
        Self::Validation(vec![FieldError::new(field, constraint, rest, value)])
    }

    /// Status and code.
    fn kind(&self) -> (StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::Validation(_) | Self::Port(Error::Invalid(_)) => {
                (S::BAD_REQUEST, "VALIDATION_ERROR")
            }
            Self::InvalidProductId(_) => (S::BAD_REQUEST, "INVALID_PRODUCT_ID"),
            Self::InvalidJson(_) => (S::BAD_REQUEST, "INVALID_JSON"),
            Self::MissingFile => (S::BAD_REQUEST, "MISSING_FILE"),
            Self::InvalidFileField(_) => (S::BAD_REQUEST, "INVALID_FILE_FIELD"),
            Self::InvalidFileType(_) => (S::BAD_REQUEST, "INVALID_FILE_TYPE"),
            Self::UnsupportedEncoding(_) => (S::BAD_REQUEST, "UNSUPPORTED_ENCODING"),
            Self::MissingColumns(..) => (S::BAD_REQUEST, "MISSING_COLUMNS"),
            Self::MissingSellerId => (S::UNAUTHORIZED, "MISSING_SELLER_ID"),
            Self::InvalidSellerId(_) => (S::UNAUTHORIZED, "INVALID_SELLER_ID"),
            Self::InvalidApiKey => (S::UNAUTHORIZED, "INVALID_API_KEY"),
            Self::SellerMismatch => (S::FORBIDDEN, "SELLER_MISMATCH"),
            Self::HostNotAllowed => (S::MISDIRECTED_REQUEST, "HOST_NOT_ALLOWED"),
            Self::OriginNotAllowed => (S::FORBIDDEN, "ORIGIN_NOT_ALLOWED"),
            Self::ProductNotFound => (S::NOT_FOUND, "PRODUCT_NOT_FOUND"),
            Self::ImportNotFound => (S::NOT_FOUND, "IMPORT_NOT_FOUND"),
            Self::NotFound => (S::NOT_FOUND, "NOT_FOUND"),
            Self::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
            Self::IdempotencyInProgress => (S::CONFLICT, "IDEMPOTENCY_IN_PROGRESS"),
            Self::FileTooLarge(_) => (S::PAYLOAD_TOO_LARGE, "FILE_TOO_LARGE"),
            Self::BodyTooLarge(_) => (S::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE"),
            Self::UnsupportedMediaType(_) => (S::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE"),
            Self::StockBatch { cause, .. } => cause.kind(),
            Self::RateLimited(..) => (S::TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED"),
            Self::TooManyStreams(_) => (S::TOO_MANY_REQUESTS, "TOO_MANY_STREAMS"),
            Self::RequestTimeout => (S::REQUEST_TIMEOUT, "REQUEST_TIMEOUT"),
            Self::UriTooLong => (S::URI_TOO_LONG, "URI_TOO_LONG"),
            Self::HeadersTooLarge => (S::REQUEST_HEADER_FIELDS_TOO_LARGE, "HEADERS_TOO_LARGE"),
            Self::Overloaded | Self::Port(Error::Overloaded(_)) => {
                (S::SERVICE_UNAVAILABLE, "OVERLOADED")
            }
            Self::Port(Error::Conflict(conflict)) => conflict_kind(conflict),
            Self::Port(Error::Unavailable { .. }) => {
                (S::SERVICE_UNAVAILABLE, "DATABASE_UNAVAILABLE")
            }
            Self::Port(Error::OutcomeUnknown { .. }) => (S::SERVICE_UNAVAILABLE, "OUTCOME_UNKNOWN"),
            Self::Internal(_) | Self::Port(Error::Corrupt(_)) => {
                (S::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR")
            }
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.kind().0
    }

    pub(super) fn body(&self) -> ErrorOut {
        let (status, code) = self.kind();
        ErrorOut {
            error: status.canonical_reason().unwrap_or("Error").to_owned(),
            message: self.message(),
            error_code: code.to_owned(),
            details: self.details(),
        }
    }

    /// One plain sentence; front ends show it as it is.
    fn message(&self) -> String {
        match self {
            Self::Validation(errors) | Self::Port(Error::Invalid(errors)) => {
                errors.first().map_or_else(
                    || "The request is invalid".to_owned(),
                    |e| e.message.clone(),
                )
            }
            Self::InvalidProductId(_) => "The product id must be a positive whole number".into(),
            Self::InvalidJson(why) => format!("The body is not valid JSON: {why}"),
            Self::MissingFile => "A CSV file is required, as the multipart field \"file\"".into(),
            Self::InvalidFileField(name) => format!(
                "Unexpected multipart field {name:?}: send exactly one file, as the field \"file\""
            ),
            Self::InvalidFileType(name) => format!("{name:?} is not a CSV file"),
            Self::UnsupportedEncoding(why) | Self::MissingColumns(why, _) => why.clone(),
            Self::UnsupportedMediaType(why) | Self::InvalidSellerId(why) => why.clone(),
            Self::MissingSellerId => "The X-Seller-Id header is required".into(),
            Self::InvalidApiKey => "A valid API key is required (Authorization: Bearer …)".into(),
            Self::SellerMismatch => "The seller id is not the one of the API key".into(),
            Self::HostNotAllowed => {
                "This server answers this machine only, under a loopback name".into()
            }
            Self::OriginNotAllowed => "Web pages of other machines may not call this server".into(),
            Self::ProductNotFound => "Product not found".into(),
            Self::ImportNotFound => "Import not found".into(),
            Self::NotFound => "There is nothing at this address".into(),
            Self::MethodNotAllowed => "This address does not support the method".into(),
            Self::IdempotencyInProgress => {
                "A request with this Idempotency-Key is still in progress".into()
            }
            Self::FileTooLarge(limit) => format!("The file is larger than {limit} bytes"),
            Self::BodyTooLarge(limit) => format!("The body is larger than {limit} bytes"),
            Self::RateLimited(refusal) => format!(
                "Rate limit exceeded: {} requests per {}",
                refusal.limit,
                refusal.window_name()
            ),
            Self::StockBatch { index, cause } => format!(
                "Nothing was changed: of changes[{index}] {}",
                cause.message()
            ),
            Self::TooManyStreams(limit) => {
                format!("{limit} event streams are open: close one, and try again")
            }
            Self::RequestTimeout => "The request did not arrive in time".into(),
            Self::UriTooLong => "The address is too long".into(),
            Self::HeadersTooLarge => "The request's header is too large".into(),
            Self::Overloaded | Self::Port(Error::Overloaded(_)) => {
                "The server is busy, try again in a moment".into()
            }
            Self::Port(Error::Conflict(conflict)) => sentence(&conflict.to_string()),
            Self::Port(Error::Unavailable { port, .. }) => {
                let subject = port.description();
                format!("{subject} is unavailable, try again in a moment")
            }
            Self::Port(Error::OutcomeUnknown { .. }) => {
                "The change may be done or not: repeat it with the same Idempotency-Key, or look \
                 before you repeat it without one"
                    .into()
            }
            Self::Internal(_) | Self::Port(Error::Corrupt(_)) => "Something went wrong".into(),
        }
    }

    /// What a program may want to know beyond the code.
    fn details(&self) -> Map<String, Value> {
        let details = match self {
            Self::Validation(errors) | Self::Port(Error::Invalid(errors)) => {
                validation_details(errors)
            }
            Self::InvalidProductId(value) => json!({ "value": shortened(value) }),
            Self::MissingColumns(_, columns) if !columns.is_empty() => {
                json!({ "columns": columns })
            }
            Self::FileTooLarge(limit) | Self::BodyTooLarge(limit) => json!({ "limit": limit }),
            Self::TooManyStreams(limit) => json!({ "limit": limit }),
            Self::RateLimited(refusal) => json!({
                "limit": refusal.limit,
                "window": refusal.bucket.window_text(),
                "retry_after": refusal.retry_after,
            }),
            Self::StockBatch { index, cause } => {
                let mut details = cause.details();
                details.insert("index".to_owned(), json!(index));
                return details;
            }
            Self::Port(Error::Conflict(conflict)) => conflict_details(conflict),
            _ => Value::Null,
        };
        match details {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::RateLimited(refusal) => Some(refusal.retry_after),
            Self::Overloaded
            | Self::Port(
                Error::Overloaded(_) | Error::Unavailable { .. } | Error::OutcomeUnknown { .. },
            ) => Some(RETRY_AFTER),
            _ => None,
        }
    }

    /// What operators need and callers must not see.
    fn log(&self) {
        match self {
            Self::Internal(reason) => tracing::error!(%reason, "request failed"),
            Self::Port(error @ Error::Corrupt(_)) => tracing::error!(%error, "request failed"),
            Self::Port(error @ (Error::Unavailable { .. } | Error::OutcomeUnknown { .. })) => {
                outage::warn(error, "request refused");
            }
            _ => {}
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

/// Bodies carry it through the readers of others.
impl std::error::Error for ApiError {}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self::Port(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let mut response = json_response(self.status(), &self.body());
        if let Some(seconds) = self.retry_after() {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

const fn conflict_kind(conflict: &Conflict) -> (StatusCode, &'static str) {
    match conflict {
        Conflict::DuplicateSku { .. } => (StatusCode::CONFLICT, "DUPLICATE_SKU"),
        Conflict::InsufficientStock { .. } => (StatusCode::CONFLICT, "INSUFFICIENT_STOCK"),
        Conflict::StockOverflow { .. } => (StatusCode::BAD_REQUEST, "VALIDATION_ERROR"),
        Conflict::Version { .. } => (StatusCode::PRECONDITION_FAILED, "VERSION_CONFLICT"),
        Conflict::NotCancellable { .. } => (StatusCode::CONFLICT, "IMPORT_NOT_CANCELLABLE"),
        Conflict::NotUndoable { .. } => (StatusCode::CONFLICT, "IMPORT_NOT_UNDOABLE"),
        Conflict::AlreadyImported { .. } => (StatusCode::CONFLICT, "ALREADY_IMPORTED"),
        Conflict::IdempotencyKeyReused => {
            (StatusCode::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_KEY_REUSED")
        }
    }
}

fn conflict_details(conflict: &Conflict) -> Value {
    match conflict {
        Conflict::DuplicateSku { sku } => json!({ "field": "sku", "value": sku }),
        Conflict::InsufficientStock {
            available,
            requested,
        } => json!({ "quantity": available, "requested": requested }),
        Conflict::StockOverflow { available } => {
            let rest = "must not raise the stock above 2,147,483,647";
            let error = FieldError::new("delta", "max", rest, "");
            let mut details = validation_details(&[error]);
            details["quantity"] = json!(available);
            details
        }
        Conflict::Version { current } => json!({ "current_version": current }),
        Conflict::NotCancellable { status } => json!({ "status": status }),
        Conflict::NotUndoable { reason } => json!({ "reason": reason }),
        Conflict::AlreadyImported {
            import_id,
            without_key,
        } => json!({
            "import_id": import_id,
            "without_key": without_key,
            "hint": "on_repeat=accept imports it all the same",
        }),
        Conflict::IdempotencyKeyReused => Value::Null,
    }
}

/// All failures, the first one repeated at the top.
fn validation_details(errors: &[FieldError]) -> Value {
    let all: Vec<_> = errors
        .iter()
        .map(|error| {
            json!({
                "field": error.field,
                "constraint": error.constraint,
                "message": error.message,
            })
        })
        .collect();
    let first = errors.first();
    let mut details = json!({
        "field": first.map(|error| &error.field),
        "constraint": first.map(|error| &error.constraint),
        "value": first.map(|error| &error.value),
        "errors": all,
    });
    if let Some(hint) = errors.iter().find_map(|error| error.hint.as_ref()) {
        details["hint"] = (**hint).into();
    }
    details
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use pm_common::domain::port::Port;

    use super::*;

    #[test]
    fn details_repeat_the_first_failure_at_the_top() {
        let error = ApiError::Validation(vec![
            FieldError::new("name", "required", "is required", ""),
            FieldError::new("price", "type", "must be a number", "x"),
        ]);
        let details = error.details();
        assert_eq!(details["field"], "name");
        assert_eq!(details["constraint"], "required");
        assert_eq!(details["errors"].as_array().unwrap().len(), 2);
        assert_eq!(error.message(), "name is required");
    }

    #[test]
    fn the_inside_stays_inside() {
        let secret = Error::unavailable(Port::Store, "SQLite", "password=hunter2");
        let secret = ApiError::Port(secret);
        let (status, code) = secret.kind();
        assert_eq!((status.as_u16(), code), (503, "DATABASE_UNAVAILABLE"));
        assert!(!secret.message().contains("hunter2"));
        assert!(secret.details().is_empty());
        assert_eq!(secret.retry_after(), Some(1));
        let database = secret.message();
        let uploads = ApiError::Port(Error::unavailable(Port::Archive, "S3", "it is off"));
        assert_ne!(uploads.message(), database);
    }
}
