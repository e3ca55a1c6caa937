//! The HTTP side: routes, the layers around them, and the server that runs them.
//!
//! A handler parses, makes one call of a port and replies. Everything a request passes on its
//! way in, outermost first: request id, metrics, panics caught, host and origin, CORS; then on a seller's
//! routes identity, rate limit, and capacity once the body is in.

mod analytics;
mod answer_body;
mod body;
mod client_socket;
mod connections;
mod cors;
mod descriptors;
mod docs;
mod error;
mod etag;
mod event_stream;
mod events;
mod export;
mod frame;
mod health;
mod host_check;
mod idempotency;
mod identity;
mod imports;
mod inbox_page;
mod intake_body;
mod json_body;
mod limit;
mod list;
mod metrics;
mod outage;
mod params;
mod part_header;
mod path;
mod products;
mod rate_refusal;
mod read_only;
mod refused_head;
mod reply;
mod request_id;
mod resume_point;
mod serve;
mod stock_batch;
mod stream;
mod upload;
mod upload_file;
mod upload_form;
mod upload_unpacking;

use std::{any::Any, sync::Arc};

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state, map_response_with_state},
    response::{IntoResponse, Response},
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::Layer;
use tower_http::{catch_panic::CatchPanicLayer, normalize_path::NormalizePathLayer};
use utoipa_axum::{router::OpenApiRouter, routes};

pub use self::serve::serve;
use self::{
    descriptors::DescriptorShares, error::ApiError, frame::FrameCache, health::SharedProbes,
    idempotency::InFlight, identity::KeyCache,
};
use crate::app::App;
use pm_common::seller_permits::SellerPermits;

/// What all requests share.
#[derive(Debug)]
struct HttpState {
    app: App,
    /// Ends streams.
    shutdown: CancellationToken,
    keys: KeyCache,
    uploads: InFlight,
    /// One per file that is received.
    receiving: SellerPermits,
    frames: FrameCache,
    /// One permit per request whose body is in and that is worked on, streams not counted.
    capacity: Arc<Semaphore>,
    /// One per body that takes much memory.
    large_bodies: SellerPermits,
    /// One per open event stream.
    streams: SellerPermits,
    health: SharedProbes,
}

impl HttpState {
    fn new(app: App, shutdown: CancellationToken) -> Self {
        let shares = DescriptorShares::of_process();
        let per_seller = app.config.streams_per_seller.min(shares.streams_per_seller);
        Self {
            app,
            shutdown,
            keys: KeyCache::default(),
            uploads: InFlight::default(),
            receiving: SellerPermits::new(shares.uploads, shares.uploads_per_seller),
            frames: FrameCache::new(),
            capacity: Arc::new(Semaphore::new(limit::MAX_CONCURRENT_REQUESTS)),
            large_bodies: body::large_bodies(),
            streams: SellerPermits::new(shares.streams, per_seller),
            health: SharedProbes::default(),
        }
    }
}

/// Every route of the product. The token ends streams and makes the server not ready.
pub fn router(app: App, shutdown: CancellationToken) -> Router {
    metrics::start();
    layered(Arc::new(HttpState::new(app, shutdown)))
}

/// Health and metrics only, of a process without the API.
pub fn health_router(app: App, shutdown: CancellationToken) -> Router {
    metrics::start();
    let http = Arc::new(HttpState::new(app, shutdown));
    let (routes, _) = open_routes().split_for_parts();
    wrapped(routes, http)
}

/// All routes, with the layers they have in common.
fn layered(http: Arc<HttpState>) -> Router {
    let (routes, document) = routes(&http).split_for_parts();
    wrapped(routes.merge(docs::routes(document)), http)
}

fn wrapped(routes: Router<Arc<HttpState>>, http: Arc<HttpState>) -> Router {
    let cors = cors::layer(http.app.config.cors_origins.as_deref());
    let routes = routes
        .fallback(|| async { ApiError::NotFound })
        .method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
        .layer(map_response_with_state(
            Arc::clone(&http),
            identity::challenge,
        ))
        .layer(cors)
        .layer(from_fn_with_state(Arc::clone(&http), host_check::layer))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(limit::reserve))
        .layer(from_fn(metrics::layer))
        .layer(from_fn(request_id::layer))
        .with_state(http);
    // Around the router, so that routes are found without the slash.
    Router::new().fallback_service(NormalizePathLayer::trim_trailing_slash().layer(routes))
}

/// The documented routes, each group with its layers.
fn routes(http: &Arc<HttpState>) -> OpenApiRouter<Arc<HttpState>> {
    let standard = OpenApiRouter::new()
        .routes(routes!(products::create, list::list))
        .routes(routes!(export::export))
        .routes(routes!(
            products::get,
            products::put,
            products::patch,
            products::delete
        ))
        .routes(routes!(products::restore))
        .routes(routes!(products::stock))
        .routes(routes!(stock_batch::stock_batch))
        .routes(routes!(imports::list))
        .routes(routes!(imports::get))
        .routes(routes!(imports::rejects))
        .routes(routes!(imports::cancel))
        .routes(routes!(imports::undo))
        .routes(routes!(events::list))
        .routes(routes!(analytics::summary))
        .routes(routes!(analytics::categories))
        .routes(routes!(analytics::daily))
        .routes(routes!(analytics::low_stock))
        .route_layer(from_fn_with_state(Arc::clone(http), limit::capacity))
        .route_layer(from_fn_with_state(Arc::clone(http), limit::standard));
    let bulk = OpenApiRouter::new()
        .routes(routes!(upload::import))
        .route_layer(from_fn_with_state(Arc::clone(http), limit::bulk));
    OpenApiRouter::with_openapi(docs::description())
        .merge(standard)
        .merge(bulk)
        .merge(open_routes())
        .routes(routes!(stream::stream))
}

/// The routes that need no seller. In front of every limit: liveness is answered whatever the
/// process is busy with, and what the others ask is shared by their callers.
fn open_routes() -> OpenApiRouter<Arc<HttpState>> {
    OpenApiRouter::new()
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(health::live))
        .routes(routes!(metrics::show))
}

/// A bug took a handler down: the caller learns no more than that.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    let reason = format!("a handler panicked: {}", text.unwrap_or("no message"));
    ApiError::Internal(reason).into_response()
}

#[cfg(test)]
mod tests;
