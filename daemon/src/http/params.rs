//! Query strings, decoded; `QueryReader` takes the parameters out of them.

use axum::{extract::FromRequestParts, http::request::Parts};
use percent_encoding::percent_decode_str;
use pm_common::request::QueryReader;

use super::error::{ApiError, ApiResult};

/// The parameters of one request.
#[derive(Debug)]
pub(super) struct QueryParams(pub(super) QueryReader);

impl<S: Sync> FromRequestParts<S> for QueryParams {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

impl QueryParams {
    /// Splits and decodes a query string.
    pub(super) fn parse(query: &str) -> ApiResult<Self> {
        Ok(Self(QueryReader::new(pairs(query)?)))
    }

    /// Takes a whole request; every broken rule is reported at once.
    pub(super) fn read<T>(self, read: impl FnOnce(&mut QueryReader) -> T) -> ApiResult<T> {
        let Self(mut reader) = self;
        let request = read(&mut reader);
        reader.finish().map_err(ApiError::Validation)?;
        Ok(request)
    }
}

/// A query string as decoded names and values, in order, repeated ones too.
pub(super) fn pairs(query: &str) -> ApiResult<Vec<(String, String)>> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name)?, decoded(value)?))
        })
        .collect()
}

fn decoded(text: &str) -> ApiResult<String> {
    let spaced = text.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err(ApiError::invalid(
            "query",
            "encoding",
            "must be UTF-8",
            text,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_and_drops_empty_values() {
        let QueryParams(mut params) = QueryParams::parse("q=a%20b%26+c&category=&limit=").unwrap();
        assert_eq!(params.text("q").as_deref(), Some("a b& c"));
        assert_eq!(params.text("category"), None);
        assert_eq!(params.number("limit", 1..=100, 20), 20);
        assert!(params.finish().is_ok());
        assert!(QueryParams::parse("q=%ff").is_err());
    }
}
