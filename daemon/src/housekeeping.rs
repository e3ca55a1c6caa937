//! Forgetting what its time is over for: idempotency keys after a day, messages after 7 days,
//! notifications, daily totals and ended imports after 30 days. Engines that forget by themselves
//! do nothing here.

use std::time::Duration;

use pm_common::domain::{clock, error::Result, notification};
use tokio_util::sync::CancellationToken;

use crate::app::App;

const SWEEP_INTERVAL: Duration = Duration::from_secs(3600);
const DAY_LENGTH: Duration = Duration::from_secs(24 * 3600);
const MESSAGES_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// Sweeps once an hour until `stop`.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SWEEP_INTERVAL) => {}
        }
        if let Err(error) = sweep(&app).await {
            tracing::warn!(%error, "housekeeping is put off");
        }
    }
}

async fn sweep(app: &App) -> Result<()> {
    let now = clock::now();
    let month_ago = now.minus(notification::NOTIFICATION_RETENTION);
    for (_, import_id) in app.store.sweep(month_ago).await? {
        app.archive.spool_remove(&import_id).await?;
    }
    app.broker.sweep(now.minus(MESSAGES_KEPT)).await?;
    app.inbox.sweep(month_ago).await?;
    app.ledger.sweep(&month_ago.minus(DAY_LENGTH).day()).await
}
