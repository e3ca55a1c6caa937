//! The relay's owner: killed again and again, and frozen.

use std::sync::{Arc, Mutex};

use super::history::{Writers, check};
use crate::harness::{Corner, Daemon, Frames, poll};

/// Rows that one kill may have published and not yet deleted; a row of these writers has up to two
/// messages.
const REPEATED_PER_KILL: usize = 500 * 2;

/// The place of the daemon that relays, among `daemons`: its counter moves when something is
/// changed.
async fn owner(daemons: &[Daemon]) -> usize {
    let count = async |daemon: &Daemon| {
        let metrics = daemon.get("/metrics").await.body;
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix("pmd_relay_published_total "));
        line.map_or(0.0, |value| value.parse::<f64>().unwrap())
    };
    let mut before = Vec::new();
    for daemon in daemons {
        before.push(count(daemon).await);
    }
    daemons[0].seller("probe").create("Probe").await;
    poll("somebody relays", async || {
        for (place, daemon) in daemons.iter().enumerate() {
            if count(daemon).await > before[place] {
                return Some(place);
            }
        }
        None
    })
    .await
}

/// Red when: the relay deletes rows before they are acknowledged (holes), or drains behind a
/// cursor (`id > last`, holes under concurrency).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn a_killed_owner_loses_and_inverts_nothing() {
    const KILLS: usize = 3;
    let first = Daemon::on(Corner::of(&["postgres", "kafka", "redis"]).await, &[]).await;
    let second = first.beside(&[]).await;
    let mut daemons = vec![first, second];
    let clients = |daemons: &[Daemon]| -> Vec<_> {
        daemons
            .iter()
            .map(|daemon| daemon.seller("shop-1"))
            .collect()
    };
    let places = Arc::new(Mutex::new(clients(&daemons)));
    let writers = Writers::start(8, &places);
    for kill in 1..=KILLS {
        poll("the writers come along", async || {
            (writers.done() > kill * 300).then_some(())
        })
        .await;
        let owner = owner(&daemons).await;
        let killed = daemons.remove(owner);
        daemons.push(killed.restart().await);
        *places.lock().unwrap() = clients(&daemons);
    }
    let known = writers.stop().await;
    daemons[0].settled().await;
    let messages = daemons[0].kafka().events();
    let repeated = check(&known, &messages);
    assert!(repeated <= KILLS * REPEATED_PER_KILL, "{repeated} repeated");
    daemons[0].seller("shop-1").events().await;
}

/// Red when: the lock's session has no idle timeout, because a frozen owner keeps it for ever.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn a_frozen_owner_is_replaced() {
    let first = Daemon::on(
        Corner::of(&["postgres", "kafka", "redis", "dynamodb"]).await,
        &[],
    )
    .await;
    let second = first.beside(&[]).await;
    let mut daemons = vec![first, second];
    let owner = owner(&daemons).await;
    let frozen = daemons.remove(owner);
    let awake = daemons.remove(0);
    let seller = awake.seller("shop-1");
    let mut frames = Frames::open(&seller, None).await;
    frozen.signal("STOP");
    for number in 1..=20 {
        seller.create(&format!("Thing {number}")).await;
    }
    // Both what the frozen one owned are taken over: the outbox and its partitions.
    frames.until(20).await;
    frozen.signal("CONT");
    let places = Arc::new(Mutex::new(vec![frozen.seller("shop-1"), seller.clone()]));
    let writers = Writers::start(4, &places);
    poll("both write again", async || {
        (writers.done() > 200).then_some(())
    })
    .await;
    assert!(writers.failures.lock().unwrap().is_empty());
    let known = writers.stop().await;
    awake.settled().await;
    check(&known, &awake.kafka().events());
    assert_eq!(seller.events().await.first().unwrap()["sequence"], 1);
}
