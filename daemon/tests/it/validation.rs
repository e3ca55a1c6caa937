//! Bad input is answered by name or comes back exactly; it never crashes anything.

use serde_json::json;

use crate::harness::{TestDaemon, product};

#[tokio::test]
async fn every_broken_rule_is_named() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let table = [
        (json!({"name": " "}), "name"),
        (json!({"name": "x".repeat(256)}), "name"),
        (json!({"name": 5}), "name"),
        (json!({"name": "nul\u{0}"}), "name"),
        (json!({"description": "x".repeat(2001)}), "description"),
        (json!({"price": 0}), "price"),
        (json!({"price": -3}), "price"),
        (json!({"price": null}), "price"),
        (json!({"price": true}), "price"),
        (json!({"quantity": -1}), "quantity"),
        (json!({"quantity": 1.5}), "quantity"),
        (json!({"quantity": 2_147_483_648_u64}), "quantity"),
        (json!({"quantity": "many"}), "quantity"),
        (json!({"category": ""}), "category"),
        (json!({"category": "x".repeat(101)}), "category"),
        (json!({"sku": "x".repeat(101)}), "sku"),
        (json!({"low_stock_threshold": -1}), "low_stock_threshold"),
        (json!({"attributes": {"a": 1}}), "attributes"),
        (
            json!({"attributes": {"a": "x".repeat(17_000)}}),
            "attributes",
        ),
        (json!({"seller_id": "other"}), "seller_id"),
        (json!({"id": 7}), "id"),
        (json!({"colour": "red"}), "colour"),
    ];
    for (broken, field) in table {
        let mut body = product("Mug");
        for (key, value) in broken.as_object().unwrap() {
            body[key] = value.clone();
        }
        let details = seller
            .post("/api/products", &body)
            .await
            .refused(400, "VALIDATION_ERROR");
        assert_eq!(details["field"], field, "{details}");
        assert!(details["constraint"].is_string() && details["errors"][0]["message"].is_string());
    }
    let details = seller
        .post("/api/products", &json!({}))
        .await
        .refused(400, "VALIDATION_ERROR");
    let fields: Vec<_> = details["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["field"])
        .collect();
    assert_eq!(fields, ["name", "price", "quantity", "category"]);
    assert!(seller.products().await.is_empty());
    assert!(seller.events().await.is_empty());
}

/// Red when: half a cent is rounded down.
#[tokio::test]
async fn hostile_values_are_refused_or_come_back_exactly() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let create = async |name: &str, price: &str, quantity: &str| {
        let body =
            format!(r#"{{"name":{name},"price":{price},"quantity":{quantity},"category":"C"}}"#);
        seller
            .post_text("/api/products", "application/json", body)
            .await
    };
    for price in [
        "\"NaN\"",
        "\"Infinity\"",
        "\"-Infinity\"",
        "\"1e3\"",
        "\"0x10\"",
        "-0",
        "0.004",
        "99999999.995",
        "1e400",
        "9223372036854775808",
        "\"1,5\"",
        "[1]",
    ] {
        let details = create("\"A\"", price, "1")
            .await
            .refused(400, "VALIDATION_ERROR");
        assert_eq!(details["field"], "price", "{price}");
    }
    for (price, exact) in [
        ("1.005", "1.01"),
        ("0.005", "0.01"),
        ("99999999.99", "99999999.99"),
        ("99999999.994", "99999999.99"),
        ("\"0.10\"", "0.1"),
        ("4.35", "4.35"),
        ("1.2345678E3", "1234.57"),
        ("1.10", "1.1"),
    ] {
        let stored = create("\"A\"", price, "1").await.expect(201);
        assert_eq!(stored["price"].to_string(), exact, "{price}");
        let read = seller
            .get(&format!("/api/products/{}", stored["id"]))
            .await
            .expect(200);
        assert_eq!(read, stored);
    }
    for quantity in [
        "2147483648",
        "9223372036854775808",
        "-1",
        "\"1e2\"",
        "1.5e0",
        "\"0x10\"",
        "null",
    ] {
        let details = create("\"A\"", "1", quantity)
            .await
            .refused(400, "VALIDATION_ERROR");
        assert_eq!(details["field"], "quantity", "{quantity}");
    }
    create("\"A\"", "1", "2147483647").await.expect(201);
    for name in [
        "🦀 Krabbe",
        "\u{202e}kcab",
        "a\r\nid: 7\r\ndata: x",
        "'; DROP TABLE products; --",
        "../../etc/passwd",
        "<b>",
    ] {
        let stored = create(&json!(name).to_string(), "1", "1").await.expect(201);
        assert_eq!(stored["name"], name);
    }
    create(r#""lone \ud800 half""#, "1", "1")
        .await
        .refused(400, "INVALID_JSON");
    create(r#""nul \u0000""#, "1", "1")
        .await
        .refused(400, "VALIDATION_ERROR");
    let long = json!("n".repeat(600 << 10)).to_string();
    create(&long, "1", "1")
        .await
        .refused(400, "VALIDATION_ERROR");
    let too_long = json!("n".repeat(1 << 20)).to_string();
    create(&too_long, "1", "1")
        .await
        .refused(413, "BODY_TOO_LARGE");
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    create(&deep, "1", "1").await.refused(400, "INVALID_JSON");
    assert_eq!(daemon.get("/health/live").await.status, 200);
}
