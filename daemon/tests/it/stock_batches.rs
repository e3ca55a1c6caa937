//! Stock changes of many products in one request.

use serde_json::{Value, json};

use crate::harness::{HttpReply, SellerClient, TestDaemon, kinds};

async fn change(seller: &SellerClient, body: Value) -> HttpReply {
    seller.post("/api/products/stock", &body).await
}

/// Red when: the answers lose their order, or one refusal refuses all.
#[tokio::test]
async fn every_change_has_its_answer() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let mug = json!({"name": "Mug", "price": 1, "quantity": 40, "category": "C", "sku": "MUG"});
    let mug = seller.post("/api/products", &mug).await.expect(201);
    let cup = seller.create("Cup").await;
    let changes = json!({"changes": [
        {"sku": "MUG", "delta": -3, "reason": "sold"},
        {"id": cup["id"], "delta": -1_000_000},
        {"sku": "NONE", "delta": 1},
        {"id": mug["id"], "delta": -2},
    ]});
    let answer = change(&seller, changes.clone()).await.expect(200);
    let results = answer["data"].as_array().unwrap();
    let statuses: Vec<_> = results
        .iter()
        .map(|r| r["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [200, 409, 404, 200]);
    assert!(
        (0..)
            .zip(results)
            .all(|(n, result)| result["index"] == json!(n))
    );
    assert_eq!(results[0]["product"]["quantity"], 35);
    assert_eq!(results[0]["product"], results[3]["product"]);
    assert_eq!(
        (&results[0]["id"], &results[3]["sku"]),
        (&mug["id"], &json!("MUG"))
    );
    assert_eq!(results[1]["error"]["error_code"], "INSUFFICIENT_STOCK");
    assert_eq!(results[1]["error"]["details"]["quantity"], cup["quantity"]);
    assert_eq!(results[2]["error"]["error_code"], "PRODUCT_NOT_FOUND");
    assert!(results[2].get("product").is_none() && results[2]["sku"] == "NONE");

    daemon.wait_published().await;
    let events = seller.events().await;
    assert_eq!(
        kinds(&events),
        ["ProductCreated", "ProductCreated", "ProductUpdated"]
    );
    let foreign = change(&daemon.seller("shop-2"), changes).await.expect(200);
    let statuses: Vec<_> = foreign["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["status"])
        .collect();
    assert!(
        statuses.iter().all(|status| **status == json!(404)),
        "{foreign}"
    );
}

#[tokio::test]
async fn an_atomic_batch_that_cannot_be_done_changes_nothing() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let (mug, cup) = (seller.create("Mug").await, seller.create("Cup").await);
    let batch = |second: i64| {
        json!({"atomic": true, "changes": [
            {"id": mug["id"], "delta": 5}, {"id": cup["id"], "delta": second}]})
    };
    let refused = change(&seller, batch(-1_000_000)).await;
    let details = refused.refused(409, "INSUFFICIENT_STOCK");
    assert_eq!(
        (&details["index"], &details["quantity"]),
        (&json!(1), &cup["quantity"])
    );
    let path = format!("/api/products/{}", mug["id"]);
    assert_eq!(seller.get(&path).await.expect(200), mug);
    let done = change(&seller, batch(1)).await.expect(200);
    assert_eq!(done["data"][0]["product"]["version"], 2);

    let wrong = json!({"changes": [{"id": 1, "delta": 1}, {"delta": 0}]});
    let details = change(&seller, wrong)
        .await
        .refused(400, "VALIDATION_ERROR");
    assert_eq!(details["field"], "changes[1].id");
    let many = json!({"changes": vec![json!({"id": 1, "delta": 1}); 1001]});
    change(&seller, many).await.refused(400, "VALIDATION_ERROR");
}
