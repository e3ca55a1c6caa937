//! The life of a product: every route that changes one, what it answers and which events follow.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{TestDaemon, answer, concurrently, kinds, product};

#[tokio::test]
async fn a_product_lives_and_is_reported() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let body = json!({
        "name": "  Mug  ", "description": "", "price": "12.345", "quantity": "40",
        "category": "Kitchen", "sku": "MUG-1", "attributes": {"colour": "grün"},
    });
    let reply = seller.post("/api/products", &body).await;
    let mug = reply.expect(201);
    let path = format!("/api/products/{}", mug["id"]);
    assert_eq!(reply.header("location"), Some(path.as_str()));
    assert_eq!(reply.header("etag"), Some("\"1\""));
    assert_eq!(mug["name"], "Mug");
    assert_eq!(mug["price"].to_string(), "12.35");
    assert_eq!((&mug["quantity"], &mug["version"]), (&json!(40), &json!(1)));
    assert_eq!(
        (&mug["description"], &mug["low_stock_threshold"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(mug["seller_id"], "shop-1");
    assert_eq!(mug["attributes"], json!({"colour": "grün"}));
    assert!(mug.get("deleted_at").is_none());
    for time in ["created_at", "updated_at"] {
        let text = mug[time].as_str().unwrap();
        assert!(text.len() == 24 && text.ends_with('Z'), "{text}");
    }

    let changed = seller
        .put(&path, &json!({"price": 11, "sku": null}))
        .await
        .expect(200);
    assert_eq!(changed["price"].to_string(), "11");
    assert_eq!(
        (&changed["version"], &changed["sku"]),
        (&json!(2), &Value::Null)
    );
    let same = seller
        .put(&path, &json!({"price": "11.00"}))
        .await
        .expect(200);
    assert_eq!(
        same["version"], 2,
        "a PUT that alters nothing is not a change"
    );
    let patched = answer(
        seller
            .request(Method::PATCH, &path)
            .json(&json!({"name": "Cup"})),
    )
    .await;
    assert_eq!(patched.expect(200)["version"], 3);

    let deleted = seller.delete(&path).await.expect(200);
    assert_eq!(deleted["deleted_id"], mug["id"]);
    assert!(deleted["message"].is_string());
    seller.delete(&path).await.refused(404, "PRODUCT_NOT_FOUND");
    seller.get(&path).await.refused(404, "PRODUCT_NOT_FOUND");
    let restored = seller
        .post(&format!("{path}/restore"), &json!({}))
        .await
        .expect(200);
    assert_eq!(restored["version"], 5, "a delete and a restore are changes");
    let again = seller
        .post(&format!("{path}/restore"), &json!({}))
        .await
        .expect(200);
    assert_eq!(again, restored, "a live product stays as it is");

    daemon.wait_published().await;
    let events = seller.events().await;
    assert_eq!(
        kinds(&events),
        [
            "ProductCreated",
            "ProductUpdated",
            "ProductUpdated",
            "ProductDeleted",
            "ProductCreated"
        ]
    );
    let changes = &events[1]["data"]["changes"];
    assert_eq!(changes["price"]["old"].to_string(), "12.35");
    assert_eq!(changes["sku"], json!({"old": "MUG-1", "new": null}));
    for event in &events {
        let sentence = event["message"].as_str().unwrap();
        assert!(
            sentence.contains("Mug") || sentence.contains("Cup"),
            "{sentence}"
        );
        assert_eq!(event["sellerId"], "shop-1");
        assert_eq!(event["read"], false);
        assert!(event["timestamp"].is_i64());
    }
    assert_eq!(
        events[4]["id"],
        format!("shop-1-{}-ProductCreated-5", mug["id"])
    );
}

#[tokio::test]
async fn versions_guard_changes() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let path = format!("/api/products/{}", seller.create("Mug").await["id"]);
    let with = async |method: Method, header: &str, value: &str| {
        let mut request = seller.request(method.clone(), &path).header(header, value);
        if method == Method::PUT {
            request = request.json(&json!({"quantity": 7}));
        }
        answer(request).await
    };
    let unchanged = with(Method::GET, "If-None-Match", "\"1\"").await;
    assert_eq!((unchanged.status, unchanged.body.as_str()), (304, ""));
    assert_eq!(unchanged.header("etag"), Some("\"1\""));
    with(Method::GET, "If-None-Match", "\"2\"")
        .await
        .expect(200);
    let details = with(Method::PUT, "If-Match", "\"2\"")
        .await
        .refused(412, "VERSION_CONFLICT");
    assert_eq!(details["current_version"], 1);
    with(Method::DELETE, "If-Match", "\"9\"")
        .await
        .refused(412, "VERSION_CONFLICT");
    for garbled in ["1", "W/1", "\"one\"", "\"1"] {
        with(Method::PUT, "If-Match", garbled)
            .await
            .refused(400, "VALIDATION_ERROR");
    }
    // Proxies that compress weaken the tag.
    assert_eq!(
        with(Method::PUT, "If-Match", "W/\"1\"").await.expect(200)["version"],
        2
    );
    assert_eq!(
        with(Method::PUT, "If-Match", "*").await.expect(200)["version"],
        2
    );
    with(Method::DELETE, "If-Match", "\"2\"").await.expect(200);
    with(Method::PUT, "If-Match", "\"3\"")
        .await
        .refused(404, "PRODUCT_NOT_FOUND");
}

/// Red when: the handler does not hand `If-Match` to the store, which alone can compare and write at once.
#[tokio::test(flavor = "multi_thread")]
async fn no_update_is_lost() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let path = format!("/api/products/{}", seller.create("Counter").await["id"]);
    concurrently(32, |_| {
        let (seller, path) = (seller.clone(), path.clone());
        async move {
            loop {
                let read = seller.get(&path).await;
                let next = json!({"quantity": read.json()["quantity"].as_i64().unwrap() + 1});
                let etag = read.header("etag").unwrap();
                let put = seller
                    .request(Method::PUT, &path)
                    .header("If-Match", etag)
                    .json(&next);
                match answer(put).await.status {
                    200 => return,
                    412 => {}
                    other => panic!("unexpected {other}"),
                }
            }
        }
    })
    .await;
    let after = seller.get(&path).await.expect(200);
    assert_eq!(
        (&after["quantity"], &after["version"]),
        (&json!(82), &json!(33))
    );
}

/// Red when: the store does not refuse to go below zero.
#[tokio::test(flavor = "multi_thread")]
async fn stock_changes_are_atomic_and_never_negative() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let mut body = product("Mug");
    body["quantity"] = json!(20);
    let mug = seller.post("/api/products", &body).await.expect(201);
    let path = format!("/api/products/{}/stock", mug["id"]);
    let statuses = concurrently(40, |_| {
        let (seller, path) = (seller.clone(), path.clone());
        async move { seller.post(&path, &json!({"delta": -1})).await.status }
    })
    .await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 20);
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 20);
    let details = seller
        .post(&path, &json!({"delta": -5}))
        .await
        .refused(409, "INSUFFICIENT_STOCK");
    assert_eq!(details["quantity"], 0);
    let filled = seller
        .post(&path, &json!({"delta": 2_147_483_647, "reason": "count"}))
        .await
        .expect(200);
    assert_eq!(filled["quantity"], 2_147_483_647);
    seller
        .post(&path, &json!({"delta": 1}))
        .await
        .refused(400, "VALIDATION_ERROR");
    for body in [
        json!({}),
        json!({"delta": 0}),
        json!({"delta": "x"}),
        json!({"delta": 1, "by": 2}),
    ] {
        seller
            .post(&path, &body)
            .await
            .refused(400, "VALIDATION_ERROR");
    }
    daemon.wait_published().await;
    let events = seller.events().await;
    let warnings: Vec<_> = events
        .iter()
        .filter(|e| e["type"] == "LowStockWarning")
        .collect();
    assert_eq!(
        warnings.len(),
        1,
        "only the step from 10 to 9 crosses the threshold"
    );
    assert_eq!(warnings[0]["data"]["previousQuantity"], 10);
    assert_eq!(warnings[0]["data"]["quantity"], 9);
}

#[tokio::test]
async fn low_stock_is_reported_when_it_is_crossed() {
    let daemon = TestDaemon::with(&[("LOW_STOCK_THRESHOLD", "5")]).await;
    let seller = daemon.seller("shop-1");
    let low = json!({"name": "Low", "price": 1, "quantity": 4, "category": "C"});
    let path = format!(
        "/api/products/{}",
        seller.post("/api/products", &low).await.expect(201)["id"]
    );
    for (change, warned) in [
        (json!({"quantity": 3}), false),
        (json!({"quantity": 5}), false),
        (json!({"quantity": 4}), true),
        (json!({"low_stock_threshold": 2}), false),
        (json!({"quantity": 2}), false),
        (json!({"quantity": 1}), true),
    ] {
        daemon.wait_published().await;
        let before = seller.events().await.len();
        seller.put(&path, &change).await.expect(200);
        daemon.wait_published().await;
        let new = seller.events().await.split_off(before);
        let wanted: &[&str] = if warned {
            &["ProductUpdated", "LowStockWarning"]
        } else {
            &["ProductUpdated"]
        };
        assert_eq!(kinds(&new), wanted, "{change}");
    }
    assert_eq!(
        kinds(&seller.events().await)[..2],
        ["ProductCreated", "LowStockWarning"]
    );
}

#[tokio::test]
async fn a_sku_is_unique_among_live_products() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let with_sku = |name: &str, sku: &str| {
        let mut body = product(name);
        body["sku"] = json!(sku);
        body
    };
    let first = seller
        .post("/api/products", &with_sku("A", "X-1"))
        .await
        .expect(201);
    seller
        .post("/api/products", &with_sku("B", "X-1"))
        .await
        .refused(409, "DUPLICATE_SKU");
    daemon
        .seller("shop-2")
        .post("/api/products", &with_sku("B", "X-1"))
        .await
        .expect(201);
    let second = seller
        .post("/api/products", &with_sku("B", "X-2"))
        .await
        .expect(201);
    let second_path = format!("/api/products/{}", second["id"]);
    seller
        .put(&second_path, &json!({"sku": "X-1"}))
        .await
        .refused(409, "DUPLICATE_SKU");
    let first_path = format!("/api/products/{}", first["id"]);
    seller.delete(&first_path).await.expect(200);
    seller
        .put(&second_path, &json!({"sku": "X-1"}))
        .await
        .expect(200);
    let restore = seller
        .post(&format!("{first_path}/restore"), &json!({}))
        .await;
    restore.refused(409, "DUPLICATE_SKU");
    seller
        .put(&second_path, &json!({"sku": null}))
        .await
        .expect(200);
    seller
        .post(&format!("{first_path}/restore"), &json!({}))
        .await
        .expect(200);
}
