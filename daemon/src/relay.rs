//! Outbox to broker. The one owner drains the outbox as a set: read the oldest rows, publish every
//! message, wait until all are durable, delete the rows. A crash in between publishes them again;
//! nothing is lost and nothing overtakes.

use std::time::Duration;

use pm_common::{
    domain::error::Result,
    ports::feed::{WakeUp, WakeUpListener},
};
use tokio_util::sync::CancellationToken;

use crate::{app::App, backoff::Backoff};

/// The guarantee; the signal of a commit, or a wake-up from another process, comes sooner.
const POLL: Duration = Duration::from_millis(200);
/// How often a process that is not the owner tries to become it.
const STAND_BY: Duration = Duration::from_secs(1);
/// Messages published at a time.
const MESSAGES: u32 = 2_000;

/// Relays until `stop`, or stands by while another process does.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let mut wake_ups = app.feed.wake_ups();
    let mut backoff = Backoff::new(POLL, Duration::from_secs(5));
    while !stop.is_cancelled() {
        match drain(&app, &stop).await {
            Ok(true) => {
                backoff.reset();
                wait_for_messages(&app, wake_ups.as_mut(), &stop).await;
            }
            Ok(false) => {
                backoff.reset();
                let _ = tokio::time::timeout(STAND_BY, announce(&app, &stop)).await;
            }
            Err(error) => {
                tracing::warn!(%error, "the relay waits");
                backoff.wait(&stop).await;
            }
        }
    }
    if let Err(error) = app.store.relay_lease_release().await {
        tracing::debug!(%error, "the next relay has to wait until the place is free");
    }
}

/// Where another process relays: tells it of every commit here, until `stop`.
pub(crate) async fn announce(app: &App, stop: &CancellationToken) {
    loop {
        let committed = tokio::select! {
            () = stop.cancelled() => return,
            committed = app.store.outbox_wait(Duration::from_secs(3600)) => committed,
        };
        if committed && let Err(error) = app.feed.send_wake_up(WakeUp::Outbox).await {
            tracing::debug!(%error, "the relay finds it by itself");
        }
    }
}

/// Publishes until the outbox is empty. `false`: another process is the owner.
async fn drain(app: &App, stop: &CancellationToken) -> Result<bool> {
    let store = &app.store;
    while !stop.is_cancelled() {
        if !store.relay_lease_acquire().await? {
            return Ok(false);
        }
        let entries = store.outbox_peek(MESSAGES).await?;
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
        _ = app.store.outbox_wait(POLL) => {}
    }
}
