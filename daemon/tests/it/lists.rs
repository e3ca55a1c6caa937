//! Lists: pages, cursors, filters, order.

use serde_json::{Value, json};

use crate::harness::{SellerClient, TestDaemon, cents};

/// 57 products whose names, prices, quantities and categories repeat, so that ties are many.
async fn shelf(seller: &SellerClient) -> Vec<Value> {
    let mut products = Vec::new();
    for number in 0..57 {
        let body = json!({
            "name": format!("Name {}", number % 7),
            "price": 1 + number % 5,
            "quantity": number % 11,
            "category": format!("Shelf {}", number % 3),
            "sku": if number % 4 == 0 { json!(format!("SKU_{number}%")) } else { Value::Null },
            "description": format!("Tür {number}"),
        });
        products.push(seller.post("/api/products", &body).await.expect(201));
    }
    products
}

fn ids(products: &[Value]) -> Vec<i64> {
    products
        .iter()
        .map(|product| product["id"].as_i64().unwrap())
        .collect()
}

async fn page(seller: &SellerClient, query: &str) -> (Vec<Value>, Value) {
    let body = seller
        .get(&format!("/api/products{query}"))
        .await
        .expect(200);
    (
        body["data"].as_array().unwrap().clone(),
        body["pagination"].clone(),
    )
}

fn sort_key(product: &Value, by: &str) -> (i128, String) {
    match by {
        "price" => (cents(&product["price"]), String::new()),
        "quantity" => (
            i128::from(product["quantity"].as_i64().unwrap()),
            String::new(),
        ),
        other => (0, product[other].as_str().unwrap().to_owned()),
    }
}

/// Red when: the cursor's comparison does not look at the id, so that ties are passed over.
#[tokio::test]
async fn pages_and_cursors_give_the_whole_list_in_one_order() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let all = shelf(&seller).await;
    for by in ["created_at", "name", "price", "quantity", "updated_at"] {
        for order in ["asc", "desc"] {
            let sort = format!("sort_by={by}&sort_order={order}");
            let mut wanted = all.clone();
            wanted.sort_by_key(|product| (sort_key(product, by), product["id"].as_i64()));
            if order == "desc" {
                wanted.reverse();
            }
            let mut paged = Vec::new();
            for number in 1..=6 {
                let (data, pagination) =
                    page(&seller, &format!("?{sort}&limit=10&page={number}")).await;
                assert_eq!(pagination["total"], 57);
                assert_eq!(pagination["total_pages"], 6);
                assert_eq!(
                    (&pagination["page"], &pagination["limit"]),
                    (&json!(number), &json!(10))
                );
                paged.extend(data);
            }
            assert_eq!(ids(&paged), ids(&wanted), "pages by {sort}");
            let mut walked = Vec::new();
            let mut next = format!("?{sort}&limit=8");
            loop {
                let (data, pagination) = page(&seller, &next).await;
                walked.extend(data);
                let Some(cursor) = pagination["next_cursor"].as_str() else {
                    break;
                };
                next = format!("?{sort}&limit=8&cursor={cursor}");
            }
            assert_eq!(ids(&walked), ids(&wanted), "cursors by {sort}");
        }
    }
    let (default, pagination) = page(&seller, "").await;
    assert_eq!(default.len(), 20);
    assert_eq!(
        (&pagination["page"], &pagination["limit"]),
        (&json!(1), &json!(20))
    );
    let cursor = page(&seller, "?limit=5").await.1["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let other_sort = seller
        .get(&format!("/api/products?sort_by=name&cursor={cursor}"))
        .await;
    other_sort.refused(400, "VALIDATION_ERROR");
}

#[tokio::test]
async fn filters_hold_together_and_empty_ones_not_at_all() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let all = shelf(&seller).await;
    type Keep = fn(&Value) -> bool;
    let table: [(&str, Keep); 14] = [
        ("category=", |_| true),
        ("category=&min_quantity=&q=&sku=&min_price=", |_| true),
        ("category=Shelf%201", |p| p["category"] == "Shelf 1"),
        ("category=shelf%201", |_| false),
        ("min_quantity=3&max_quantity=5", |p| {
            (3..=5).contains(&p["quantity"].as_i64().unwrap())
        }),
        ("min_quantity=6&max_quantity=5", |_| false),
        ("min_price=2&max_price=3.00", |p| {
            (200..=300).contains(&cents(&p["price"]))
        }),
        ("min_price=2.01&max_price=2.99", |_| false),
        ("sku=SKU_8%25", |p| p["sku"] == "SKU_8%"),
        ("q=name%203", |p| p["name"] == "Name 3"),
        ("q=KU_1", |p| {
            p["sku"].as_str().is_some_and(|sku| sku.contains("KU_1"))
        }),
        ("q=T%C3%BCr%205", |p| {
            p["description"].as_str().unwrap().contains("Tür 5")
        }),
        ("q=%25", |p| p["sku"].is_string()),
        ("category=Shelf%200&q=Name%201&max_quantity=8", |p| {
            p["category"] == "Shelf 0"
                && p["name"] == "Name 1"
                && p["quantity"].as_i64().unwrap() <= 8
        }),
    ];
    for (query, keep) in table {
        let (data, pagination) = page(&seller, &format!("?limit=100&sort_order=asc&{query}")).await;
        let wanted: Vec<_> = all
            .iter()
            .filter(|product| keep(product))
            .cloned()
            .collect();
        assert_eq!(ids(&data), ids(&wanted), "{query}");
        assert_eq!(pagination["total"], wanted.len(), "{query}");
    }
    for impossible in [
        format!("category={}", "x".repeat(200)),
        format!("sku={}", "x".repeat(200)),
        "min_quantity=99999999999".to_owned(),
    ] {
        assert!(
            page(&seller, &format!("?{impossible}")).await.0.is_empty(),
            "{impossible}"
        );
    }
    let (data, pagination) = page(&seller, "?page=900").await;
    assert!(data.is_empty());
    assert_eq!(
        (&pagination["page"], &pagination["total"]),
        (&json!(900), &json!(57))
    );
    let (_, uncounted) = page(&seller, "?count=none").await;
    assert!(uncounted.get("total").is_none() && uncounted.get("total_pages").is_none());
}

#[tokio::test]
async fn wrong_parameters_are_refused_by_name() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    for (query, field) in [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=x", "page"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=1e1", "limit"),
        ("sort_by=price;drop", "sort_by"),
        ("sort_by=sku", "sort_by"),
        ("sort_order=up", "sort_order"),
        ("min_quantity=few", "min_quantity"),
        ("max_price=NaN", "max_price"),
        ("count=maybe", "count"),
        ("cursor=zzz", "cursor"),
        ("colour=red", "colour"),
        ("page=1&page=2", "page"),
    ] {
        let details = seller
            .get(&format!("/api/products?{query}"))
            .await
            .refused(400, "VALIDATION_ERROR");
        assert_eq!(details["field"], field, "{query}");
    }
    page(&seller, "?page=18446744073709551615&limit=100").await;
    for (path, field) in [
        ("/api/events?limit=1001", "limit"),
        ("/api/events?after=-1", "after"),
        ("/api/events?type=Nothing", "type"),
        ("/api/analytics/daily?from=yesterday", "from"),
        ("/api/analytics/low-stock?limit=0", "limit"),
        ("/api/imports?page=0", "page"),
        ("/api/products/export?page=1", "page"),
    ] {
        let details = seller.get(path).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(details["field"], field, "{path}");
    }
    seller
        .get("/api/analytics/daily?from=2026-02-01&to=2026-01-01")
        .await
        .refused(400, "VALIDATION_ERROR");
    let answered = seller.get("/api/products").await;
    assert_eq!(answered.header("cache-control"), Some("no-cache"));
}
