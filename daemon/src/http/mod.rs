//! pending
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
/// pending
pub fn router(_app: crate::app::App, _s: CancellationToken) -> axum::Router {
    axum::Router::new()
}
/// pending
pub async fn serve(_l: Vec<TcpListener>, _r: axum::Router, _s: CancellationToken) {}
