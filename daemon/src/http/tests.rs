//! What cannot be brought about from outside: a process at its capacity, a handler with a bug; and
//! that the OpenAPI document agrees with what is read.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Request, StatusCode},
    routing::get,
};
use pm_common::{
    config::Config,
    domain::{
        product::{NewProduct, ProductPatch, StockBatch, StockChange},
        seller::SellerId,
    },
};
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
    let all = u32::try_from(limit::MAX_CONCURRENT_REQUESTS).unwrap();
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
    let all = u32::try_from(limit::MAX_CONCURRENT_REQUESTS).unwrap();
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
async fn a_panic_is_an_answer_without_details() {
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

/// Every example of the document, with the schema it is an example of.
fn examples(document: &Value) -> Vec<(String, Value)> {
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let with_example = schemas
        .iter()
        .filter(|(_, schema)| !schema["example"].is_null());
    with_example
        .map(|(name, schema)| (name.clone(), schema["example"].clone()))
        .collect()
}

/// Red when: an example breaks a rule, or a JSON body has no example.
#[tokio::test]
async fn examples_of_the_document_are_accepted() {
    let dir = TempDir::new().unwrap();
    let router = layered(state(&dir).await);
    let (_, _, document) = ask(&router, "/openapi.json").await;
    let examples = examples(&document);
    let mut bodies = BTreeSet::new();
    for operation in document["paths"].as_object().unwrap().values() {
        for method in operation.as_object().unwrap().values() {
            let schema = &method["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            bodies.extend(schema.as_str().and_then(|name| name.rsplit('/').next()));
        }
    }
    let named: BTreeSet<_> = examples.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(named, bodies, "each JSON body has an example");
    for (name, example) in &examples {
        let body = example.as_object().unwrap();
        let errors = match name.as_str() {
            "ProductIn" => NewProduct::from_json(body).err(),
            "ProductPatchIn" => ProductPatch::from_json(body).err(),
            "StockIn" => StockChange::from_json(body).err(),
            "StockBatchIn" => StockBatch::from_json(body).err(),
            other => panic!("no parser is known for the example of {other}"),
        };
        assert_eq!(errors, None, "{name}");
    }
}

/// Red when: a parameter is documented and not read, or read and not documented.
#[tokio::test]
async fn documented_parameters_are_the_ones_that_are_read() {
    let dir = TempDir::new().unwrap();
    let router = layered(state(&dir).await);
    let (_, _, document) = ask(&router, "/openapi.json").await;
    let mut checked = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let parameters = operations["get"]["parameters"].as_array();
        let documented: BTreeSet<_> = parameters
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        if documented.is_empty() {
            continue;
        }
        let (_, _, refusal) = ask(&router, &format!("{path}?zz=1")).await;
        let message = refusal["details"]["errors"][0]["message"].as_str().unwrap();
        let known = message.split_once("(known: ").unwrap().1;
        let known: BTreeSet<_> = known.trim_end_matches(')').split(", ").collect();
        assert_eq!(documented, known, "{path}");
        checked += 1;
    }
    assert_eq!(checked, 7);
}
