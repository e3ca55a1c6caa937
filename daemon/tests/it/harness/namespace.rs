//! A namespace of the engines under test that belongs to one test alone: a database, prefixes, tables
//! and a bucket of its own.
//!
//! `PM_TEST_ENGINES` names the engines that are servers (`postgres,redis,kafka,dynamodb,s3`), the
//! others are embedded. The variables of `dev/engines env` say where the servers are.

use std::path::{Path, PathBuf};

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use sqlx::{Connection as _, PgConnection};

use super::TestEngines;

/// Few, because each test has topics of its own; more than one, because order must not depend on it.
const PARTITIONS: &str = "2";
/// How the names of databases begin that a test may drop.
const DATABASE: &str = "pm_test_";

/// The engines that are servers in this run.
fn servers() -> Vec<String> {
    let named = std::env::var("PM_TEST_ENGINES").unwrap_or_default();
    let names = named
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// A variable of `dev/engines env`.
fn setting(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set; dev/test starts the engines and sets it"))
}

/// Settings that put a daemon into a namespace of its own.
#[derive(Debug, Default)]
pub(crate) struct TestNamespace {
    settings: Vec<(String, String)>,
}

impl TestNamespace {
    /// Of the embedded engines: a data directory is enough.
    pub(crate) fn embedded() -> Self {
        Self::default()
    }

    /// Of the engines of this run.
    pub(crate) async fn take() -> Self {
        let servers = servers();
        let servers: Vec<_> = servers.iter().map(String::as_str).collect();
        Self::of(&servers).await
    }

    /// Of these servers, whatever the run is about.
    pub(crate) async fn of(servers: &[&str]) -> Self {
        let mut namespace = Self::default();
        let id = uuid::Uuid::new_v4().simple().to_string();
        for server in servers {
            namespace.enter(server, &id[..12]).await;
        }
        namespace
    }

    /// With an engine of the test's own in the place of the shared one.
    pub(crate) fn with(mut self, engines: &TestEngines, name: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.set(name, &engines.setting(name));
        self
    }

    async fn enter(&mut self, server: &str, id: &str) {
        match server {
            "postgres" => {
                let url = create_database(&format!("{DATABASE}{id}")).await;
                self.set("DATABASE_URL", &url);
            }
            "redis" => {
                self.set("REDIS_URL", &setting("REDIS_URL"));
                self.set("REDIS_KEY_PREFIX", &format!("{id}:"));
            }
            "kafka" => {
                self.set("KAFKA_BROKERS", &setting("KAFKA_BROKERS"));
                self.set("KAFKA_TOPIC_PREFIX", &format!("{id}."));
                self.set("KAFKA_PARTITIONS", PARTITIONS);
            }
            "dynamodb" => {
                self.keys();
                self.set("DYNAMODB_ENDPOINT", &setting("DYNAMODB_ENDPOINT"));
                self.set("NOTIFICATIONS_TABLE", &format!("notifications-{id}"));
                self.set("DYNAMODB_TABLE_NAME", &format!("analytics-{id}"));
            }
            "s3" => {
                self.keys();
                self.set("S3_ENDPOINT", &setting("S3_ENDPOINT"));
                self.set("S3_BUCKET_NAME", &format!("archive-{id}"));
            }
            other => panic!("PM_TEST_ENGINES names {other:?}, which is no engine"),
        }
    }

    fn keys(&mut self) {
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            self.set(name, &setting(name));
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// What a daemon in this namespace is started with.
    pub(crate) fn settings(&self) -> &[(String, String)] {
        &self.settings
    }

    /// The value of one of them.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.settings.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The archive as a folder: that of the data directory, or the bucket's objects below `under`
    /// copied into it.
    pub(crate) async fn archive(&self, data_dir: &Path, under: &str) -> PathBuf {
        let folder = data_dir.join("archive");
        if let Some(bucket) = self.get("S3_BUCKET_NAME") {
            download(bucket, under, &folder).await;
        }
        folder.join(under)
    }
}

impl Drop for TestNamespace {
    /// Databases take the most room; the rest goes when the engines do.
    fn drop(&mut self) {
        let url = self.get("DATABASE_URL").unwrap_or_default();
        let database = url.rsplit('/').next().unwrap_or_default().to_owned();
        if !database.starts_with(DATABASE) {
            return;
        }
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = runtime.unwrap();
            // A test may have made a copy.
            for name in [database.clone(), format!("{database}_backup")] {
                let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                runtime.block_on(administer(statement));
            }
        });
        let _ = dropped.join();
    }
}

async fn create_database(name: &str) -> String {
    administer(format!("CREATE DATABASE {name}")).await;
    let server = setting("DATABASE_URL");
    let (server, _) = server.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

/// Runs a statement on the server under test.
pub(super) async fn administer(statement: String) {
    let mut connection = PgConnection::connect(&setting("DATABASE_URL"))
        .await
        .unwrap();
    let statement = sqlx::AssertSqlSafe(statement);
    sqlx::query(statement)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

async fn download(bucket: &str, under: &str, folder: &Path) {
    let s3 = s3();
    let prefix = format!("{under}/");
    let mut pages = s3
        .list_objects_v2()
        .bucket(bucket)
        .prefix(prefix)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        for object in page.unwrap().contents() {
            let key = object.key().unwrap();
            let got = s3.get_object().bucket(bucket).key(key).send().await;
            let bytes = got.unwrap().body.collect().await.unwrap().into_bytes();
            let path = folder.join(key);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
}

/// A client of the DynamoDB under test.
pub(crate) fn dynamodb() -> aws_sdk_dynamodb::Client {
    use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
    let (key, secret) = (
        setting("AWS_ACCESS_KEY_ID"),
        setting("AWS_SECRET_ACCESS_KEY"),
    );
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(setting("DYNAMODB_ENDPOINT"))
        .http_client(http)
        .credentials_provider(Credentials::new(key, secret, None, None, "tests"));
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

fn s3() -> aws_sdk_s3::Client {
    let (key, secret) = (
        setting("AWS_ACCESS_KEY_ID"),
        setting("AWS_SECRET_ACCESS_KEY"),
    );
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(setting("S3_ENDPOINT"))
        .credentials_provider(Credentials::new(key, secret, None, None, "tests"))
        .force_path_style(true)
        .http_client(http)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}
