//! Health and housekeeping. A sweep deletes in small steps, so that other writes get their turn.

use async_trait::async_trait;
use sqlx::{Sqlite, query::Query, sqlite::SqliteArguments};

use super::{SqliteStore, import_staged, restores};
use crate::{
    domain::{
        clock::{self, Timestamp},
        error::{Error, Result},
        idempotency::KEY_RETENTION,
        import_job::ImportId,
        seller::SellerId,
    },
    ports::store::{
        NumberFloor, StoreAdmin,
        sql::{MAX_SWEEP_ROWS, import_row},
        sqlite::failure::failed,
    },
};

#[async_trait]
impl StoreAdmin for SqliteStore {
    async fn ping(&self) -> Result<()> {
        self.db.ping().await
    }

    async fn close(&self) {
        self.db.close().await;
    }

    async fn sellers(&self) -> Result<Vec<SellerId>> {
        let all: Vec<String> = sqlx::query_scalar("SELECT seller_id FROM sellers")
            .fetch_all(self.db.readers())
            .await
            .map_err(failed)?;
        let parsed = all.iter().map(|seller| SellerId::parse(seller));
        parsed
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| Error::Corrupt(error.to_string()))
    }

    async fn last_sequence(&self, seller: &SellerId) -> Result<i64> {
        let last = "SELECT coalesce(max(sequence), 0) FROM sellers WHERE seller_id = ?";
        let last = sqlx::query_scalar(last).bind(seller.as_str());
        last.fetch_one(self.db.readers()).await.map_err(failed)
    }

    async fn restore_note(&self, floor: NumberFloor) -> Result<()> {
        self.db
            .write(move |connection| Box::pin(restores::note(connection, floor, clock::now())))
            .await
    }

    async fn sequence_floor(&self) -> Result<i64> {
        let floor = sqlx::query_scalar("SELECT coalesce(max(sequence_floor), 0) FROM restores");
        floor.fetch_one(self.db.readers()).await.map_err(failed)
    }

    async fn restore_pending(&self) -> Result<Option<i64>> {
        let floor = "SELECT max(sequence_floor) FROM restores WHERE counted_at IS NULL";
        let floor = sqlx::query_scalar(floor);
        floor.fetch_one(self.db.readers()).await.map_err(failed)
    }

    async fn restore_done(&self, sequence_floor: i64) -> Result<()> {
        self.db
            .write(move |connection| Box::pin(restores::done(connection, sequence_floor)))
            .await
    }

    async fn sweep(&self, before: Timestamp) -> Result<Vec<(SellerId, ImportId)>> {
        self.sweep_idempotency_keys().await?;
        self.sweep_staged().await?;
        let ended: Vec<(String, String, i64)> =
            sqlx::query_as("SELECT seller_id, id, rejected FROM imports WHERE finished_at < ?")
                .bind(before.millis())
                .fetch_all(self.db.readers())
                .await
                .map_err(failed)?;
        let mut swept = Vec::new();
        for (seller, id, rejected) in import_row::ended(ended)? {
            self.sweep_import(&seller, &id, rejected).await?;
            swept.push((seller, id));
        }
        Ok(swept)
    }

    async fn imports_known(&self, ids: &[ImportId]) -> Result<Vec<ImportId>> {
        let ids = serde_json::to_string(ids).map_err(|error| Error::Corrupt(error.to_string()))?;
        let known = sqlx::query_scalar(
            "SELECT id FROM imports WHERE id IN (SELECT value FROM json_each(?))",
        );
        let known = known.bind(ids).fetch_all(self.db.readers()).await;
        known.map_err(failed)
    }
}

impl SqliteStore {
    async fn sweep_idempotency_keys(&self) -> Result<()> {
        let old = clock::now().minus(KEY_RETENTION).millis();
        loop {
            let delete = sqlx::query(
                "DELETE FROM idempotency_keys WHERE (seller_id, key) IN (SELECT seller_id, key \
                 FROM idempotency_keys WHERE created_at <= ? ORDER BY created_at LIMIT ?)",
            );
            if self.delete(delete.bind(old).bind(MAX_SWEEP_ROWS)).await?
                < MAX_SWEEP_ROWS.unsigned_abs()
            {
                return Ok(());
            }
        }
    }

    /// What dry runs left whose process ended before it was cleared.
    async fn sweep_staged(&self) -> Result<()> {
        let left: Vec<(String, String)> = sqlx::query_as(
            "SELECT seller_id, id FROM imports WHERE dry_run AND finished_at IS NOT NULL \
             AND EXISTS (SELECT 1 FROM import_staged AS staged \
                 WHERE staged.seller_id = imports.seller_id AND import_id = imports.id)",
        )
        .fetch_all(self.db.readers())
        .await
        .map_err(failed)?;
        for (seller, id) in left {
            let seller = SellerId::parse(&seller);
            let seller = seller.map_err(|error| Error::Corrupt(error.to_string()))?;
            import_staged::clear(&self.db, &seller, &id).await?;
        }
        Ok(())
    }

    /// The job goes last: as long as it is there, a sweep that was cut off is done again.
    async fn sweep_import(&self, seller: &SellerId, id: &str, rejected: i64) -> Result<()> {
        for from in (1..=rejected).step_by(MAX_SWEEP_ROWS.unsigned_abs() as usize) {
            let rows = sqlx::query(
                "DELETE FROM import_rejects \
                 WHERE seller_id = ? AND import_id = ? AND no < ?",
            );
            let rows = rows.bind(seller.as_str().to_owned()).bind(id.to_owned());
            self.delete(rows.bind(from + MAX_SWEEP_ROWS)).await?;
        }
        let created =
            sqlx::query("DELETE FROM import_created WHERE seller_id = ? AND import_id = ?");
        self.delete(created.bind(seller.as_str().to_owned()).bind(id.to_owned()))
            .await?;
        loop {
            let former = sqlx::query(
                "DELETE FROM import_former WHERE (seller_id, import_id, product_id) IN ( \
                 SELECT seller_id, import_id, product_id FROM import_former \
                 WHERE seller_id = ? AND import_id = ? LIMIT ?)",
            );
            let former = former.bind(seller.as_str().to_owned()).bind(id.to_owned());
            if self.delete(former.bind(MAX_SWEEP_ROWS)).await? < MAX_SWEEP_ROWS.unsigned_abs() {
                break;
            }
        }
        let job = sqlx::query("DELETE FROM imports WHERE seller_id = ? AND id = ?");
        self.delete(job.bind(seller.as_str().to_owned()).bind(id.to_owned()))
            .await?;
        Ok(())
    }

    async fn delete(&self, statement: Query<'static, Sqlite, SqliteArguments>) -> Result<u64> {
        self.db
            .write(|connection| {
                Box::pin(async move {
                    let done = statement.execute(connection).await.map_err(failed)?;
                    Ok(done.rows_affected())
                })
            })
            .await
    }
}
