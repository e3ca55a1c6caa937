//! Forgetting what its time is over for: idempotency keys after a day, messages after 7 days,
//! notifications, daily totals and ended imports after 30 days, uploads that no import was made of
//! after a day. Engines that forget by themselves do nothing here.

use std::time::Duration;

use pm_common::domain::{clock, error::Result, notification};
use tokio_util::sync::CancellationToken;

use crate::app::App;

const SWEEP_INTERVAL: Duration = Duration::from_secs(3600);
const DAY_LENGTH: Duration = Duration::from_secs(24 * 3600);
/// An upload takes hours at most, and its import is queued right after it.
const ORPHANS_KEPT: Duration = DAY_LENGTH;
/// Uploads whose imports are looked for at once.
const MAX_LOOKUP: usize = 500;
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
    remove_orphans(app).await?;
    app.broker.sweep(now.minus(MESSAGES_KEPT)).await?;
    app.inbox.sweep(month_ago).await?;
    app.ledger.sweep(&month_ago.minus(DAY_LENGTH).day()).await
}

/// Deletes uploads without an import: their process ended between the two.
async fn remove_orphans(app: &App) -> Result<()> {
    let uploads = app.archive.spool_list(clock::now().minus(ORPHANS_KEPT));
    for uploads in uploads.await?.chunks(MAX_LOOKUP) {
        let known = app.store.imports_known(uploads).await?;
        for orphan in uploads.iter().filter(|id| !known.contains(id)) {
            app.archive.spool_remove(orphan).await?;
            tracing::info!(
                import = orphan,
                "an upload that no import was made of is deleted"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs::File, time::SystemTime};

    use pm_common::{
        config::Config,
        domain::{
            import_job::{NewImport, RunOptions},
            product_csv::{self, ImportOptions, RepeatPolicy},
            seller::SellerId,
        },
    };
    use tempfile::TempDir;

    use super::*;

    /// Red when: an upload without an import stays, or one goes that is young or has one.
    #[tokio::test]
    async fn uploads_without_an_import_go_after_a_day() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().to_str().unwrap().to_owned();
        let config = Config::from_lookup(|name| (name == "PMD_DATA_DIR").then(|| path.clone()));
        let app = App::connect(config.unwrap()).await.unwrap();
        let file = dir.path().join("archive/spool");
        let old = clock::now().minus(ORPHANS_KEPT + Duration::from_secs(60));
        let old = Duration::from_millis(u64::try_from(old.millis()).unwrap());
        let old = SystemTime::UNIX_EPOCH + old;
        for (id, is_old) in [
            ("imp_old", true),
            ("imp_young", false),
            ("imp_queued", true),
        ] {
            let mut upload = app.archive.spool_create(id).await.unwrap();
            upload.write("name,price\nMug,1\n".into()).await.unwrap();
            upload.finish().await.unwrap();
            if is_old {
                let file = File::options().write(true).open(file.join(id)).unwrap();
                file.set_modified(old).unwrap();
            }
        }
        let plan = product_csv::plan(b"name,price\nMug,1\n", true, &ImportOptions::default());
        let new = NewImport {
            id: "imp_queued".to_owned(),
            file_name: "p.csv".to_owned(),
            bytes_total: 17,
            sha256: String::new(),
            plan: plan.unwrap(),
            run: RunOptions::default(),
            undo_of: None,
            on_repeat: RepeatPolicy::default(),
        };
        let seller = SellerId::parse("s").unwrap();
        app.store.import_create(&seller, new, None).await.unwrap();
        sweep(&app).await.unwrap();
        let left = |id: &str| file.join(id).exists();
        assert!(!left("imp_old") && left("imp_young") && left("imp_queued"));
    }
}
