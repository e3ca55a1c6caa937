//! What operators and tools look at: health, metrics, the API document, the docs page, settings.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};

use crate::harness::{TestDaemon, answer, catalogue, product};

/// Every route of the API, as the API document has to name it.
const ROUTES: [(&str, &str); 26] = [
    ("get", "/api/products"),
    ("post", "/api/products"),
    ("get", "/api/products/{id}"),
    ("put", "/api/products/{id}"),
    ("patch", "/api/products/{id}"),
    ("delete", "/api/products/{id}"),
    ("post", "/api/products/{id}/restore"),
    ("post", "/api/products/{id}/stock"),
    ("post", "/api/products/import"),
    ("get", "/api/products/export"),
    ("get", "/api/imports"),
    ("get", "/api/imports/{id}"),
    ("get", "/api/imports/{id}/rejects"),
    ("post", "/api/imports/{id}/cancel"),
    ("get", "/api/events"),
    ("get", "/api/events/stream"),
    ("get", "/api/analytics/summary"),
    ("get", "/api/analytics/categories"),
    ("get", "/api/analytics/daily"),
    ("get", "/api/analytics/low-stock"),
    ("get", "/health"),
    ("get", "/health/ready"),
    ("get", "/health/live"),
    ("get", "/metrics"),
    ("get", "/openapi.json"),
    ("get", "/docs"),
];

#[tokio::test]
async fn health_shows_every_dependency() {
    let daemon = TestDaemon::start().await;
    let health = daemon.get("/health").await.expect(200);
    assert_eq!(health["status"], "healthy");
    assert!(
        health["timestamp"].is_string()
            && health["uptime"].is_number()
            && health["version"].is_string()
    );
    for name in ["database", "redis", "kafka", "dynamodb", "s3"] {
        let service = &health["services"][name];
        assert_eq!(service["status"], "healthy", "{name}");
        assert!(service["response_time_ms"].is_number(), "{name}");
        assert!(service["note"].is_string(), "{name}: {service}");
    }
    assert_eq!(health["services"]["kafka"]["outbox_backlog"], 0);
    assert_eq!(health["services"]["kafka"]["outbox_oldest_seconds"], 0);
    let lag = health["services"]["kafka"]["consumer_lag"]
        .as_object()
        .unwrap();
    let groups: Vec<_> = lag.keys().collect();
    assert_eq!(
        groups,
        ["analytics-service-group", "notification-service-group"]
    );
    for name in ["rss_mb", "heap_used_mb", "heap_total_mb", "external_mb"] {
        assert!(health["memory"][name].is_number(), "{name}");
    }
    let ready = daemon.get("/health/ready").await.expect(200);
    assert!(ready["status"] == "ready" && ready["timestamp"].is_string());
    let live = daemon.get("/health/live").await.expect(200);
    assert!(live["status"] == "alive" && live["uptime"].is_number());
}

#[tokio::test]
async fn metrics_count_requests_by_route() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("very-secret-seller");
    seller.create("Mug").await;
    seller
        .get("/api/products/987654")
        .await
        .refused(404, "PRODUCT_NOT_FOUND");
    let metrics = daemon.get("/metrics").await;
    assert!(
        metrics
            .header("content-type")
            .unwrap()
            .starts_with("text/plain")
    );
    let line = |parts: &[&str]| {
        metrics
            .body
            .lines()
            .any(|line| parts.iter().all(|part| line.contains(part)))
    };
    assert!(
        line(&["POST", "/api/products\"", "201"]),
        "{}",
        metrics.body
    );
    assert!(
        line(&["GET", "/api/products/{id}", "404"]),
        "{}",
        metrics.body
    );
    assert!(
        !metrics.body.contains("987654") && !metrics.body.contains("very-secret"),
        "no ids as labels"
    );
}

#[tokio::test]
async fn the_api_document_names_every_route() {
    let daemon = TestDaemon::start().await;
    let document = daemon.get("/openapi.json").await.expect(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let paths = document["paths"].as_object().unwrap();
    for (method, path) in ROUTES {
        let is_page = ["/metrics", "/openapi.json", "/docs"].contains(&path);
        let operation = &document["paths"][path][method];
        assert!(
            is_page || operation["responses"].is_object(),
            "{method} {path} is not documented"
        );
    }
    // And what it names exists: no route answers "no such address" or "no such method".
    let seller = daemon.seller("shop-1");
    for (path, operations) in paths {
        for method in operations
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "parameters")
        {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let place = path.replace("{id}", "1");
            let response = seller.request(method.clone(), &place).send().await.unwrap();
            assert_ne!(response.status().as_u16(), 405, "{method} {path}");
            let streams = path.ends_with("/stream");
            if !streams {
                let body = response.text().await.unwrap();
                let code =
                    serde_json::from_str::<Value>(&body).unwrap_or_default()["error_code"].clone();
                assert_ne!(code, "NOT_FOUND", "{method} {path}");
            }
        }
    }
    for (name, reference) in references(&document) {
        let found = document.pointer(reference.trim_start_matches('#'));
        assert!(
            found.is_some(),
            "{name} refers to {reference}, which is not there"
        );
    }
}

fn references(value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(
                |(key, value)| match value.as_str().filter(|_| key == "$ref") {
                    Some(reference) => vec![(key.clone(), reference.to_owned())],
                    None => references(value),
                },
            )
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn the_docs_page_needs_no_other_server() {
    let daemon = TestDaemon::start().await;
    let page = daemon.get("/docs").await;
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    for outside in [
        "src=\"http",
        "href=\"http",
        "src='http",
        "@import",
        "url(http",
    ] {
        assert!(!page.body.contains(outside), "{outside}");
    }
    assert!(page.body.contains("/openapi.json"));
}

#[tokio::test]
async fn settings_are_shown_and_wrong_ones_refused() {
    let settings = [("LOW_STOCK_THRESHOLD", "7"), ("PMD_AUTH", "keys")];
    let daemon = TestDaemon::embedded(&settings).await;
    let shown: Value = serde_json::from_str(&daemon.run(&["config", "--json"])).unwrap();
    let text = shown.to_string();
    assert!(
        text.contains("LOW_STOCK_THRESHOLD") && text.contains("\"7\""),
        "{text}"
    );
    assert!(daemon.run(&["config"]).contains("embedded"));
    for (name, value) in [
        ("PORT", "70000"),
        ("PMD_AUTH", "none"),
        ("RATE_LIMIT_BULK", "-1"),
        ("LOW_STOCK_THRESHOLD", "ten"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_pmd"))
            .env_clear()
            .env(name, value)
            .args(["config"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(name));
    }
}

/// Two daemons on one data directory would each think they own it.
#[tokio::test]
async fn a_data_directory_has_one_daemon() {
    let daemon = TestDaemon::embedded(&[]).await;
    let second = Command::new(env!("CARGO_BIN_EXE_pmd"))
        .env_clear()
        .env("PORT", "0")
        .env("PMD_DATA_DIR", daemon.data_dir())
        .arg("serve")
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let message = String::from_utf8(second.stderr).unwrap();
    assert!(
        message.contains("another pmd") && message.contains("PMD_DATA_DIR"),
        "{message}"
    );
    let port = daemon.url.rsplit(':').next().unwrap().to_owned();
    let home = tempfile::TempDir::new().unwrap();
    let third = Command::new(env!("CARGO_BIN_EXE_pmd"))
        .env_clear()
        .env("PORT", &port)
        .env("HOST", "127.0.0.1")
        .env("PMD_DATA_DIR", home.path())
        .arg("serve")
        .output()
        .unwrap();
    assert_eq!(third.status.code(), Some(1));
    assert!(String::from_utf8(third.stderr).unwrap().contains(&port));
    assert_eq!(
        daemon.get("/health/live").await.expect(200)["status"],
        "alive"
    );
}

/// A writer that cannot write is not a request that hangs.
///
/// Red when: the error of the engine is answered as a 500, or with its own words.
#[tokio::test]
async fn a_locked_database_is_answered_and_waited_for() {
    let daemon = TestDaemon::embedded(&[]).await;
    let seller = daemon.seller("shop-1");
    let made = seller.create("Mug").await;
    let path = format!("sqlite://{}", daemon.data_dir().join("store.db").display());
    let mut intruder = SqliteConnection::connect(&path).await.unwrap();
    let begin = sqlx::query("BEGIN IMMEDIATE").execute(&mut intruder).await;
    begin.unwrap();
    let refused = seller.post("/api/products", &product("Cup")).await;
    let details = refused.refused(503, "DATABASE_UNAVAILABLE");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(details, json!({}), "{details}");
    for inside in ["SQLite", "sqlite", "locked", "store.db"] {
        assert!(!refused.body.contains(inside), "{}", refused.body);
    }
    let read = seller.get(&format!("/api/products/{}", made["id"])).await;
    assert_eq!(read.expect(200), made, "reads go on");
    sqlx::query("ROLLBACK")
        .execute(&mut intruder)
        .await
        .unwrap();
    seller
        .post("/api/products", &product("Cup"))
        .await
        .expect(201);
    assert_eq!(
        seller.products().await.len(),
        2,
        "what was refused was not done"
    );
}

/// What is wrong with a stored row is for the operator only.
///
/// Red when: the error's own words are answered.
#[tokio::test]
async fn a_broken_file_is_answered_without_its_inside() {
    let daemon = TestDaemon::embedded(&[]).await;
    let seller = daemon.seller("shop-1");
    seller.create("Mug").await;
    daemon.wait_published().await;
    let path = format!("sqlite://{}", daemon.data_dir().join("inbox.db").display());
    let mut intruder = SqliteConnection::connect(&path).await.unwrap();
    let broken = sqlx::query("UPDATE notifications SET body = 'hunter2'");
    broken.execute(&mut intruder).await.unwrap();
    let reply = seller.get("/api/events").await;
    assert_eq!(reply.refused(500, "INTERNAL_ERROR"), json!({}));
    for inside in ["hunter2", "JSON", "notification", "line 1"] {
        assert!(!reply.body.contains(inside), "{}", reply.body);
    }
    assert!(daemon.log().contains("request failed"));
    seller.get("/api/products").await.expect(200);
}

#[tokio::test]
async fn schemas_can_be_migrated_ahead() {
    let home = tempfile::TempDir::new().unwrap();
    let migrate = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pmd"));
        command.env_clear().env("PMD_DATA_DIR", home.path());
        command.arg("migrate").output().unwrap()
    };
    for _ in 0..2 {
        let output = migrate();
        assert!(output.status.success(), "{output:?}");
        let report = String::from_utf8(output.stdout).unwrap();
        assert!(
            report.contains("store") && report.contains("up to date"),
            "{report}"
        );
    }
    assert!(home.path().join("store.db").exists());
}

/// Red when: an engine that was never reached is reported as up to date.
#[tokio::test]
async fn an_engine_that_is_away_cannot_be_migrated() {
    let home = tempfile::TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pmd"));
    command.env_clear().env("PMD_DATA_DIR", home.path());
    // Port 9 discards, if anything is there at all.
    command.env("REDIS_URL", "redis://:hunter2@127.0.0.1:9");
    let output = command.arg("migrate").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(out.contains("store") && !out.contains("Redis"), "{out}");
    assert!(err.contains("pmd: feed: Redis is unavailable"), "{err}");
    assert!(!err.contains("hunter2"), "{err}");
}

/// Browsers and tools disagree about what localhost is.
#[tokio::test]
async fn localhost_is_every_loopback_address() {
    let daemon = TestDaemon::with(&[("HOST", "localhost")]).await;
    let port = daemon.url.rsplit(':').next().unwrap();
    let mut places = vec!["127.0.0.1"];
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        places.push("[::1]");
    }
    for place in places {
        let reply = answer(
            daemon
                .http
                .get(format!("http://{place}:{port}/health/live")),
        )
        .await;
        assert_eq!(reply.expect(200)["status"], json!("alive"), "{place}");
    }
}

/// Red when: files are created with the rights of the process's umask.
#[tokio::test(flavor = "multi_thread")]
async fn no_other_user_may_read_the_data() {
    use std::os::unix::fs::PermissionsExt;
    let daemon = TestDaemon::embedded(&[]).await;
    let seller = daemon.seller("shop-1");
    seller.create("Mug").await;
    seller.import(catalogue(10, 5)).await;
    daemon.ask_to_stop();
    let mut daemon = daemon;
    assert!(daemon.ended().await.success());
    let mut left = vec![daemon.data_dir()];
    let mut files = 0;
    while let Some(path) = left.pop() {
        let metadata = path.metadata().unwrap();
        let mode = metadata.permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
        if metadata.is_dir() {
            left.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path()));
        } else {
            files += 1;
            assert!(!path.to_string_lossy().ends_with("-wal") || metadata.len() == 0);
        }
    }
    assert!(files > 4, "the data is elsewhere");
}
