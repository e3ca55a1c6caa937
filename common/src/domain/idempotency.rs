//! Retried requests: a key names a request, a fingerprint proves it is the same one.

use sha2::{Digest, Sha256};

/// How long a key is remembered.
pub const KEY_RETENTION: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// Longest key, in characters.
pub const KEY_MAX: usize = 255;

/// A request that must act at most once. The store records it in the same transaction as its
/// effect: a second request with the key gets the first one's result, and another request with
/// the same key gets [`crate::domain::error::Conflict::IdempotencyKeyReused`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The caller's `Idempotency-Key`.
    pub key: String,
    /// SHA-256 over route and body, lower-case hexadecimal.
    pub fingerprint: String,
}

impl Claim {
    /// A claim for a request to `route` (method and path with its ids) with this body.
    pub fn new(key: String, route: &str, body: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(route.as_bytes());
        hash.update([0]);
        hash.update(body);
        Self {
            key,
            fingerprint: format!("{:x}", hash.finalize()),
        }
    }
}
