//! DynamoDB for tests: its configuration, a table per test, and a proxy that can pause.

use std::net::SocketAddr;

use aws_sdk_dynamodb::Client;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use super::engine_setting;
use crate::{
    config::{Aws, Secret},
    engines::aws_clients::{sdk_config, table::Item},
};

/// The configuration of the DynamoDB under test.
pub(crate) fn dynamodb() -> Aws {
    Aws {
        endpoint: Some(engine_setting("DYNAMODB_ENDPOINT")),
        region: engine_setting("AWS_REGION"),
        keys: Some((
            engine_setting("AWS_ACCESS_KEY_ID"),
            Secret::new(engine_setting("AWS_SECRET_ACCESS_KEY")),
        )),
    }
}

/// A unique name for a table.
pub(crate) fn table_name(of: &str) -> String {
    format!("test-{of}-{}", uuid::Uuid::new_v4().simple())
}

/// An SDK client, as another program would use it.
pub(crate) async fn client() -> Client {
    Client::new(&sdk_config(&dynamodb()).await)
}

/// Every item of a table.
pub(crate) async fn scan(table: &str) -> Vec<Item> {
    let pages = client().await.scan().table_name(table).into_paginator();
    pages
        .items()
        .send()
        .collect::<Result<_, _>>()
        .await
        .unwrap()
}

pub(crate) async fn drop_table(table: &str) {
    let removed = client().await.delete_table().table_name(table).send();
    removed.await.unwrap();
}

/// Forwards connections to DynamoDB. While it is paused, it accepts requests and does not respond.
#[derive(Debug)]
pub(crate) struct PausableProxy {
    running: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl PausableProxy {
    pub(crate) async fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let endpoint = engine_setting("DYNAMODB_ENDPOINT");
        let target = endpoint.trim_start_matches("http://").to_owned();
        let (running, is_running) = watch::channel(true);
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(forward(connection, target.clone(), is_running.clone()));
            }
        });
        Self { running, task }
    }

    pub(crate) fn set_running(&self, running: bool) {
        self.running.send_replace(running);
    }
}

impl Drop for PausableProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A connection that was running during a pause hangs until the end of the pause, and is closed then.
async fn forward(mut client: TcpStream, target: String, mut is_running: watch::Receiver<bool>) {
    if *is_running.borrow_and_update() {
        let mut server = TcpStream::connect(target).await.unwrap();
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
            _ = is_running.changed() => {}
        }
    }
    // Fails when the test has ended.
    let _ = is_running.wait_for(|running| *running).await;
}
