//! Many clients at once: no request fails on the server's account, and nothing is miscounted.

use crate::{
    analytics::{SeededRandom, act, totals_equal_a_recount},
    harness::{TestDaemon, concurrently},
};

async fn mixed(clients: usize, changes: usize) {
    let daemon = TestDaemon::start().await;
    let statuses = concurrently(clients, |client| {
        // Four sellers, so that clients meet each other on the same products' owner.
        let seller = daemon.seller(&format!("shop-{}", client % 4));
        async move {
            let (mut dice, mut own) = (SeededRandom::new(client as u64), Vec::new());
            let mut statuses = Vec::with_capacity(changes);
            for _ in 0..changes {
                statuses.push(act(&seller, &mut dice, &mut own).await);
            }
            statuses
        }
    })
    .await;
    let statuses: Vec<_> = statuses.into_iter().flatten().collect();
    assert_eq!(statuses.len(), clients * changes);
    let failed: Vec<_> = statuses.iter().filter(|status| **status >= 500).collect();
    assert!(
        failed.is_empty(),
        "{} of {} failed: {failed:?}",
        failed.len(),
        statuses.len()
    );
    for number in 0..4 {
        let seller = daemon.seller(&format!("shop-{number}"));
        totals_equal_a_recount(&daemon, &seller).await;
        seller.events().await;
    }
    assert!(!daemon.log().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn mixed_changes_by_many_clients() {
    mixed(32, 80).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_mixed_changes_by_many_clients() {
    if std::env::var_os("PM_LONG").is_some() {
        mixed(32, 3_125).await;
    }
}
