//! What cannot be brought about from outside: a process at its capacity, a handler with a bug.

use axum::{
    body::Body,
    http::{Request, StatusCode},
    routing::get,
};
use pm_common::{config::Config, domain::seller::SellerId};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;

async fn state(dir: &TempDir) -> Arc<HttpState> {
    let path = dir.path().to_str().unwrap().to_owned();
    let config = Config::from_lookup(|name| (name == "PMD_DATA_DIR").then(|| path.clone()));
    let app = App::connect(config.unwrap()).await.unwrap();
    Arc::new(HttpState::new(app, CancellationToken::new()))
}

/// Status, `Retry-After` and body of an answer.
async fn ask(router: &Router, path: &str) -> (StatusCode, Option<String>, Value) {
    let request = Request::get(path)
        .header("Host", "localhost")
        .header("X-Seller-Id", "s");
    let request = request.body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let retry = response.headers().get("retry-after");
    let retry = retry.map(|value| value.to_str().unwrap().to_owned());
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await;
    let body = serde_json::from_slice(&body.unwrap()).unwrap();
    (status, retry, body)
}

/// Red when: the capacity layer is left out.
#[tokio::test]
async fn more_than_can_be_worked_on_is_refused() {
    let dir = TempDir::new().unwrap();
    let http = state(&dir).await;
    let router = layered(Arc::clone(&http));
    let all = u32::try_from(limit::AT_ONCE).unwrap();
    let taken = http.capacity.acquire_many(all).await.unwrap();
    let (status, retry, body) = ask(&router, "/api/products").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body["error_code"], "OVERLOADED");
    assert_eq!(retry.as_deref(), Some("1"));
    drop(taken);
    let (status, ..) = ask(&router, "/api/products").await;
    assert_eq!(status, StatusCode::OK);
}

/// Red when: the permit is taken before the body is in.
#[tokio::test]
async fn a_body_that_does_not_come_holds_no_capacity() {
    let dir = TempDir::new().unwrap();
    let http = state(&dir).await;
    let router = layered(Arc::clone(&http));
    let all = u32::try_from(limit::AT_ONCE).unwrap();
    let _taken = http.capacity.acquire_many(all - 1).await.unwrap();
    let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let slow = Request::post("/api/products")
        .header("Host", "localhost")
        .header("X-Seller-Id", "slow")
        .body(Body::from_stream(never));
    let mut slow = std::pin::pin!(router.clone().oneshot(slow.unwrap()));
    assert!(futures_util::poll!(&mut slow).is_pending());
    let (status, ..) = ask(&router, "/api/products").await;
    assert_eq!(status, StatusCode::OK);
}

/// Red when: large bodies are kept without a bound, or small ones wait for them.
#[tokio::test]
async fn large_bodies_wait_for_room_and_small_ones_do_not() {
    let large = body::large_bodies();
    let seller = SellerId::parse("s").unwrap();
    let mut held = Vec::new();
    for _ in 0..large.per_seller() {
        held.push(large.try_acquire(&seller).unwrap());
    }
    let received = async |bytes: usize| {
        let request = Request::post("/").extension(identity::RequestSeller(seller.clone()));
        let request = request.body(Body::from(vec![b' '; bytes])).unwrap();
        body::received(request, &large).await
    };
    let mut waiting = std::pin::pin!(received(20_000));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    assert!(matches!(received(2_000).await, Ok((_, None))));
    held.pop();
    assert!(matches!(waiting.await, Ok((_, Some(_)))));
}

/// On a connection beyond the process' share only liveness is answered.
///
/// Red when: liveness is refused there, or anything else is not.
#[tokio::test]
async fn a_connection_of_the_reserve_hears_that_the_process_lives() {
    let dir = TempDir::new().unwrap();
    let router = layered(state(&dir).await);
    for (path, expected) in [
        ("/health/live", 200),
        ("/health", 503),
        ("/api/products", 503),
    ] {
        let request = Request::get(path)
            .header("Host", "localhost")
            .extension(connections::ReserveConnection);
        let request = request.body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), expected, "{path}");
        assert!(response.headers().contains_key("x-request-id"));
    }
}

/// Red when: panics are not caught, or not logged.
#[tokio::test]
async fn a_panic_is_an_answer_that_tells_nothing() {
    async fn bug() -> &'static str {
        panic!("the password is hunter2")
    }
    let router = Router::new().route("/", get(bug));
    let router = router.layer(CatchPanicLayer::custom(panicked));
    let (status, _, body) = ask(&router, "/").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(body["error_code"], "INTERNAL_ERROR");
    assert!(!body.to_string().contains("hunter2"), "{body}");
}
