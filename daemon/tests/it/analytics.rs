//! Totals equal a recount of the products, whatever happened before.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::{SellerClient, TestDaemon, catalogue, cents};

/// A small generator of our own, so that a history can be repeated from its seed.
pub(crate) struct SeededRandom(u64);

impl SeededRandom {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2) + 1)
    }

    /// 0 to `sides` - 1.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Compares every total with what the lists of products say now, and with the events of each day.
pub(crate) async fn totals_equal_a_recount(daemon: &TestDaemon, seller: &SellerClient) {
    let products = totals_equal_products(daemon, seller).await;
    let days = seller.get("/api/analytics/daily").await.expect(200);
    let days = days["data"].as_array().unwrap();
    let sum = |name: &str| -> i64 { days.iter().map(|day| day[name].as_i64().unwrap()).sum() };
    assert_eq!(sum("created") - sum("deleted"), products as i64);
}

/// Compares every total with what the lists of products say now; answers how many there are.
pub(crate) async fn totals_equal_products(daemon: &TestDaemon, seller: &SellerClient) -> usize {
    daemon.wait_counted().await;
    let products = seller.products().await;
    let summary = seller.get("/api/analytics/summary").await.expect(200);
    let number = |value: &Value| value.as_i64().unwrap();
    let value =
        |product: &Value| cents(&product["price"]) * i128::from(number(&product["quantity"]));
    let is_low = |product: &&Value| {
        number(&product["quantity"]) < product["low_stock_threshold"].as_i64().unwrap_or(10)
    };
    let low: Vec<_> = products.iter().filter(is_low).collect();
    assert_eq!(
        number(&summary["activeProducts"]),
        products.len() as i64,
        "{summary}"
    );
    assert_eq!(
        number(&summary["totalProducts"]) - number(&summary["deletedProducts"]),
        products.len() as i64
    );
    assert_eq!(
        cents(&summary["totalValue"]),
        products.iter().map(value).sum::<i128>()
    );
    assert_eq!(number(&summary["lowStockCount"]), low.len() as i64);

    let mut shelves: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for product in &products {
        shelves
            .entry(product["category"].as_str().unwrap().to_owned())
            .or_default()
            .push(product);
    }
    let categories = seller.get("/api/analytics/categories").await.expect(200);
    let categories = categories["data"].as_array().unwrap();
    assert_eq!(categories.len(), shelves.len());
    for category in categories {
        let shelf = &shelves[category["category"].as_str().unwrap()];
        let count = shelf.len() as i128;
        assert_eq!(i128::from(number(&category["activeProducts"])), count);
        let units: i64 = shelf
            .iter()
            .map(|product| number(&product["quantity"]))
            .sum();
        assert_eq!(number(&category["totalQuantity"]), units);
        assert_eq!(
            cents(&category["totalValue"]),
            shelf.iter().map(|p| value(p)).sum::<i128>()
        );
        let prices: i128 = shelf.iter().map(|product| cents(&product["price"])).sum();
        assert_eq!(
            cents(&category["averagePrice"]),
            (2 * prices + count) / (2 * count)
        );
    }

    let days = seller.get("/api/analytics/daily").await.expect(200);
    let days = days["data"].as_array().unwrap();
    let change: i128 = days.iter().map(|day| cents(&day["valueChange"])).sum();
    assert_eq!(change, products.iter().map(value).sum::<i128>());

    let listed = seller
        .get("/api/analytics/low-stock?limit=100")
        .await
        .expect(200);
    assert_eq!(listed["pagination"]["total"], low.len());
    let listed = listed["data"].as_array().unwrap();
    assert!(listed.is_sorted_by_key(|entry| number(&entry["quantity"])));
    for entry in listed {
        let product = products
            .iter()
            .find(|product| product["id"] == entry["productId"])
            .unwrap();
        assert_eq!(
            (&entry["quantity"], &entry["name"]),
            (&product["quantity"], &product["name"])
        );
    }
    products.len()
}

/// One random change; answers the status.
pub(crate) async fn act(
    seller: &SellerClient,
    dice: &mut SeededRandom,
    own: &mut Vec<String>,
) -> u16 {
    let any = |dice: &mut SeededRandom| -> String {
        let count = own.len() as u64;
        if count == 0 {
            "1".to_owned()
        } else {
            own[dice.roll(count) as usize].clone()
        }
    };
    let fields = |dice: &mut SeededRandom| {
        json!({
            "price": format!("{}.{:02}", 1 + dice.roll(500), dice.roll(100)),
            "quantity": dice.roll(40),
            "category": format!("Shelf {}", dice.roll(5)),
        })
    };
    match dice.roll(12) {
        0..4 => {
            let mut body = fields(dice);
            body["name"] = json!(format!("Thing {}", dice.roll(1000)));
            if dice.roll(3) == 0 {
                body["low_stock_threshold"] = json!(dice.roll(30));
            }
            let reply = seller.post("/api/products", &body).await;
            own.push(reply.json()["id"].to_string());
            reply.status
        }
        4..7 => {
            seller
                .put(&format!("/api/products/{}", any(dice)), &fields(dice))
                .await
                .status
        }
        7 => {
            let threshold = if dice.roll(2) == 0 {
                Value::Null
            } else {
                json!(dice.roll(30))
            };
            let change = json!({"low_stock_threshold": threshold});
            seller
                .put(&format!("/api/products/{}", any(dice)), &change)
                .await
                .status
        }
        8 => {
            let change = json!({"delta": dice.roll(20) as i64 - 10});
            seller
                .post(&format!("/api/products/{}/stock", any(dice)), &change)
                .await
                .status
        }
        9 => {
            seller
                .delete(&format!("/api/products/{}", any(dice)))
                .await
                .status
        }
        10 => {
            seller
                .post(&format!("/api/products/{}/restore", any(dice)), &json!({}))
                .await
                .status
        }
        _ => {
            seller
                .get(&format!("/api/products/{}", any(dice)))
                .await
                .status
        }
    }
}

/// Red when: a category move adds to the new category without taking from the old one.
#[tokio::test]
async fn totals_follow_a_mixed_history() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let (mut dice, mut own) = (SeededRandom::new(7), Vec::new());
    for _ in 0..400 {
        let status = act(&seller, &mut dice, &mut own).await;
        assert!(status < 500, "{status}");
    }
    totals_equal_a_recount(&daemon, &seller).await;
    seller.import(catalogue(500, 250)).await;
    seller.import(catalogue(500, 333)).await;
    totals_equal_a_recount(&daemon, &seller).await;
    // Consumed again from the log after a crash: nothing counts twice.
    let daemon = daemon.restart().await;
    let seller = daemon.seller("shop-1");
    totals_equal_a_recount(&daemon, &seller).await;
}

#[tokio::test]
async fn an_unknown_seller_has_zeros() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("newcomer");
    let summary = seller.get("/api/analytics/summary").await.expect(200);
    for name in [
        "totalProducts",
        "activeProducts",
        "deletedProducts",
        "totalValue",
        "lowStockCount",
    ] {
        assert_eq!(summary[name], 0, "{name}");
    }
    assert!(summary["lastUpdated"].is_null());
    for path in ["categories", "daily", "low-stock"] {
        let reply = seller
            .get(&format!("/api/analytics/{path}"))
            .await
            .expect(200);
        assert_eq!(reply["data"], json!([]), "{path}");
    }
}
