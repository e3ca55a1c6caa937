//! Health and housekeeping. A sweep deletes in small steps: each has a deadline of its own, and
//! what one process has deleted another need not delete again.

use async_trait::async_trait;
use sqlx::Executor;

use super::{PostgresStore, import_staged, nodes, restores, types::PgMoment};
use crate::{
    domain::{
        clock::{self, Timestamp},
        error::{Error, Result},
        idempotency::KEY_RETENTION,
        import_job::ImportId,
        seller::SellerId,
    },
    ports::store::{
        NumberFloor, StoreAdmin, StoreNode,
        sql::{MAX_SWEEP_ROWS, import_row},
    },
};

/// Needs room, and leaves nothing.
const PROBE_WRITE: &str = "CREATE TEMPORARY TABLE write_probe ON COMMIT DROP AS \
                           SELECT n FROM generate_series(1, 20000) AS n";

#[async_trait]
impl StoreAdmin for PostgresStore {
    async fn ping(&self) -> Result<()> {
        self.probing
            .run(|mut session| async move {
                session.execute("SELECT 1").await?;
                Ok(())
            })
            .await?;
        // Reads go on when a disk is full: once writes have failed, one is tried.
        if !self.connections.writes_fail() {
            return Ok(());
        }
        self.connections
            .write(|mut session| async move {
                session.execute(PROBE_WRITE).await?;
                Ok(())
            })
            .await
    }

    async fn sweep(&self, before: Timestamp) -> Result<Vec<(SellerId, ImportId)>> {
        self.sweep_idempotency_keys().await?;
        self.sweep_staged().await?;
        let mut swept = Vec::new();
        for (seller, id, rejected) in self.ended_imports(before).await? {
            self.sweep_import(&seller, &id, rejected).await?;
            swept.push((seller, id));
        }
        Ok(swept)
    }

    async fn imports_known(&self, ids: &[ImportId]) -> Result<Vec<ImportId>> {
        self.connections
            .run(|mut session| async move {
                let known = sqlx::query_scalar("SELECT id FROM imports WHERE id = ANY($1)");
                Ok(known.bind(ids).fetch_all(&mut *session).await?)
            })
            .await
    }

    async fn node_announce(&self, node: &StoreNode) -> Result<Vec<StoreNode>> {
        self.connections
            .run(|mut session| async move { nodes::announce(&mut session, node).await })
            .await
    }

    async fn node_leave(&self, name: &str) -> Result<()> {
        self.connections
            .run(|mut session| async move { nodes::leave(&mut session, name).await })
            .await
    }

    async fn sellers(&self) -> Result<Vec<SellerId>> {
        let all = self
            .importing
            .run(|mut session| async move { restores::sellers(&mut session).await })
            .await?;
        let parsed = all.iter().map(|seller| SellerId::parse(seller));
        parsed
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| Error::Corrupt(error.to_string()))
    }

    async fn last_sequence(&self, seller: &SellerId) -> Result<i64> {
        self.connections
            .run(|mut session| async move { restores::last_sequence(&mut session, seller).await })
            .await
    }

    /// Of all sellers at once, which takes as long as a batch of an import.
    async fn restore_note(&self, floor: NumberFloor) -> Result<()> {
        self.importing
            .write_repeatable(
                |mut session| async move { restores::note(&mut session, floor).await },
            )
            .await
    }

    async fn sequence_floor(&self) -> Result<i64> {
        self.connections
            .run(|mut session| async move { restores::sequence_floor(&mut session).await })
            .await
    }

    async fn restore_pending(&self) -> Result<Option<i64>> {
        self.connections
            .run(|mut session| async move { restores::pending(&mut session).await })
            .await
    }

    async fn restore_done(&self, sequence_floor: i64) -> Result<()> {
        self.connections
            .write_repeatable(|mut session| async move {
                restores::done(&mut session, sequence_floor).await
            })
            .await
    }
}

impl PostgresStore {
    async fn sweep_idempotency_keys(&self) -> Result<()> {
        let old = PgMoment(clock::now().minus(KEY_RETENTION));
        loop {
            let deleted = self
                .connections
                .run(|mut session| async move {
                    let done = sqlx::query(
                        "DELETE FROM idempotency_keys WHERE created_at <= $1 \
                         AND (seller_id, key) IN (SELECT seller_id, key FROM idempotency_keys \
                         WHERE created_at <= $1 ORDER BY created_at LIMIT $2)",
                    )
                    .bind(old)
                    .bind(MAX_SWEEP_ROWS)
                    .execute(&mut *session)
                    .await?;
                    Ok(done.rows_affected())
                })
                .await?;
            if deleted < MAX_SWEEP_ROWS.unsigned_abs() {
                return Ok(());
            }
        }
    }

    /// What dry runs left whose process ended before it was cleared.
    async fn sweep_staged(&self) -> Result<()> {
        let left: Vec<(String, String)> = self
            .connections
            .run(|mut session| async move {
                let rows = sqlx::query_as(
                    "SELECT seller_id, id FROM imports WHERE dry_run AND finished_at IS NOT NULL \
                     AND EXISTS (SELECT 1 FROM import_staged AS staged \
                         WHERE staged.seller_id = imports.seller_id \
                         AND staged.import_id = imports.id)",
                );
                Ok(rows.fetch_all(&mut *session).await?)
            })
            .await?;
        for (seller, id) in left {
            let seller = SellerId::parse(&seller);
            let seller = seller.map_err(|error| Error::Corrupt(error.to_string()))?;
            import_staged::clear(&self.connections, &seller, &id).await?;
        }
        Ok(())
    }

    async fn ended_imports(&self, before: Timestamp) -> Result<Vec<(SellerId, ImportId, i64)>> {
        let ended: Vec<(String, String, i64)> = self
            .connections
            .run(|mut session| async move {
                let rows = sqlx::query_as(
                    "SELECT seller_id, id, rejected FROM imports WHERE finished_at < $1",
                );
                Ok(rows.bind(PgMoment(before)).fetch_all(&mut *session).await?)
            })
            .await?;
        import_row::ended(ended)
    }

    /// Forgets a part of what an undo of the import would need; `false` when none is left.
    async fn sweep_undo(&self, seller: &SellerId, id: &str) -> Result<bool> {
        const STATEMENTS: [&str; 2] = [
            "DELETE FROM import_created WHERE seller_id = $1 AND import_id = $2 AND first_id IN ( \
                 SELECT first_id FROM import_created \
                 WHERE seller_id = $1 AND import_id = $2 LIMIT $3)",
            "DELETE FROM import_former WHERE seller_id = $1 AND import_id = $2 AND product_id IN ( \
                 SELECT product_id FROM import_former \
                 WHERE seller_id = $1 AND import_id = $2 LIMIT $3)",
        ];
        let mut is_part = false;
        for statement in STATEMENTS {
            let deleted = self.connections.run(|mut session| async move {
                let done = sqlx::query(statement)
                    .bind(seller.as_str())
                    .bind(id)
                    .bind(MAX_SWEEP_ROWS)
                    .execute(&mut *session)
                    .await?;
                Ok(done.rows_affected())
            });
            is_part |= deleted.await? == MAX_SWEEP_ROWS.unsigned_abs();
        }
        Ok(is_part)
    }

    /// The job goes last: as long as it is there, a sweep that was cut off is done again.
    async fn sweep_import(&self, seller: &SellerId, id: &str, rejected: i64) -> Result<()> {
        for from in (1..=rejected).step_by(MAX_SWEEP_ROWS.unsigned_abs() as usize) {
            self.connections
                .run(|mut session| async move {
                    sqlx::query(
                        "DELETE FROM import_rejects \
                         WHERE seller_id = $1 AND import_id = $2 AND no < $3",
                    )
                    .bind(seller.as_str())
                    .bind(id)
                    .bind(from + MAX_SWEEP_ROWS)
                    .execute(&mut *session)
                    .await?;
                    Ok(())
                })
                .await?;
        }
        while self.sweep_undo(seller, id).await? {}
        self.connections
            .run(|mut session| async move {
                sqlx::query("DELETE FROM imports WHERE seller_id = $1 AND id = $2")
                    .bind(seller.as_str())
                    .bind(id)
                    .execute(&mut *session)
                    .await?;
                Ok(())
            })
            .await
    }
}
