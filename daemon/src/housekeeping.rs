//! Deleting expired data: idempotency keys after a day, messages after 7 days,
//! notifications, daily totals and ended imports after 30 days. Engines with an
//! expiry of their own do nothing here.

use std::time::Duration;

use pm_common::domain::{clock, error::Result, notification};
use tokio_util::sync::CancellationToken;

use crate::app::App;

const SWEEP_INTERVAL: Duration = Duration::from_secs(3600);
const ONE_DAY: Duration = Duration::from_secs(24 * 3600);
const MESSAGE_RETENTION: Duration = Duration::from_secs(7 * 24 * 3600);

/// Sweeps once an hour until `stop`.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SWEEP_INTERVAL) => {}
        }
        if let Err(error) = sweep(&app).await {
            tracing::warn!(%error, "housekeeping is postponed");
        }
    }
}

async fn sweep(app: &App) -> Result<()> {
    let now = clock::now();
    let month_ago = now.minus(notification::KEPT);
    for (_, import_id) in app.store.sweep(month_ago).await? {
        app.archive.spool_remove(&import_id).await?;
    }
    app.broker.sweep(now.minus(MESSAGE_RETENTION)).await?;
    app.inbox.sweep(month_ago).await?;
    app.ledger.sweep(&month_ago.minus(ONE_DAY).day()).await
}
