//! The import workers: each runs one job at a time, taken fairly between sellers.

use std::{sync::Arc, time::Duration};

use pm_common::{
    backoff::Backoff,
    domain::{error::Result, notification::counts_text},
    import::{ImportRunner, LEASE_TIME},
    ports::feed::{WakeUp, WakeUpListener},
};
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// How often an idle worker looks for jobs without a wake-up (an ended lease).
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Before the next import is taken while the store is away.
const FIRST_RETRY_PAUSE: Duration = Duration::from_millis(200);
const MAX_RETRY_PAUSE: Duration = Duration::from_secs(10);

/// Runs imports until `stop`. `name` is the same after a restart, so that the worker goes on with
/// what it held at once, without waiting for its own lease to end.
pub(crate) async fn run(app: App, name: String, stop: CancellationToken) {
    let runner = ImportRunner {
        imports: app.store.clone(),
        archive: Arc::clone(&app.archive),
        worker: name,
        stop: stop.clone(),
    };
    let mut wake_ups = app.feed.wake_ups();
    let mut backoff = Backoff::new(FIRST_RETRY_PAUSE, MAX_RETRY_PAUSE);
    while !stop.is_cancelled() {
        match run_next(&app, &runner).await {
            Ok(true) => backoff.reset(),
            Ok(false) => tokio::select! {
                () = stop.cancelled() => return,
                () = queued(wake_ups.as_mut()) => {}
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            },
            Err(error) => {
                tracing::warn!(%error, "an import waits");
                backoff.wait_unless(&stop).await;
            }
        }
    }
}

async fn queued(wake_ups: &mut dyn WakeUpListener) {
    while wake_ups.next().await != WakeUp::Imports {}
}

/// `false` when there is nothing to do.
async fn run_next(app: &App, runner: &ImportRunner) -> Result<bool> {
    let Some(job) = app.store.import_take(&runner.worker, LEASE_TIME).await? else {
        return Ok(false);
    };
    let (seller, import, from_row) = (job.seller_id.clone(), job.id.clone(), job.counts.rows);
    tracing::info!(%seller, import, from_row, "import runs");
    if let Some(ended) = runner.run(job).await? {
        let (status, counts) = (ended.status.as_str(), counts_text(&ended.counts));
        tracing::info!(%seller, import, status, counts, "import ended");
    }
    Ok(true)
}
