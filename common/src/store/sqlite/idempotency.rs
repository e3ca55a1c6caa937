//! Requests that act once: the answer of the first is kept beside its effect.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::SqliteExecutor;

use super::product_row::{from_json, json};
use crate::{
    clock,
    error::{Conflict, Result},
    idempotency::{Claim, KEPT},
    seller::SellerId,
    sqlite::failed,
};

/// What the first request with this claim answered; `None` when this is the first, or when the
/// key is older than a day. An error when the key was used for another request.
pub(super) async fn answered<'e, T: DeserializeOwned>(
    executor: impl SqliteExecutor<'e>,
    seller: &SellerId,
    claim: Option<&Claim>,
) -> Result<Option<T>> {
    let Some(claim) = claim else { return Ok(None) };
    let row: Option<(String, String)> = sqlx::query_as(
        "SELECT fingerprint, result FROM idempotency_keys \
         WHERE seller_id = ? AND key = ? AND created_at > ?",
    )
    .bind(seller.as_str())
    .bind(&claim.key)
    .bind(clock::now().minus(KEPT).millis())
    .fetch_optional(executor)
    .await
    .map_err(failed)?;
    match row {
        None => Ok(None),
        Some((fingerprint, _)) if fingerprint != claim.fingerprint => {
            Err(Conflict::IdempotencyKeyReused.into())
        }
        Some((_, result)) => from_json(&result).map(Some),
    }
}

/// Keeps the answer of a request that succeeded.
pub(super) async fn keep<'e, T: Serialize>(
    executor: impl SqliteExecutor<'e>,
    seller: &SellerId,
    claim: Option<&Claim>,
    answer: &T,
) -> Result<()> {
    let Some(claim) = claim else { return Ok(()) };
    sqlx::query(
        "INSERT INTO idempotency_keys (seller_id, key, fingerprint, result, created_at) \
         VALUES (?, ?, ?, ?, ?) ON CONFLICT (seller_id, key) DO UPDATE SET \
         fingerprint = excluded.fingerprint, result = excluded.result, \
         created_at = excluded.created_at",
    )
    .bind(seller.as_str())
    .bind(&claim.key)
    .bind(&claim.fingerprint)
    .bind(json(answer))
    .bind(clock::now().millis())
    .execute(executor)
    .await
    .map_err(failed)?;
    Ok(())
}
