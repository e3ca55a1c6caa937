//! Outbox to broker. The one owner drains the outbox as a set: read the oldest rows, publish every
//! message, wait until all are durable, delete the rows. A crash in between publishes them again;
//! nothing is lost and nothing overtakes.

use std::time::Duration;

use pm_common::error::Result;
use tokio_util::sync::CancellationToken;

use crate::{app::App, backoff::Backoff};

/// The guarantee; the signal of a commit in this process comes sooner.
const POLL: Duration = Duration::from_millis(200);
/// Messages published at a time.
const MESSAGES: u32 = 2_000;

/// Relays until `stop`.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let mut backoff = Backoff::new(POLL, Duration::from_secs(5));
    loop {
        match drain(&app, &stop).await {
            Ok(()) => backoff.reset(),
            Err(error) => {
                tracing::warn!(%error, "the relay waits");
                backoff.wait(&stop).await;
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.store.outbox.outbox_wait(POLL) => {}
        }
    }
}

/// Publishes until the outbox is empty.
async fn drain(app: &App, stop: &CancellationToken) -> Result<()> {
    let outbox = &app.store.outbox;
    while !stop.is_cancelled() && outbox.outbox_own().await? {
        let entries = outbox.outbox_peek(MESSAGES).await?;
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
        outbox.outbox_remove(&done).await?;
    }
    Ok(())
}
