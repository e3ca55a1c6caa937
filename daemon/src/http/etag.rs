//! ETags: a product's version in double quotes, and the conditions callers make of them.

use axum::http::{HeaderMap, HeaderValue, header};

use super::error::{ApiError, ApiResult};

/// The ETag of a version.
pub(super) fn of(version: i64) -> HeaderValue {
    // Digits and quotes are always a valid header.
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// What `If-Match` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum IfMatch {
    /// No condition, or `*`: any version.
    Any,
    /// One of these versions.
    Versions(Vec<i64>),
}

/// Reads `If-Match`. Weak tags count: proxies that compress weaken ours. Unquoted or foreign tags are an
/// error: they could never match, and a caller who sends them believes to be protected.
pub(super) fn if_match(headers: &HeaderMap) -> ApiResult<IfMatch> {
    let mut versions = Vec::new();
    for value in headers.get_all(header::IF_MATCH) {
        let text = value.to_str().map_err(|_| garbled("\u{fffd}"))?;
        if text.trim() == "*" {
            return Ok(IfMatch::Any);
        }
        for tag in text.split(',').map(str::trim) {
            versions.push(version(strong(tag)).ok_or_else(|| garbled(tag))?);
        }
    }
    Ok(if versions.is_empty() {
        IfMatch::Any
    } else {
        IfMatch::Versions(versions)
    })
}

/// Whether the caller already has this version (`If-None-Match`); weak tags count.
pub(super) fn already_has(headers: &HeaderMap, present: i64) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(',').map(str::trim))
        .any(|tag| tag == "*" || version(strong(tag)) == Some(present))
}

/// The tag without its mark of weakness.
fn strong(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

fn version(tag: &str) -> Option<i64> {
    let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

fn garbled(tag: &str) -> ApiError {
    let rest = "must be \"*\" or ETags of products, such as \"3\" with its quotes";
    ApiError::invalid("If-Match", "format", rest, tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &header::HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn if_match_takes_versions_lists_and_the_star() {
        for (values, expected) in [
            (&[][..], IfMatch::Any),
            (&["*"], IfMatch::Any),
            (&["\"3\""], IfMatch::Versions(vec![3])),
            (&["W/\"3\""], IfMatch::Versions(vec![3])),
            (&["\"3\", \"4\"", "\"5\""], IfMatch::Versions(vec![3, 4, 5])),
        ] {
            let read = if_match(&headers(&header::IF_MATCH, values)).unwrap();
            assert_eq!(read, expected, "{values:?}");
        }
        for garbled in [
            "3",
            "W/3",
            "w/\"3\"",
            "\"x\"",
            "\"\"",
            "\"3\",",
            "\"-3\"",
            "\"99999999999999999999\"",
        ] {
            assert!(
                if_match(&headers(&header::IF_MATCH, &[garbled])).is_err(),
                "{garbled}"
            );
        }
    }

    #[test]
    fn if_none_match_compares_weakly() {
        let has = |value| already_has(&headers(&header::IF_NONE_MATCH, &[value]), 3);
        assert!(has("\"3\"") && has("W/\"3\"") && has("\"1\", \"3\"") && has("*"));
        assert!(!has("\"2\"") && !has("3") && !has(""));
    }
}
