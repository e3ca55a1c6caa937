//! A retried POST acts once.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    HttpReply, SellerClient, TestDaemon, answer, catalogue, concurrently, kinds, product,
};

async fn post(seller: &SellerClient, path: &str, key: &str, body: &Value) -> HttpReply {
    let request = seller
        .request(Method::POST, path)
        .header("Idempotency-Key", key);
    answer(request.json(body)).await
}

/// Red when: the handler does not hand the claim to the store.
#[tokio::test(flavor = "multi_thread")]
async fn many_equal_posts_make_one_product_and_one_event() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let replies = concurrently(64, |_| {
        let seller = seller.clone();
        async move { post(&seller, "/api/products", "order-7", &product("Mug")).await }
    })
    .await;
    let first = replies[0].expect(201);
    for reply in &replies {
        assert_eq!(reply.expect(201), first);
        assert_eq!(reply.header("location"), replies[0].header("location"));
        assert_eq!(reply.header("etag"), Some("\"1\""));
    }
    daemon.wait_published().await;
    assert_eq!(seller.products().await, [first]);
    assert_eq!(kinds(&seller.events().await), ["ProductCreated"]);
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    let daemon = TestDaemon::start().await;
    let (seller, other) = (daemon.seller("shop-1"), daemon.seller("shop-2"));
    let mug = post(&seller, "/api/products", "k", &product("Mug"))
        .await
        .expect(201);
    let reused = post(&seller, "/api/products", "k", &product("Cup")).await;
    reused.refused(422, "IDEMPOTENCY_KEY_REUSED");
    let stock = format!("/api/products/{}/stock", mug["id"]);
    let reused = post(&seller, &stock, "k", &json!({"delta": 1})).await;
    reused.refused(422, "IDEMPOTENCY_KEY_REUSED");
    let elsewhere = post(&other, "/api/products", "k", &product("Mug"))
        .await
        .expect(201);
    assert_ne!(elsewhere["id"], mug["id"]);

    for _ in 0..3 {
        let taken = post(&seller, &stock, "take-1", &json!({"delta": -1}))
            .await
            .expect(200);
        assert_eq!(
            (&taken["quantity"], &taken["version"]),
            (&json!(49), &json!(2))
        );
    }
    // A request that failed may be mended and sent again under its key.
    post(&seller, &stock, "take-2", &json!({"delta": -100}))
        .await
        .refused(409, "INSUFFICIENT_STOCK");
    post(&seller, &stock, "take-2", &json!({"delta": -9}))
        .await
        .expect(200);

    let path = format!("/api/products/{}", mug["id"]);
    seller.delete(&path).await.expect(200);
    let restored = post(&seller, &format!("{path}/restore"), "back", &json!({}))
        .await
        .expect(200);
    seller.delete(&path).await.expect(200);
    let replayed = post(&seller, &format!("{path}/restore"), "back", &json!({}))
        .await
        .expect(200);
    assert_eq!(replayed, restored);
    seller.get(&path).await.refused(404, "PRODUCT_NOT_FOUND");

    for bad in ["", &"k".repeat(256)] {
        post(&seller, "/api/products", bad, &product("Mug"))
            .await
            .refused(400, "VALIDATION_ERROR");
    }
    post(&seller, "/api/products", &"k".repeat(255), &product("Mug"))
        .await
        .expect(201);
}

/// Red when: an upload is queued without its claim.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_sent_again_is_the_same_import() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let upload = async |seller: &SellerClient, key: &str, rows: u32| {
        let request = seller.request(Method::POST, "/api/products/import");
        let request = request
            .header("Content-Type", "text/csv")
            .header("Idempotency-Key", key);
        answer(request.body(catalogue(rows, 100))).await
    };
    let first = upload(&seller, "file-1", 50).await.expect(202);
    let again = upload(&seller, "file-1", 50).await.expect(202);
    assert_eq!(first, again);
    upload(&seller, "file-1", 51)
        .await
        .refused(422, "IDEMPOTENCY_KEY_REUSED");
    seller
        .import_ended(first["import_id"].as_str().unwrap())
        .await;

    // At the same time: one acts, the others get a conflict or its answer.
    let replies = concurrently(8, |_| {
        let seller = seller.clone();
        async move { upload(&seller, "file-2", 2_000).await }
    })
    .await;
    let accepted: Vec<_> = replies.iter().filter(|reply| reply.status == 202).collect();
    assert!(!accepted.is_empty());
    assert!(
        accepted
            .iter()
            .all(|reply| reply.json() == accepted[0].json())
    );
    for reply in replies.iter().filter(|reply| reply.status != 202) {
        reply.refused(409, "IDEMPOTENCY_IN_PROGRESS");
    }
    let jobs = seller.get("/api/imports").await.expect(200);
    assert_eq!(jobs["pagination"]["total"], 2);
}
