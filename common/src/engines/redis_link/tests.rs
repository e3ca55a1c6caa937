use std::time::{Duration, Instant};

use super::{Link, client};
use crate::support::redis_server::RedisServer;
use crate::{
    config::{Secret, Server},
    domain::{error::Error, port::Port},
};

/// Waits until the link is in the state.
async fn until(link: &Link, up: bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while link.ping().await.is_ok() != up {
        assert!(Instant::now() < deadline, "never up = {up}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn goes_down_and_comes_up_with_its_server() {
    let mut server = RedisServer::start().await;
    let link = Link::open(
        client(Port::Feed, &server.config().server).unwrap(),
        Port::Feed,
    )
    .await;
    link.ping().await.unwrap();
    server.kill().await;
    until(&link, false).await;
    server.restart().await;
    until(&link, true).await;
}

/// Red when: a call waits for a server that another call has found frozen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dev/engines"]
async fn only_one_call_waits_for_a_frozen_server() {
    let server = RedisServer::start().await;
    let link = Link::open(
        client(Port::Feed, &server.config().server).unwrap(),
        Port::Feed,
    )
    .await;
    link.ping().await.unwrap();
    server.freeze().await;
    link.ping().await.unwrap_err();
    let start = Instant::now();
    // Three probes fall into this time; none may let a call through.
    while start.elapsed() < Duration::from_secs(3) {
        let asked = Instant::now();
        link.ping().await.unwrap_err();
        assert!(asked.elapsed() < super::PING_TIMEOUT / 2, "a call waited");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    server.thaw().await;
    until(&link, true).await;
}

#[tokio::test]
async fn opens_without_a_server_and_keeps_its_password() {
    let server = |url: &str| Server {
        url: Secret::new(url),
        place: "nowhere".to_owned(),
    };
    // Port 9 discards, if anything is there at all.
    let place = server("redis://:hunter2@127.0.0.1:9");
    let link = Link::open(client(Port::Feed, &place).unwrap(), Port::Feed).await;
    let error = link.ping().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { engine, .. } if engine == "Redis"));
    assert!(!format!("{error} {error:?} {link:?}").contains("hunter2"));
    let error = client(Port::Feed, &server("redis://:hunter2@[nowhere/x/y")).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}
