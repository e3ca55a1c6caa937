//! API keys.

use async_trait::async_trait;

use super::{SqliteStore, failure::failed, types::SqliteMoment};
use crate::{
    domain::{
        clock::{self, Timestamp},
        error::Result,
        seller::SellerId,
    },
    ports::store::{ApiKey, KeyStore, sql::key_row::KeyRow},
};

type SqliteKeyRow = KeyRow<SqliteMoment>;

#[async_trait]
impl KeyStore for SqliteStore {
    async fn key_create(&self, seller: &SellerId, key: ApiKey) -> Result<()> {
        let insert = sqlx::query(
            "INSERT INTO api_keys (seller_id, id, name, sha256, created_at, revoked_at) \
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(seller.as_str().to_owned())
        .bind(key.id)
        .bind(key.name)
        .bind(key.sha256)
        .bind(key.created_at.millis())
        .bind(key.revoked_at.map(Timestamp::millis));
        self.db
            .write(|connection| {
                Box::pin(async move {
                    insert.execute(connection).await.map_err(failed)?;
                    Ok(())
                })
            })
            .await
    }

    async fn key_list(&self, seller: &SellerId) -> Result<Vec<ApiKey>> {
        let rows: Vec<SqliteKeyRow> = sqlx::query_as(
            "SELECT * FROM api_keys WHERE seller_id = ? ORDER BY created_at DESC, id DESC",
        )
        .bind(seller.as_str())
        .fetch_all(self.db.readers())
        .await
        .map_err(failed)?;
        rows.into_iter().map(ApiKey::try_from).collect()
    }

    async fn key_revoke(&self, seller: &SellerId, id: &str) -> Result<bool> {
        let update = sqlx::query(
            "UPDATE api_keys SET revoked_at = ? \
             WHERE seller_id = ? AND id = ? AND revoked_at IS NULL",
        )
        .bind(clock::now().millis())
        .bind(seller.as_str().to_owned())
        .bind(id.to_owned());
        self.db
            .write(|connection| {
                Box::pin(async move {
                    let done = update.execute(connection).await.map_err(failed)?;
                    Ok(done.rows_affected() > 0)
                })
            })
            .await
    }

    async fn key_find(&self, id: &str) -> Result<Option<ApiKey>> {
        let row: Option<SqliteKeyRow> =
            sqlx::query_as("SELECT * FROM api_keys WHERE id = ? AND revoked_at IS NULL")
                .bind(id)
                .fetch_optional(self.db.probe())
                .await
                .map_err(failed)?;
        row.map(ApiKey::try_from).transpose()
    }
}
