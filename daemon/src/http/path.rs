//! The ids in addresses.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use pm_common::domain::{import_job::ImportId, product::ProductId};

use super::error::{ApiError, ApiResult};

/// `{id}` of a product: digits only, positive, within 63 bits.
#[derive(Debug)]
pub(super) struct ProductPath(pub(super) ProductId);

/// `{id}` of an import; any text, for an unknown one is simply not found.
#[derive(Debug)]
pub(super) struct ImportPath(pub(super) ImportId);

impl<S: Send + Sync> FromRequestParts<S> for ProductPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let text = id(parts, state).await;
        let text = text.ok_or_else(|| ApiError::InvalidProductId(String::new()))?;
        product_id(&text)
            .map(Self)
            .ok_or(ApiError::InvalidProductId(text))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ImportPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let text = id(parts, state).await;
        let plain = |text: &String| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        text.filter(plain).map(Self).ok_or(ApiError::ImportNotFound)
    }
}

/// The decoded segment; `None` when it is not UTF-8.
async fn id<S: Send + Sync>(parts: &mut Parts, state: &S) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, state).await.ok()?;
    let (_, text) = params.iter().find(|(name, _)| *name == "id")?;
    Some(text.to_owned())
}

fn product_id(text: &str) -> Option<ProductId> {
    let digits = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn product_ids_are_positive_decimals() {
        assert_eq!(product_id("7"), Some(7));
        assert_eq!(product_id("9223372036854775807"), Some(i64::MAX));
        for bad in [
            "",
            "0",
            "-1",
            "+1",
            "01",
            "1e3",
            "0x1",
            " 1",
            "9223372036854775808",
            "../1",
            "٣",
        ] {
            assert_eq!(product_id(bad), None, "{bad}");
        }
    }
}
