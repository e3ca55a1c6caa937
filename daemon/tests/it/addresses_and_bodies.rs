//! What clients may send otherwise than we would: a slash more, a product as it was read, numbers
//! with an exponent; and how an error repeats what was sent.

use reqwest::{Method, StatusCode, redirect::Policy};
use serde_json::{Value, json};

use crate::harness::{TestDaemon, answer};

/// Red when: routes are looked up with the slash.
#[tokio::test]
async fn a_trailing_slash_changes_nothing() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let body = json!({"name": "Mug", "price": 1, "quantity": 20, "category": "Kitchen"});
    let post = seller
        .request(Method::POST, "/api/products/")
        .header("Idempotency-Key", "k-1");
    let mug = answer(post.json(&body)).await.expect(201);
    let again = seller
        .request(Method::POST, "/api/products")
        .header("Idempotency-Key", "k-1");
    assert_eq!(answer(again.json(&body)).await.expect(201), mug);
    let path = format!("/api/products/{}/", mug["id"]);
    assert_eq!(seller.get(&path).await.expect(200), mug);
    let list = seller.get("/api/products/?limit=5").await.expect(200);
    assert_eq!(list["data"], json!([mug]));
    daemon.get("/health/live/").await.expect(200);
    let metrics = daemon.get("/metrics").await.body;
    assert!(
        metrics.contains(r#"route="/api/products/{id}""#),
        "{metrics}"
    );
    seller.get("/api/nothing/").await.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn the_root_leads_to_the_documents() {
    let daemon = TestDaemon::start().await;
    let client = reqwest::Client::builder().redirect(Policy::none());
    let root = client.build().unwrap().get(format!("{}/", daemon.url));
    let reply = root.send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(reply.headers()["location"], "/docs");
}

/// Red when: the body's version is only looked at, and not what the store insists on.
#[tokio::test]
async fn a_product_may_be_sent_back_as_it_was_read() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let read = seller.create("Mug").await;
    let path = format!("/api/products/{}", read["id"]);
    assert_eq!(seller.put(&path, &read).await.expect(200), read);
    let mut changed = read.clone();
    changed["name"] = "Cup".into();
    let renamed = seller.put(&path, &changed).await.expect(200);
    assert_eq!(
        (&renamed["name"], &renamed["version"]),
        (&json!("Cup"), &json!(2))
    );

    let stale = seller.put(&path, &changed).await;
    assert_eq!(stale.refused(412, "VERSION_CONFLICT")["current_version"], 2);
    let other = |field: &str, value: Value| {
        let mut body = renamed.clone();
        body[field] = value;
        body
    };
    for (field, value) in [
        ("id", json!(987_654)),
        ("seller_id", json!("shop-2")),
        ("created_at", json!("2020-01-01T00:00:00.000Z")),
    ] {
        let body = other(field, value.clone());
        let details = seller
            .put(&path, &body)
            .await
            .refused(400, "VALIDATION_ERROR");
        assert_eq!(
            (&details["field"], &details["constraint"], &details["value"]),
            (&json!(field), &json!("read_only"), &value)
        );
    }
    let absent = other("id", renamed["id"].clone());
    let foreign = daemon.seller("shop-2").put(&path, &absent).await;
    foreign.refused(404, "PRODUCT_NOT_FOUND");
    let only_known = seller.post("/api/products", &renamed).await;
    only_known.refused(400, "VALIDATION_ERROR");
    assert_eq!(seller.get(&path).await.expect(200), renamed);
}

/// Red when: a value is repeated as text, or digits are not grouped.
#[tokio::test]
async fn errors_repeat_what_was_sent() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let create = async |field: &str, value: Value| {
        let mut body = json!({"name": "A", "price": 1, "quantity": 1, "category": "B"});
        body[field] = value;
        seller.post("/api/products", &body).await
    };
    for (field, value, shown) in [
        ("quantity", json!(-1), json!(-1)),
        ("price", json!([1]), json!([1])),
        ("name", json!(""), json!("")),
        ("name", json!(null), json!(null)),
        ("name", json!("ä".repeat(300)), json!("ä".repeat(100))),
        ("colour", json!({"red": true}), json!({"red": true})),
    ] {
        let details = create(field, value).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(
            (&details["field"], &details["value"]),
            (&json!(field), &shown)
        );
    }
    let large = create("quantity", json!(4_000_000_000_u64)).await;
    let message = large.expect(400)["message"].clone();
    assert_eq!(message, "quantity must be at most 2,147,483,647");
    let unknown = create("colour", json!("red")).await;
    let details = unknown.refused(400, "VALIDATION_ERROR");
    assert!(
        details["hint"]
            .as_str()
            .unwrap()
            .contains("low_stock_threshold")
    );
    assert_eq!(unknown.json()["message"], "colour is not a known field");
    let exact = create("quantity", "2e1".parse().unwrap()).await;
    assert_eq!(exact.expect(201)["quantity"], 20);
}
