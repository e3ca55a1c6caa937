//! Requests that act once: the answer of the first is kept beside its effect.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::SqliteExecutor;

use crate::{
    domain::{
        clock,
        error::Result,
        idempotency::{Claim, KEY_RETENTION},
        seller::SellerId,
    },
    ports::store::{column::json, sql::idempotency::kept_answer, sqlite::failure::failed},
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
    .bind(clock::now().minus(KEY_RETENTION).millis())
    .fetch_optional(executor)
    .await
    .map_err(failed)?;
    kept_answer(row, claim)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::port::Port, engines::sqlite_db::SqliteDb, ports::store::sqlite::MIGRATOR};

    async fn age(db: &SqliteDb, by: i64) {
        db.write(move |connection| {
            Box::pin(async move {
                let age = "UPDATE idempotency_keys SET created_at = created_at - ?";
                let done = sqlx::query(age).bind(by).execute(connection).await;
                done.map_err(failed).map(|_| ())
            })
        })
        .await
        .unwrap();
    }

    #[tokio::test]
    async fn a_key_counts_for_a_day() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let db = SqliteDb::open(Port::Store, &path, &MIGRATOR).await.unwrap();
        let seller = SellerId::parse("a").unwrap();
        let claim = Claim::new("k".to_owned(), "POST /", b"");
        let (keeper, kept) = (seller.clone(), claim.clone());
        db.write(move |connection| {
            Box::pin(async move { keep(connection, &keeper, Some(&kept), &7).await })
        })
        .await
        .unwrap();
        let answer = || answered::<i32>(db.readers(), &seller, Some(&claim));
        let day = i64::try_from(KEY_RETENTION.as_millis()).unwrap();
        age(&db, day - 600_000).await;
        assert_eq!(answer().await.unwrap(), Some(7));
        age(&db, 600_000).await;
        assert_eq!(answer().await.unwrap(), None);
    }
}
