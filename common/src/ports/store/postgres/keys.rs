//! API keys.

use async_trait::async_trait;

use super::{PostgresStore, types::PgMoment};
use crate::{
    domain::{clock, error::Result, seller::SellerId},
    ports::store::{ApiKey, KeyStore, sql::key_row::KeyRow},
};

type PgKeyRow = KeyRow<PgMoment>;

#[async_trait]
impl KeyStore for PostgresStore {
    async fn key_create(&self, seller: &SellerId, key: ApiKey) -> Result<()> {
        let key = &key;
        self.connections
            .write(|mut session| async move {
                sqlx::query(
                    "INSERT INTO api_keys (seller_id, id, name, sha256, created_at, revoked_at) \
                     VALUES ($1, $2, $3, $4, $5, $6)",
                )
                .bind(seller.as_str())
                .bind(&key.id)
                .bind(&key.name)
                .bind(&key.sha256)
                .bind(PgMoment(key.created_at))
                .bind(key.revoked_at.map(PgMoment))
                .execute(&mut *session)
                .await?;
                Ok(())
            })
            .await
    }

    async fn key_list(&self, seller: &SellerId) -> Result<Vec<ApiKey>> {
        self.connections
            .run(|mut session| async move {
                let rows: Vec<PgKeyRow> = sqlx::query_as(
                    "SELECT * FROM api_keys WHERE seller_id = $1 \
                     ORDER BY created_at DESC, id DESC",
                )
                .bind(seller.as_str())
                .fetch_all(&mut *session)
                .await?;
                Ok(rows
                    .into_iter()
                    .map(ApiKey::try_from)
                    .collect::<Result<_>>()?)
            })
            .await
    }

    async fn key_revoke(&self, seller: &SellerId, id: &str) -> Result<bool> {
        self.connections
            .write(|mut session| async move {
                let done = sqlx::query(
                    "UPDATE api_keys SET revoked_at = $3 \
                     WHERE seller_id = $1 AND id = $2 AND revoked_at IS NULL",
                )
                .bind(seller.as_str())
                .bind(id)
                .bind(PgMoment(clock::now()))
                .execute(&mut *session)
                .await?;
                Ok(done.rows_affected() > 0)
            })
            .await
    }

    async fn key_find(&self, id: &str) -> Result<Option<ApiKey>> {
        self.probing
            .run(|mut session| async move {
                let row: Option<PgKeyRow> =
                    sqlx::query_as("SELECT * FROM api_keys WHERE id = $1 AND revoked_at IS NULL")
                        .bind(id)
                        .fetch_optional(&mut *session)
                        .await?;
                Ok(row.map(ApiKey::try_from).transpose()?)
            })
            .await
    }
}
