//! Outbox to broker. The holder of the lease repeats: read the oldest rows, publish every message,
//! wait until all are durable, delete the rows. A crash in between publishes them again; no message
//! is lost, and the order stays.

use std::time::Duration;

use pm_common::{
    domain::error::Result,
    ports::feed::{WakeUp, WakeUpListener},
};
use tokio_util::sync::CancellationToken;

use crate::{app::App, backoff::Backoff};

/// The longest a stored message waits; the signal of a commit, or a wake-up, comes sooner.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// How often a process without the lease tries to acquire it.
const LEASE_RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// Outbox entries published together.
const MAX_BATCH_ENTRIES: u32 = 2_000;

/// Relays until `stop`, or waits while another process holds the lease.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let mut wake_ups = app.feed.wake_ups();
    let mut backoff = Backoff::new(POLL_INTERVAL, Duration::from_secs(5));
    while !stop.is_cancelled() {
        match drain(&app, &stop).await {
            Ok(true) => {
                backoff.reset();
                wait_for_messages(&app, wake_ups.as_mut(), &stop).await;
            }
            Ok(false) => {
                backoff.reset();
                let _ =
                    tokio::time::timeout(LEASE_RETRY_INTERVAL, forward_wake_ups(&app, &stop)).await;
            }
            Err(error) => {
                tracing::warn!(%error, "the relay waits");
                backoff.wait(&stop).await;
            }
        }
    }
    if let Err(error) = app.store.relay_lease_release().await {
        tracing::debug!(%error, "the next relay waits until the lease expires");
    }
}

/// While another process relays: sends it a wake-up for every commit here, until `stop`.
pub(crate) async fn forward_wake_ups(app: &App, stop: &CancellationToken) {
    loop {
        let committed = tokio::select! {
            () = stop.cancelled() => return,
            committed = app.store.outbox_wait(Duration::from_secs(3600)) => committed,
        };
        if committed && let Err(error) = app.feed.send_wake_up(WakeUp::Outbox).await {
            tracing::debug!(%error, "the relay finds the messages by its own polling");
        }
    }
}

/// Publishes until the outbox is empty. `false`: another process holds the lease.
async fn drain(app: &App, stop: &CancellationToken) -> Result<bool> {
    let store = &app.store;
    while !stop.is_cancelled() {
        if !store.relay_lease_acquire().await? {
            return Ok(false);
        }
        let entries = store.outbox_peek(MAX_BATCH_ENTRIES).await?;
        if entries.is_empty() {
            break;
        }
        let done: Vec<_> = entries
            .iter()
            .map(|entry| (entry.seller.clone(), entry.id))
            .collect();
        let records: Vec<_> = entries
            .into_iter()
            .flat_map(|entry| entry.records)
            .collect();
        let published = records.len() as u64;
        app.broker.publish(records).await?;
        metrics::counter!("pmd_relay_published_total").increment(published);
        store.outbox_remove(&done).await?;
    }
    Ok(true)
}

async fn wait_for_messages(app: &App, wake_ups: &mut dyn WakeUpListener, stop: &CancellationToken) {
    let woken = async { while wake_ups.next().await != WakeUp::Outbox {} };
    tokio::select! {
        () = stop.cancelled() => {}
        () = woken => {}
        _ = app.store.outbox_wait(POLL_INTERVAL) => {}
    }
}
