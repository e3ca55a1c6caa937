//! The edges of HTTP: wrong addresses, methods, bodies and types; CORS; late senders.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::harness::{DEADLINE, TestDaemon, answer, product};

#[tokio::test]
async fn wrong_addresses_and_methods_are_distinguished() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    for path in [
        "/api",
        "/api/nothing",
        "/api/products/1/nothing",
        "/api//products",
        "/api/imports/x/y/z",
    ] {
        seller.get(path).await.refused(404, "NOT_FOUND");
    }
    for (method, path, allowed) in [
        (Method::DELETE, "/api/products", "GET,POST"),
        (Method::POST, "/api/products/1", "GET,PUT,PATCH,DELETE"),
        (Method::GET, "/api/products/1/stock", "POST"),
        (Method::GET, "/api/products/1/restore", "POST"),
        (Method::PUT, "/api/products/import", "POST"),
        (Method::POST, "/api/products/export", "GET"),
        (Method::POST, "/api/events/stream", "GET"),
        (Method::POST, "/api/analytics/summary", "GET"),
        (Method::DELETE, "/api/imports", "GET"),
        (Method::POST, "/health", "GET"),
    ] {
        let reply = answer(seller.request(method.clone(), path)).await;
        reply.refused(405, "METHOD_NOT_ALLOWED");
        let allow = reply.header("allow").unwrap();
        for one in allowed.split(',') {
            assert!(allow.contains(one), "{method} {path}: Allow: {allow}");
        }
    }
}

#[tokio::test]
async fn ids_in_paths_are_checked() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    for id in [
        "0",
        "-1",
        "abc",
        "1.0",
        "1e3",
        "0x10",
        "9223372036854775808",
        "%00",
        "1%0d%0aX",
        "..%2f..%2fetc",
        "%D9%A3",
        "+1",
    ] {
        let reply = seller.get(&format!("/api/products/{id}")).await;
        reply.refused(400, "INVALID_PRODUCT_ID");
    }
    seller
        .get("/api/products/9223372036854775807")
        .await
        .refused(404, "PRODUCT_NOT_FOUND");
    for id in ["x", "imp_", "..%2f..%2fstore.db", "%00", &"i".repeat(500)] {
        seller
            .get(&format!("/api/imports/{id}"))
            .await
            .refused(404, "IMPORT_NOT_FOUND");
        seller
            .get(&format!("/api/imports/{id}/rejects"))
            .await
            .refused(404, "IMPORT_NOT_FOUND");
    }
}

#[tokio::test]
async fn bodies_are_checked_before_they_are_read() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let post = async |content_type: &str, body: &[u8]| {
        seller
            .post_text("/api/products", content_type, body.to_vec())
            .await
    };
    for (body, wrong) in [
        (&b""[..], true),
        (b"{", true),
        (b"{\"name\":\xff}", true),
        (b"nonsense", true),
        (b"{\"name\":1}}", true),
        (b"[]", false),
        (b"\"text\"", false),
        (b"7", false),
        (b"null", false),
    ] {
        let code = if wrong {
            "INVALID_JSON"
        } else {
            "VALIDATION_ERROR"
        };
        post("application/json", body).await.refused(400, code);
    }
    let good = product("Mug").to_string();
    for accepted in [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
    ] {
        post(accepted, good.as_bytes()).await.expect(201);
    }
    for refused in [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        post(refused, good.as_bytes())
            .await
            .refused(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    let packed = seller
        .request(Method::POST, "/api/products")
        .header("Content-Encoding", "gzip");
    answer(packed.json(&product("Mug")))
        .await
        .refused(415, "UNSUPPORTED_MEDIA_TYPE");
    let large = vec![b' '; (1 << 20) + 1];
    post("application/json", &large)
        .await
        .refused(413, "BODY_TOO_LARGE");
    assert_eq!(seller.products().await.len(), 3);
}

#[tokio::test]
async fn every_answer_has_a_request_id() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let own = async |id: &str| {
        let request = seller
            .request(Method::GET, "/api/products/1")
            .header("X-Request-Id", id);
        answer(request)
            .await
            .header("x-request-id")
            .unwrap()
            .to_owned()
    };
    assert_eq!(own("till-4:0017").await, "till-4:0017");
    assert_ne!(own(&"x".repeat(5_000)).await, "x".repeat(5_000));
    let made = [
        seller.get("/health").await,
        seller.get("/nothing").await,
        seller.get("/api/products").await,
    ]
    .map(|reply| reply.header("x-request-id").unwrap().to_owned());
    assert!(made[0] != made[1] && made[1] != made[2] && made[0].len() >= 16);
}

#[tokio::test]
async fn browsers_may_ask_from_anywhere() {
    let daemon = TestDaemon::start().await;
    let preflight = async |daemon: &TestDaemon, method: &str, path: &str, headers: &str| {
        let request = daemon
            .http
            .request(Method::OPTIONS, format!("{}{path}", daemon.url));
        let request = request
            .header("Origin", "http://localhost:3000")
            .header("Access-Control-Request-Method", method)
            .header("Access-Control-Request-Headers", headers);
        answer(request).await
    };
    let asked = "x-seller-id,content-type,authorization,idempotency-key,if-match,last-event-id";
    for (method, path) in [
        ("POST", "/api/products"),
        ("PUT", "/api/products/1"),
        ("PATCH", "/api/products/1"),
        ("DELETE", "/api/products/1"),
        ("GET", "/api/events/stream"),
        ("POST", "/api/products/import"),
    ] {
        let reply = preflight(&daemon, method, path, asked).await;
        assert!(
            [200, 204].contains(&reply.status),
            "{method} {path}: {}",
            reply.status
        );
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        assert!(reply.header("access-control-allow-credentials").is_none());
        let methods = reply.header("access-control-allow-methods").unwrap();
        assert!(methods == "*" || methods.contains(method), "{methods}");
        let headers = reply
            .header("access-control-allow-headers")
            .unwrap()
            .to_lowercase();
        assert!(
            asked.split(',').all(|name| headers.contains(name)),
            "{headers}"
        );
    }
    let request = daemon
        .seller("shop-1")
        .request(Method::GET, "/api/products");
    let reply = answer(request.header("Origin", "http://localhost:3000")).await;
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    let exposed = reply
        .header("access-control-expose-headers")
        .unwrap()
        .to_lowercase();
    for name in [
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "etag",
        "location",
        "x-request-id",
    ] {
        assert!(exposed.contains(name), "{name} in {exposed}");
    }
    let error = daemon
        .http
        .get(format!("{}/api/products", daemon.url))
        .header("Origin", "http://localhost:8080");
    assert_eq!(
        answer(error).await.header("access-control-allow-origin"),
        Some("*")
    );

    let strict = TestDaemon::with(&[(
        "CORS_ORIGINS",
        "https://shop.example, http://localhost:3000",
    )])
    .await;
    let known = preflight(&strict, "GET", "/api/products", "x-seller-id").await;
    assert_eq!(
        known.header("access-control-allow-origin"),
        Some("http://localhost:3000")
    );
    let request = strict
        .seller("shop-1")
        .request(Method::GET, "/api/products");
    let reply = answer(request.header("Origin", "https://evil.example")).await;
    assert_ne!(reply.header("access-control-allow-origin"), Some("*"));
    assert_ne!(
        reply.header("access-control-allow-origin"),
        Some("https://evil.example")
    );
}

/// A head that never ends is answered and its connection closed, whatever came before on it; one
/// that is merely idle is closed without a word.
///
/// Red when: the connection is dropped as soon as hyper gives up.
#[tokio::test]
async fn a_late_head_is_given_up() {
    let daemon = TestDaemon::start().await;
    let place = daemon.url.trim_start_matches("http://");
    let begun = "GET /health/live HTTP/1.1\r\nHost: x\r\n";
    let after_one = format!("{begun}\r\n{begun}X-Slow: ");
    let until_closed = async |sent: &str| {
        let mut slow = TcpStream::connect(place).await.unwrap();
        slow.write_all(sent.as_bytes()).await.unwrap();
        let mut answered = Vec::new();
        let ended = tokio::time::timeout(DEADLINE, slow.read_to_end(&mut answered)).await;
        ended.expect("the connection is closed").unwrap();
        String::from_utf8(answered).unwrap()
    };
    let (first, second, idle) = tokio::join!(
        until_closed(begun),
        until_closed(&after_one),
        until_closed("")
    );
    assert_eq!(idle, "");
    assert!(second.starts_with("HTTP/1.1 200 OK\r\n"), "{second}");
    let second = &second[second.find("HTTP/1.1 408").expect("a second answer")..];
    for answer in [first.as_str(), second] {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let head = head.to_lowercase();
        let length = format!("content-length: {}", body.len());
        for part in [
            "http/1.1 408 request timeout",
            "content-type: application/json",
            "x-request-id: ",
            "connection: close",
            &length,
        ] {
            assert!(head.contains(part), "no {part:?} in\n{answer}");
        }
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["error_code"], "REQUEST_TIMEOUT");
        assert!(body["message"].is_string() && body["error"] == "Request Timeout");
    }
    daemon.get("/health").await.expect(200);
}

/// A body that pauses for 30 seconds is given up, too.
#[tokio::test]
async fn long_a_body_that_pauses_is_given_up() {
    if std::env::var_os("PM_LONG").is_none() {
        return;
    }
    let daemon = TestDaemon::start().await;
    let mut slow = TcpStream::connect(daemon.url.trim_start_matches("http://"))
        .await
        .unwrap();
    let head = "POST /api/products HTTP/1.1\r\nHost: x\r\nX-Seller-Id: s\r\n\
        Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"name\"";
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut answered = Vec::new();
    let ended = tokio::time::timeout(DEADLINE, slow.read_to_end(&mut answered)).await;
    ended.expect("the connection is closed").unwrap();
    let text = String::from_utf8(answered).unwrap();
    assert!(
        text.starts_with("HTTP/1.1 408") && text.contains("REQUEST_TIMEOUT"),
        "{text}"
    );
}

/// Garbage instead of HTTP, and a client that goes away in the middle, do no harm.
#[tokio::test]
async fn garbage_on_the_wire_is_survived() {
    let daemon = TestDaemon::start().await;
    let place = daemon.url.trim_start_matches("http://");
    for bytes in [&b"\x16\x03\x01\x02\x00\x01"[..], b"GET\r\n\r\n", b"POST /api/products HTTP/1.1\r\nHost: x\r\nX-Seller-Id: s\r\nContent-Length: 9999\r\n\r\n{\"na"] {
        let mut client = TcpStream::connect(place).await.unwrap();
        client.write_all(bytes).await.unwrap();
        drop(client);
    }
    let seller = daemon.seller("s");
    seller.create("Mug").await;
    assert_eq!(seller.products().await.len(), 1);
    assert!(!daemon.log().contains("panicked"));
    let health: Value = daemon.get("/health").await.expect(200);
    assert_eq!(health["status"], json!("healthy"));
}
