//! Query strings: every parameter is known, sent once and in range, or the error lists all
//! that is wrong. An empty value counts as not sent: browsers send empty form fields.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt::Display,
    ops::RangeInclusive,
    str::FromStr,
};

use axum::{extract::FromRequestParts, http::request::Parts};
use percent_encoding::percent_decode_str;
use pm_common::domain::{message_text::shortened, product::FieldError};

use super::error::{ApiError, ApiResult};

/// The parameters of one request. Take what is expected, then `finish`.
#[derive(Debug, Default)]
pub(super) struct QueryParams {
    values: BTreeMap<String, String>,
    errors: Vec<FieldError>,
    known: Vec<&'static str>,
}

impl<S: Sync> FromRequestParts<S> for QueryParams {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

impl QueryParams {
    /// Splits and decodes a query string.
    pub(super) fn parse(query: &str) -> ApiResult<Self> {
        let mut params = Self::default();
        for (name, value) in pairs(query)? {
            match params.values.entry(name) {
                Entry::Vacant(free) => {
                    free.insert(value);
                }
                Entry::Occupied(taken) => {
                    let error = FieldError::new(
                        &shortened(taken.key()),
                        "repeated",
                        "is given more than once",
                        &value,
                    );
                    params.errors.push(error);
                }
            }
        }
        Ok(params)
    }

    /// A text; empty is none.
    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        self.values.remove(name).filter(|value| !value.is_empty())
    }

    /// A whole number within the range, or the default.
    pub(super) fn number<T>(
        &mut self,
        name: &'static str,
        range: RangeInclusive<T>,
        default: T,
    ) -> T
    where
        T: FromStr + PartialOrd + Display,
    {
        let Some(text) = self.text(name) else {
            return default;
        };
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits && range.contains(&number) => number,
            _ => {
                let (low, high) = (range.start(), range.end());
                let rest = format!("must be a whole number from {low} to {high}");
                self.refuse(name, "range", &rest, &text);
                default
            }
        }
    }

    /// One of some words, or the default.
    pub(super) fn word<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
        default: T,
    ) -> T {
        let Some(text) = self.text(name) else {
            return default;
        };
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return *meaning;
        }
        let list: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let rest = format!("must be one of {}", list.join(", "));
        self.refuse(name, "one_of", &rest, &text);
        default
    }

    /// Notes a broken rule.
    pub(super) fn refuse(&mut self, name: &str, constraint: &str, rest: &str, value: &str) {
        let name = shortened(name);
        self.errors
            .push(FieldError::new(&name, constraint, rest, value));
    }

    /// Everything that was not taken is unknown; all broken rules are reported.
    pub(super) fn finish(mut self) -> ApiResult<()> {
        let rest = if self.known.is_empty() {
            "is not a known parameter (there are none here)".to_owned()
        } else {
            format!(
                "is not a known parameter (known: {})",
                self.known.join(", ")
            )
        };
        for (name, value) in std::mem::take(&mut self.values) {
            self.refuse(&name, "unknown", &rest, &value);
        }
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(ApiError::Validation(self.errors))
        }
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

    fn broken(error: ApiError) -> Vec<(String, String)> {
        let ApiError::Validation(errors) = error else {
            panic!("not a validation error: {error:?}");
        };
        errors
            .into_iter()
            .map(|e| (e.field, e.constraint))
            .collect()
    }

    #[test]
    fn every_broken_rule_is_reported() {
        let mut params = QueryParams::parse("limit=101&page=0&page=2&colour=red&sort=up").unwrap();
        assert_eq!(params.number("limit", 1..=100, 20), 20);
        assert_eq!(params.number("page", 1..=u64::MAX, 1), 1);
        assert_eq!(params.word("sort", &[("desc", 1), ("asc", 2)], 1), 1);
        let expected = [
            ("page", "repeated"),
            ("limit", "range"),
            ("page", "range"),
            ("sort", "one_of"),
            ("colour", "unknown"),
        ];
        let reported = broken(params.finish().unwrap_err());
        assert_eq!(
            reported,
            expected.map(|(f, c)| (f.to_owned(), c.to_owned()))
        );
    }

    #[test]
    fn decodes_and_drops_empty_values() {
        let mut params = QueryParams::parse("q=a%20b%26+c&category=&limit=").unwrap();
        assert_eq!(params.text("q").as_deref(), Some("a b& c"));
        assert_eq!(params.text("category"), None);
        assert_eq!(params.number("limit", 1..=100, 20), 20);
        assert!(params.finish().is_ok());
        assert!(QueryParams::parse("q=%ff").is_err());
    }

    #[test]
    fn numbers_are_plain_digits() {
        for text in [
            "+5",
            "-1",
            "1e1",
            "5.0",
            "0x5",
            " 5",
            "99999999999999999999",
        ] {
            let mut params =
                QueryParams::parse(&format!("limit={text}").replace('+', "%2B")).unwrap();
            params.number("limit", 1..=100, 20);
            assert!(params.finish().is_err(), "{text}");
        }
    }
}
