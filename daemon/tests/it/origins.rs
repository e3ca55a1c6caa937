//! Which web pages and names may reach a daemon that believes `X-Seller-Id` on one machine.

use reqwest::Method;

use crate::harness::{HttpReply, SseReader, TestDaemon, answer};

async fn ask(daemon: &TestDaemon, method: Method, headers: &[(&str, &str)]) -> HttpReply {
    let mut request = daemon
        .http
        .request(method, format!("{}/api/products", daemon.url))
        .header("X-Seller-Id", "shop-1");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    answer(request).await
}

/// A page of another site sends its `Origin`; one whose name was made to resolve to 127.0.0.1 sends
/// that name as `Host`. Neither may act as a seller, nor get a preflight granted.
///
/// Red when: the layer is left out, or is inside of CORS.
#[tokio::test]
async fn other_sites_cannot_use_a_loopback_daemon() {
    let daemon = TestDaemon::with(&[("PMD_ALLOWED_HOSTS", "shop.internal")]).await;
    let get = async |headers: &[(&str, &str)]| ask(&daemon, Method::GET, headers).await;
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
    ] {
        get(&[("Origin", origin)])
            .await
            .refused(403, "ORIGIN_NOT_ALLOWED");
        let preflight = [
            ("Origin", origin),
            ("Access-Control-Request-Method", "DELETE"),
        ];
        let refused = ask(&daemon, Method::OPTIONS, &preflight).await;
        refused.refused(403, "ORIGIN_NOT_ALLOWED");
        assert_eq!(
            refused.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
    }
    for host in [
        "evil.example",
        "evil.example:3001",
        "127.0.0.1.evil.example",
    ] {
        get(&[("Host", host)])
            .await
            .refused(421, "HOST_NOT_ALLOWED");
    }
    for (host, origin) in [
        ("localhost:1", "http://localhost:3000"),
        ("[::1]:3001", "http://[::1]:8080"),
        ("shop.internal", "https://shop.internal"),
    ] {
        get(&[("Host", host), ("Origin", origin)]).await.expect(200);
    }
    // Health has nothing of a seller's.
    let health = daemon.http.get(format!("{}/health/live", daemon.url));
    answer(health.header("Host", "probe")).await.expect(200);
}

/// Where origins are configured, or keys are required, `Host` and `Origin` prove nothing.
#[tokio::test]
async fn gateways_and_configured_origins_are_left_alone() {
    let configured = TestDaemon::with(&[("CORS_ORIGINS", "https://shop.example")]).await;
    let proxied = [("Host", "shop.example"), ("Origin", "https://shop.example")];
    ask(&configured, Method::GET, &proxied).await.expect(200);
    let keys = TestDaemon::with(&[("PMD_AUTH", "keys")]).await;
    let refused = ask(&keys, Method::GET, &proxied).await;
    refused.refused(401, "INVALID_API_KEY");
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
}

/// Red when: a stream is checked only when it is opened.
#[tokio::test]
async fn a_stream_ends_with_its_key() {
    let daemon = TestDaemon::with(&[("PMD_AUTH", "keys")]).await;
    let create = |name| {
        daemon
            .run(&["keys", "create", "shop-1", "--name", name])
            .trim()
            .to_owned()
    };
    let (revoked, kept) = (create("revoked"), create("kept"));
    let open = async |key: &str| {
        let request = daemon.http.get(format!("{}/api/events/stream", daemon.url));
        SseReader::from(request.bearer_auth(key)).await
    };
    let (mut ends, mut stays) = (open(&revoked).await, open(&kept).await);
    assert!(ends.next().await.is_some() && stays.next().await.is_some());
    let id = revoked.split('_').nth(1).unwrap();
    daemon.run(&["keys", "revoke", "shop-1", id]);
    assert_eq!(ends.next().await, None, "the body ends properly");
    let kept = daemon
        .http
        .post(format!("{}/api/products", daemon.url))
        .bearer_auth(&kept);
    answer(kept.json(&crate::harness::product("Lamp")))
        .await
        .expect(201);
    assert_eq!(
        stays.next().await.unwrap().event.as_deref(),
        Some("ProductCreated")
    );
}

/// Red when: `pmd keys` opens a store that it has just created.
#[tokio::test]
async fn a_key_is_not_created_where_no_daemon_is() {
    let daemon = TestDaemon::embedded(&[]).await;
    let elsewhere = daemon.data_dir().join("elsewhere");
    let output = daemon.command(
        &["keys", "create", "shop-1"],
        &[("PMD_DATA_DIR", elsewhere.to_str().unwrap())],
    );
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(
        message.contains("no store") && message.contains("PMD_DATA_DIR"),
        "{message}"
    );
    assert!(output.stdout.is_empty() && !elsewhere.exists());
}
