//! What tests of tables need: where DynamoDB is, tables of their own, and a door to it that can be
//! closed.

use std::net::SocketAddr;

use aws_sdk_dynamodb::Client;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use super::{sdk_config, table::Item};
use crate::{
    config::{Aws, Secret},
    testing::setting,
};

/// The DynamoDB that tests run against.
pub(crate) fn dynamodb() -> Aws {
    Aws {
        endpoint: Some(setting("DYNAMODB_ENDPOINT")),
        region: setting("AWS_REGION"),
        keys: Some((
            setting("AWS_ACCESS_KEY_ID"),
            Secret::new(setting("AWS_SECRET_ACCESS_KEY")),
        )),
    }
}

/// A name that no other test has.
pub(crate) fn table_name(of: &str) -> String {
    format!("test-{of}-{}", uuid::Uuid::new_v4().simple())
}

/// The SDK itself, as another program would use it.
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

pub(crate) async fn remove(table: &str) {
    let removed = client().await.delete_table().table_name(table).send();
    removed.await.unwrap();
}

/// Passes connections on to DynamoDB as long as it is open. While it is closed, nothing is
/// refused and nothing is answered.
#[derive(Debug)]
pub(crate) struct Door {
    open: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Door {
    pub(crate) async fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let endpoint = setting("DYNAMODB_ENDPOINT");
        let target = endpoint.trim_start_matches("http://").to_owned();
        let (open, is_open) = watch::channel(true);
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(pass(connection, target.clone(), is_open.clone()));
            }
        });
        Self { open, task }
    }

    pub(crate) fn set_open(&self, open: bool) {
        self.open.send_replace(open);
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A connection that saw the door closed hangs until it opens, and is cut then.
async fn pass(mut near: TcpStream, target: String, mut is_open: watch::Receiver<bool>) {
    if *is_open.borrow_and_update() {
        let mut far = TcpStream::connect(target).await.unwrap();
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut near, &mut far) => return,
            _ = is_open.changed() => {}
        }
    }
    // Fails when the test is over.
    let _ = is_open.wait_for(|open| *open).await;
}
