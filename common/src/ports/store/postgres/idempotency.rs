//! Requests that act once: the answer of the first is kept beside its effect.
//!
//! The key's row is the first thing a transaction locks. An equal request that comes in between waits
//! there until the first one has ended: then it is answered from the row, or does the work itself if
//! the first one failed and left nothing.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::PgConnection;

use super::{failure::DbResult, types::PgMoment};
use crate::{
    domain::{
        clock::{self, Timestamp},
        idempotency::{Claim, KEY_RETENTION},
        seller::SellerId,
    },
    ports::store::{column::json, sql::idempotency::kept_answer},
};

/// What the first request with this claim answered; `None` when this is the first, or when the
/// key is older than a day: then the key is this transaction's, and `keep` must follow. An error
/// when the key was used for another request.
pub(super) async fn claim<T: DeserializeOwned>(
    connection: &mut PgConnection,
    seller: &SellerId,
    claim: Option<&Claim>,
) -> DbResult<Option<T>> {
    let Some(claim) = claim else { return Ok(None) };
    let now = clock::now();
    let taken = sqlx::query(
        "INSERT INTO idempotency_keys AS kept (seller_id, key, fingerprint, created_at) \
         VALUES ($1, $2, $3, $4) ON CONFLICT (seller_id, key) DO UPDATE SET \
         fingerprint = excluded.fingerprint, result = NULL, created_at = excluded.created_at \
         WHERE kept.created_at <= $5",
    )
    .bind(seller.as_str())
    .bind(&claim.key)
    .bind(&claim.fingerprint)
    .bind(PgMoment(now))
    .bind(PgMoment(now.minus(KEY_RETENTION)))
    .execute(&mut *connection)
    .await?;
    if taken.rows_affected() > 0 {
        return Ok(None);
    }
    answered_at(connection, seller, claim, now).await
}

/// What the first request with this claim answered. Takes nothing, locks nothing.
pub(super) async fn answered<T: DeserializeOwned>(
    connection: &mut PgConnection,
    seller: &SellerId,
    claim: &Claim,
) -> DbResult<Option<T>> {
    answered_at(connection, seller, claim, clock::now()).await
}

async fn answered_at<T: DeserializeOwned>(
    connection: &mut PgConnection,
    seller: &SellerId,
    claim: &Claim,
    now: Timestamp,
) -> DbResult<Option<T>> {
    let row: Option<(String, String)> = sqlx::query_as(
        "SELECT fingerprint, result FROM idempotency_keys \
         WHERE seller_id = $1 AND key = $2 AND created_at > $3 AND result IS NOT NULL",
    )
    .bind(seller.as_str())
    .bind(&claim.key)
    .bind(PgMoment(now.minus(KEY_RETENTION)))
    .fetch_optional(connection)
    .await?;
    Ok(kept_answer(row, claim)?)
}

/// Keeps the answer of a request that succeeded; one without an answer leaves nothing.
pub(super) async fn keep<T: Serialize>(
    connection: &mut PgConnection,
    seller: &SellerId,
    claim: Option<&Claim>,
    answer: Option<&T>,
) -> DbResult<()> {
    let Some(claim) = claim else { return Ok(()) };
    let statement = match answer {
        Some(answer) => {
            sqlx::query("UPDATE idempotency_keys SET result = $3 WHERE seller_id = $1 AND key = $2")
                .bind(seller.as_str())
                .bind(&claim.key)
                .bind(json(answer))
        }
        None => sqlx::query("DELETE FROM idempotency_keys WHERE seller_id = $1 AND key = $2")
            .bind(seller.as_str())
            .bind(&claim.key),
    };
    statement.execute(connection).await?;
    Ok(())
}
