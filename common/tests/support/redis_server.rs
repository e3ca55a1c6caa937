//! A Redis server for one test, which may kill and freeze it.

use std::{
    net::TcpListener,
    process::Stdio,
    time::{Duration, Instant},
};

use redis::aio::MultiplexedConnection;
use tokio::process::{Child, Command};

use crate::config::{Redis, Secret, Server};

/// Killed when it is dropped.
pub(crate) struct RedisServer {
    port: u16,
    child: Child,
}

/// The configuration of the server at `url`, with a prefix of the test's own.
pub(crate) fn test_namespace(url: &str) -> Redis {
    Redis {
        server: Server {
            url: Secret::new(url),
            place: "a test's server".to_owned(),
        },
        prefix: format!("test:{}:", uuid::Uuid::new_v4().simple()),
    }
}

impl RedisServer {
    pub(crate) async fn start() -> Self {
        let port = free_port();
        let server = Self {
            port,
            child: spawn(port),
        };
        server.connection().await;
        server
    }

    pub(crate) fn config(&self) -> Redis {
        test_namespace(&self.url())
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn client(&self) -> redis::Client {
        redis::Client::open(self.url()).unwrap()
    }

    /// A raw connection, as soon as there is an answer.
    pub(crate) async fn connection(&self) -> MultiplexedConnection {
        let client = self.client();
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match client.get_multiplexed_async_connection().await {
                Ok(connection) => return connection,
                Err(error) => assert!(Instant::now() < deadline, "redis-server: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// SIGKILL.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// The same port, nothing remembered.
    pub(crate) async fn restart(&mut self) {
        self.child = spawn(self.port);
        self.connection().await;
    }

    pub(crate) async fn freeze(&self) {
        self.signal("-STOP").await;
    }

    pub(crate) async fn thaw(&self) {
        self.signal("-CONT").await;
    }

    async fn signal(&self, signal: &str) {
        let pid = self.child.id().unwrap().to_string();
        let done = Command::new("kill").args([signal, &pid]).status().await;
        assert!(done.unwrap().success());
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn spawn(port: u16) -> Child {
    let port = port.to_string();
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port])
        .args(["--save", "", "--appendonly", "no"])
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}
