//! API keys: `pmk_<id>_<secret>`, shown once, stored as SHA-256.

use pm_common::{
    domain::{clock, error::Result, seller::SellerId},
    ports::store::{ApiKey, KeyStore},
};
use sha2::{Digest, Sha256};

/// Hexadecimal digits of a key's public id.
const ID_LENGTH: usize = 12;

/// A key as the caller sends it, split; the secret is never printed by `Debug`.
pub(crate) struct PresentedKey<'a> {
    pub(crate) id: &'a str,
    whole: &'a str,
}

impl<'a> PresentedKey<'a> {
    /// Splits `pmk_<id>_<secret>`.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (id, secret) = text.strip_prefix("pmk_")?.split_once('_')?;
        (!id.is_empty() && !secret.is_empty()).then_some(Self { id, whole: text })
    }

    /// Whether this is the stored key. The comparison is of hashes, so its duration reveals nothing.
    pub(crate) fn is(&self, stored: &ApiKey) -> bool {
        stored.revoked_at.is_none() && stored.sha256 == sha256(self.whole)
    }
}

/// Whether this may be a key's public id.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == ID_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Stores a fresh key and returns it in clear, this once.
pub(crate) async fn create(
    store: &dyn KeyStore,
    seller: &SellerId,
    name: String,
) -> Result<String> {
    // Both parts are random; a version 4 UUID has 122 random bits.
    let random = || uuid::Uuid::new_v4().simple().to_string();
    let id = random()[..ID_LENGTH].to_owned();
    let whole = format!("pmk_{id}_{}{}", random(), random());
    let key = ApiKey {
        id,
        seller: seller.clone(),
        name,
        sha256: sha256(&whole),
        created_at: clock::now(),
        revoked_at: None,
    };
    store.key_create(seller, key).await?;
    Ok(whole)
}

fn sha256(text: &str) -> String {
    format!("{:x}", Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_keys_are_looked_up() {
        assert_eq!(PresentedKey::parse("pmk_abc_def").unwrap().id, "abc");
        for wrong in [
            "",
            "abc",
            "pmk_",
            "pmk_abc",
            "pmk_abc_",
            "pmk__def",
            "pma_abc_def",
        ] {
            assert!(PresentedKey::parse(wrong).is_none(), "{wrong}");
        }
    }
}
