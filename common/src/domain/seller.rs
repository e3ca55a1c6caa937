//! Who a product belongs to.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A seller's identity: 1 to 100 characters of `[A-Za-z0-9][A-Za-z0-9._-]*` that do not parse as
/// a JSON value (`42`, `1e5`, `true`: an older front end rewrites such ids between its requests
/// and its stream). Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SellerId(Arc<str>);

/// Why a text is not a seller's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SellerIdError {
    /// Empty, or longer than 100 characters.
    #[error("a seller id has 1 to 100 characters")]
    Length,
    /// A character outside `[A-Za-z0-9._-]`, or a first one that is no letter or digit.
    #[error(
        "a seller id starts with a letter or digit and has only letters, digits, '.', '_' and '-'"
    )]
    Character,
    /// It reads as a JSON value.
    #[error("a seller id must not read as a number, true, false or null")]
    JsonValue,
}

impl SellerId {
    /// Checks the rules above. Nothing is trimmed.
    pub fn parse(text: &str) -> Result<Self, SellerIdError> {
        if text.is_empty() || text.len() > 100 {
            return Err(SellerIdError::Length);
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if !text.as_bytes()[0].is_ascii_alphanumeric() || !text.bytes().all(allowed) {
            return Err(SellerIdError::Character);
        }
        if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
            return Err(SellerIdError::JsonValue);
        }
        Ok(Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SellerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for SellerId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SellerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_plain_ids_only() {
        for good in [
            "seller-123",
            "a",
            "0x10",
            "1.0.0",
            "A.b_c-d",
            "true1",
            "1e5x",
            "042",
        ] {
            assert!(SellerId::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "", "-a", ".a", "a b", "a/b", "ä", "a\n", "42", "1.0", "1e5", "true", "null",
        ] {
            assert!(SellerId::parse(bad).is_err(), "{bad}");
        }
        assert!(SellerId::parse(&"a".repeat(100)).is_ok());
        assert!(SellerId::parse(&"a".repeat(101)).is_err());
    }
}
