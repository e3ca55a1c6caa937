//! Who is asking: seller ids, tenants, API keys.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{HttpReply, SellerClient, TestDaemon, answer, catalogue, poll, product};

#[tokio::test]
async fn seller_ids_are_checked() {
    let daemon = TestDaemon::start().await;
    let long = "a".repeat(100);
    for good in [
        "seller-123",
        "a",
        "A.b_c-d",
        "1.0.0",
        "0x10",
        "true1",
        long.as_str(),
    ] {
        assert_eq!(
            daemon.seller(good).get("/api/products").await.status,
            200,
            "{good}"
        );
    }
    let too_long = "a".repeat(101);
    for bad in [
        "",
        "-a",
        ".a",
        "a b",
        "a/b",
        "a:b",
        "42",
        "1.0",
        "1e5",
        "true",
        "null",
        too_long.as_str(),
    ] {
        let reply = daemon.seller(bad).get("/api/products").await;
        let code = if bad.is_empty() {
            "MISSING_SELLER_ID"
        } else {
            "INVALID_SELLER_ID"
        };
        assert_eq!(reply.status, 401, "{bad:?}");
        // An empty header may count as missing or as malformed.
        assert!(
            reply.json()["error_code"] == code || bad.is_empty(),
            "{bad:?}: {}",
            reply.body
        );
    }
    daemon
        .get("/api/products")
        .await
        .refused(401, "MISSING_SELLER_ID");
    let twice = daemon
        .seller("shop-1")
        .request(Method::GET, "/api/products")
        .header("X-Seller-Id", "shop-1");
    answer(twice).await.refused(401, "INVALID_SELLER_ID");
    let bytes = daemon
        .http
        .get(format!("{}/api/products", daemon.url))
        .header("X-Seller-Id", &b"sh\xf6p"[..]);
    answer(bytes).await.refused(401, "INVALID_SELLER_ID");
}

#[tokio::test]
async fn a_stream_takes_its_seller_from_the_query_too() {
    let daemon = TestDaemon::start().await;
    let open = async |query: &str, header: Option<&str>| {
        let mut request = daemon
            .http
            .get(format!("{}/api/events/stream{query}", daemon.url));
        if let Some(id) = header {
            request = request.header("X-Seller-Id", id);
        }
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(open("?sellerId=shop-1", None).await, 200);
    assert_eq!(open("?sellerId=shop-1", Some("shop-1")).await, 200);
    assert_eq!(open("?sellerId=shop-1", Some("shop-2")).await, 401);
    assert_eq!(open("?sellerId=42", None).await, 401);
    assert_eq!(open("", None).await, 401);
    let elsewhere = daemon.get("/api/products?sellerId=shop-1").await;
    elsewhere.refused(401, "MISSING_SELLER_ID");
}

/// What a stranger sees of a reply: everything but what differs between any two requests.
fn seen(reply: &HttpReply, asked: &str) -> (u16, Vec<String>, Value) {
    let mut names: Vec<_> = reply.headers.keys().map(ToString::to_string).collect();
    names.sort();
    let body = serde_json::from_str(&reply.body.replace(asked, "ID")).unwrap_or(json!(reply.body));
    (reply.status, names, body)
}

/// Red when: the look-up of a product by id leaves out its seller.
#[tokio::test]
async fn what_belongs_to_others_does_not_exist() {
    let daemon = TestDaemon::start().await;
    let (owner, stranger) = (daemon.seller("owner"), daemon.seller("stranger"));
    let mut secret = product("TOP-SECRET");
    secret["sku"] = json!("TOP-SECRET");
    secret["quantity"] = json!(1);
    let product_id = owner.post("/api/products", &secret).await.expect(201)["id"].to_string();
    let gone = owner.create("TOP-SECRET deleted").await["id"].to_string();
    owner
        .delete(&format!("/api/products/{gone}"))
        .await
        .expect(200);
    let import_id = owner
        .import(catalogue(3, 100) + "BAD,TOP-SECRET,free,1,C\n")
        .await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    daemon.wait_published().await;

    let products = [
        (product_id.as_str(), "987654321"),
        (gone.as_str(), "987654322"),
    ];
    let on_product: [(Method, &str, Option<Value>); 6] = [
        (Method::GET, "", None),
        (Method::PUT, "", Some(json!({"price": 1}))),
        (Method::PATCH, "", Some(json!({"price": 1}))),
        (Method::POST, "/stock", Some(json!({"delta": -1}))),
        (Method::POST, "/restore", Some(json!({}))),
        (Method::DELETE, "", None),
    ];
    let ask = async |seller: &SellerClient, method: &Method, path: &str, body: &Option<Value>| {
        let mut request = seller
            .request(method.clone(), path)
            .header("X-Request-Id", "same");
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request).await
    };
    for (foreign, absent) in products {
        for (method, rest, body) in &on_product {
            let strange = ask(
                &stranger,
                method,
                &format!("/api/products/{foreign}{rest}"),
                body,
            )
            .await;
            let nothing = ask(
                &stranger,
                method,
                &format!("/api/products/{absent}{rest}"),
                body,
            )
            .await;
            strange.refused(404, "PRODUCT_NOT_FOUND");
            assert_eq!(
                seen(&strange, foreign),
                seen(&nothing, absent),
                "{method} {rest}"
            );
        }
    }
    for (method, rest) in [
        (Method::GET, ""),
        (Method::GET, "/rejects"),
        (Method::POST, "/cancel"),
        (Method::POST, "/undo"),
    ] {
        let absent = "imp_00000000000000000000000000000000";
        let strange = ask(
            &stranger,
            &method,
            &format!("/api/imports/{import_id}{rest}"),
            &None,
        )
        .await;
        let nothing = ask(
            &stranger,
            &method,
            &format!("/api/imports/{absent}{rest}"),
            &None,
        )
        .await;
        strange.refused(404, "IMPORT_NOT_FOUND");
        assert_eq!(
            seen(&strange, &import_id),
            seen(&nothing, absent),
            "{method} {rest}"
        );
    }
    for path in [
        "/api/products",
        "/api/products?q=SECRET",
        "/api/products?sku=TOP-SECRET",
        "/api/products/export",
        "/api/imports",
        "/api/events",
        "/api/analytics/summary",
        "/api/analytics/categories",
        "/api/analytics/daily",
        "/api/analytics/low-stock",
    ] {
        let reply = stranger.get(path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(
            !reply.body.contains("SECRET") && !reply.body.contains("owner"),
            "{path}: {}",
            reply.body
        );
        if let Some(data) = reply
            .body
            .starts_with('{')
            .then(|| reply.json()["data"].clone())
        {
            assert!(data.is_null() || data == json!([]), "{path}: {data}");
        }
    }
    assert_eq!(
        stranger.get("/api/analytics/summary").await.json()["totalProducts"],
        0
    );
    let mine = owner
        .get(&format!("/api/products/{product_id}"))
        .await
        .expect(200);
    assert_eq!(
        (&mine["version"], &mine["quantity"]),
        (&json!(1), &json!(1)),
        "nothing was touched"
    );
}

/// Red when: a key is found by its id without comparing its secret.
#[tokio::test]
async fn keys_are_required_when_asked_for() {
    let daemon = TestDaemon::with(&[("PMD_AUTH", "keys")]).await;
    let key = daemon
        .run(&["keys", "create", "shop-1", "--name", "till"])
        .trim()
        .to_owned();
    assert!(key.starts_with("pmk_"), "{key}");
    let id = key.split('_').nth(1).unwrap();
    let ask = async |bearer: Option<&str>, seller: Option<&str>| {
        let mut request = daemon.http.get(format!("{}/api/products", daemon.url));
        if let Some(bearer) = bearer {
            request = request.header("Authorization", format!("Bearer {bearer}"));
        }
        if let Some(seller) = seller {
            request = request.header("X-Seller-Id", seller);
        }
        answer(request).await
    };
    ask(None, None).await.refused(401, "INVALID_API_KEY");
    ask(None, Some("shop-1"))
        .await
        .refused(401, "INVALID_API_KEY");
    for wrong in [
        "",
        "x",
        "pmk_",
        "pmk_a_b",
        &format!("pmk_{id}_wrong"),
        &format!("{key}x"),
        &key[..key.len() - 1],
    ] {
        ask(Some(wrong), None).await.refused(401, "INVALID_API_KEY");
    }
    ask(Some(&key), None).await.expect(200);
    ask(Some(&key), Some("shop-1")).await.expect(200);
    ask(Some(&key), Some("shop-2"))
        .await
        .refused(403, "SELLER_MISMATCH");
    for open in [
        "/health",
        "/health/live",
        "/metrics",
        "/docs",
        "/openapi.json",
    ] {
        assert_eq!(daemon.get(open).await.status, 200, "{open}");
    }
    let listed = daemon.run(&["keys", "list", "shop-1"]);
    assert!(listed.contains(id) && !listed.contains(&key));
    daemon.run(&["keys", "revoke", "shop-1", id]);
    poll("the key stops working", async || {
        (ask(Some(&key), None).await.status == 401).then_some(())
    })
    .await;
    let secret = key.rsplit('_').next().unwrap();
    assert!(!daemon.log().contains(secret));
    assert!(!daemon.get("/metrics").await.body.contains(secret));
}

/// Who tries keys is in the log: the key's public id, the client and the reason, and nothing secret.
///
/// Red when: refused keys are only counted, or what was sent is logged as it came.
#[tokio::test]
async fn refused_keys_are_in_the_log() {
    let daemon = TestDaemon::with(&[("PMD_AUTH", "keys")]).await;
    let key = daemon.run(&["keys", "create", "shop-1"]).trim().to_owned();
    let id = key.split('_').nth(1).unwrap().to_owned();
    let wrong = format!("pmk_{id}_{}", "hunter2z".repeat(10));
    let misplaced = format!("pmk_{}_x", "hunter2z".repeat(9));
    let line = async |sent: &str, reason: &str| {
        poll("the refusal is in the log", async || {
            let request = daemon.http.get(format!("{}/api/products", daemon.url));
            answer(request.bearer_auth(sent))
                .await
                .refused(401, "INVALID_API_KEY");
            let log = daemon.log();
            let found = log.lines().find(|line| line.contains(reason));
            found.map(str::to_owned)
        })
        .await
    };
    let found = line(&wrong, "its secret is wrong").await;
    assert!(found.contains("WARN") && found.contains(&id), "{found}");
    assert!(found.contains("127.0.0.1"), "{found}");
    line(&misplaced, "it is unknown, or revoked").await;
    line("hunter2z", "it is no key").await;
    assert!(!daemon.log().contains("hunter2z"), "{}", daemon.log());
    let metrics = daemon.get("/metrics").await.body;
    assert!(metrics.contains("pmd_refused_keys_total"), "{metrics}");
}
