//! `/openapi.json`, generated from the handlers, and `/docs`, a page of our own that shows it. The
//! page needs nothing from elsewhere.

use std::sync::Arc;

use axum::{
    Router,
    http::header,
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use bytes::Bytes;
use pm_common::{api::ErrorOut, domain::notification::Notification};
use utoipa::{
    OpenApi,
    openapi::{
        self, ContentBuilder, Ref, RefOr, ResponseBuilder, SecurityRequirement,
        path::{Operation, PathItem},
        security::{ApiKey, ApiKeyValue, Http as HttpScheme, HttpAuthScheme, SecurityScheme},
    },
};

use super::{HttpState, error::ApiError};

const DOCS_PAGE: &str = include_str!("docs.html");

/// What every seller's route may answer besides its own errors.
const COMMON_RESPONSES: [(&str, &str); 4] = [
    (
        "401",
        "MISSING_SELLER_ID, INVALID_SELLER_ID, INVALID_API_KEY",
    ),
    ("403", "SELLER_MISMATCH"),
    ("500", "INTERNAL_ERROR"),
    (
        "503",
        "DATABASE_UNAVAILABLE, OVERLOADED, OUTCOME_UNKNOWN (the change may be done), with Retry-After",
    ),
];
/// What a route with a body may answer besides.
const WITH_BODY: [(&str, &str); 3] = [
    ("408", "REQUEST_TIMEOUT"),
    ("413", "BODY_TOO_LARGE"),
    ("415", "UNSUPPORTED_MEDIA_TYPE"),
];
/// What every limited route may answer besides.
const LIMITED_RESPONSES: (&str, &str) = ("429", "RATE_LIMIT_EXCEEDED, with Retry-After");
/// The one route of a seller that is not limited.
const STREAM_RESPONSES: &str = "/api/events/stream";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Product management",
        description = "Products of a seller, CSV imports, live events and analytics. Every error has the same shape; every answer has an X-Request-Id.",
    ),
    tags(
        (name = "Products", description = "What a seller offers"),
        (name = "Imports", description = "CSV files in"),
        (name = "Events", description = "What happened, live and later"),
        (name = "Analytics", description = "Totals"),
        (name = "Health", description = "For operators; needs no seller"),
    ),
    components(schemas(ErrorOut, Notification))
)]
struct ApiDescription;

/// The frame that the routes are put into.
pub(super) fn description() -> openapi::OpenApi {
    ApiDescription::openapi()
}

/// The document and its page.
pub(super) fn routes(mut document: openapi::OpenApi) -> Router<Arc<HttpState>> {
    complete(&mut document);
    let json = document.to_json().map(Bytes::from).ok();
    let show_document = move || async move { show_document(json) };
    Router::new()
        .route("/openapi.json", get(show_document))
        .route("/docs", get(show_page))
        .route("/", get(async || Redirect::temporary("/docs")))
}

fn show_document(json: Option<Bytes>) -> Response {
    let Some(json) = json else {
        return ApiError::Internal("the document could not be written".to_owned()).into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, json).into_response()
}

/// The page may run its own script and talk to this server, nothing else.
async fn show_page() -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                  connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'";
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, Html(DOCS_PAGE)).into_response()
}

/// Adds what all routes of a seller have in common.
fn complete(document: &mut openapi::OpenApi) {
    let components = document.components.get_or_insert_default();
    let header = ApiKey::Header(ApiKeyValue::new("X-Seller-Id"));
    components.add_security_scheme("seller", SecurityScheme::ApiKey(header));
    let bearer = HttpScheme::new(HttpAuthScheme::Bearer);
    components.add_security_scheme("key", SecurityScheme::Http(bearer));
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            name(operation);
            if path.starts_with("/api/") {
                secure(operation);
                answers(operation, &COMMON_RESPONSES);
            }
            if path.starts_with("/api/") && path != STREAM_RESPONSES {
                answers(operation, &[LIMITED_RESPONSES]);
            }
            if operation.request_body.is_some() {
                answers(operation, &WITH_BODY);
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ];
    all.into_iter().flatten()
}

/// Handlers of different groups share names; with its group each is the only one.
fn name(operation: &mut Operation) {
    let group = operation.tags.iter().flatten().next();
    let group = group.map(|tag| tag.to_lowercase()).unwrap_or_default();
    if let Some(id) = &mut operation.operation_id {
        *id = format!("{group}_{id}");
    }
}

fn secure(operation: &mut Operation) {
    let none = Vec::<String>::new;
    operation.security = Some(vec![
        SecurityRequirement::new("seller", none()),
        SecurityRequirement::new("key", none()),
    ]);
}

/// Adds errors; one that the handler describes itself stays.
fn answers(operation: &mut Operation, errors: &[(&str, &str)]) {
    for (status, codes) in errors {
        let shape = Ref::from_schema_name("ErrorOut");
        let content = ContentBuilder::new().schema(Some(shape)).build();
        let response = ResponseBuilder::new()
            .description(*codes)
            .content("application/json", content)
            .build();
        let responses = &mut operation.responses.responses;
        let entry = responses.entry((*status).to_owned());
        entry.or_insert_with(|| RefOr::T(response));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_page_needs_nothing_from_elsewhere() {
        assert!(
            !DOCS_PAGE.contains("src=")
                && !DOCS_PAGE.contains("@import")
                && !DOCS_PAGE.contains("url(")
        );
        assert!(!DOCS_PAGE.contains("https://") && DOCS_PAGE.contains("/openapi.json"));
    }

    #[test]
    fn sellers_routes_have_security_and_common_errors() {
        let mut document = description();
        let mut item = PathItem::default();
        item.get = Some(Operation::default());
        let stream = (STREAM_RESPONSES.to_owned(), item.clone());
        document
            .paths
            .paths
            .insert("/api/x".to_owned(), item.clone());
        document.paths.paths.insert("/health".to_owned(), item);
        document.paths.paths.extend([stream]);
        complete(&mut document);
        let json: Value = serde_json::from_str(&document.to_json().unwrap()).unwrap();
        assert!(json["paths"]["/api/x"]["get"]["responses"]["429"].is_object());
        assert!(json["paths"]["/api/x"]["get"]["security"].is_array());
        assert!(json["paths"][STREAM_RESPONSES]["get"]["responses"]["401"].is_object());
        assert!(json["paths"][STREAM_RESPONSES]["get"]["responses"]["429"].is_null());
        assert!(json["paths"]["/health"]["get"]["responses"]["429"].is_null());
    }
}
