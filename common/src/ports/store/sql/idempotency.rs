//! What a row of `idempotency_keys` answers.

use serde::de::DeserializeOwned;

use crate::{
    domain::{
        error::{Conflict, Result},
        idempotency::Claim,
    },
    ports::store::column::from_json,
};

/// The kept answer, from the fingerprint and the result under this claim's key. An error when the key
/// was used for another request.
pub(in crate::ports::store) fn kept_answer<T: DeserializeOwned>(
    kept: Option<(String, String)>,
    claim: &Claim,
) -> Result<Option<T>> {
    match kept {
        None => Ok(None),
        Some((fingerprint, _)) if fingerprint != claim.fingerprint => {
            Err(Conflict::IdempotencyKeyReused.into())
        }
        Some((_, result)) => from_json(&result).map(Some),
    }
}
