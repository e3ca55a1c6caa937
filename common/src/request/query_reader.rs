//! The parameters of one request: every one is known, sent once and in range, or the error lists
//! all that is wrong. An empty value counts as not sent: browsers send empty form fields.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt::Display,
    ops::RangeInclusive,
    str::FromStr,
};

use crate::domain::{message_text::shortened, product::FieldError};

/// The parameters of one request. Take what is expected, then `finish`.
#[derive(Debug, Default)]
pub struct QueryReader {
    values: BTreeMap<String, String>,
    errors: Vec<FieldError>,
    known: Vec<&'static str>,
}

impl QueryReader {
    /// Reads decoded names and values; a repeated name is an error.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut reader = Self::default();
        for (name, value) in pairs {
            match reader.values.entry(name) {
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
                    reader.errors.push(error);
                }
            }
        }
        reader
    }

    /// A text; empty is none.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        self.values.remove(name).filter(|value| !value.is_empty())
    }

    /// A whole number within the range, or the default.
    pub fn number<T>(&mut self, name: &'static str, range: RangeInclusive<T>, default: T) -> T
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
    pub fn word<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)], default: T) -> T {
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
    pub fn refuse(&mut self, name: &str, constraint: &str, rest: &str, value: &str) {
        let name = shortened(name);
        self.errors
            .push(FieldError::new(&name, constraint, rest, value));
    }

    /// Everything that was not taken is unknown.
    ///
    /// # Errors
    /// Every broken rule.
    pub fn finish(mut self) -> Result<(), Vec<FieldError>> {
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
            Err(self.errors)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(pairs: &[(&str, &str)]) -> QueryReader {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        QueryReader::new(pairs.iter().map(owned))
    }

    #[test]
    fn every_broken_rule_is_reported() {
        let mut params = reader(&[
            ("limit", "101"),
            ("page", "0"),
            ("page", "2"),
            ("colour", "red"),
            ("sort", "up"),
        ]);
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
        let errors = params.finish().unwrap_err().into_iter();
        let reported: Vec<_> = errors.map(|e| (e.field, e.constraint)).collect();
        assert_eq!(
            reported,
            expected.map(|(f, c)| (f.to_owned(), c.to_owned()))
        );
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
            let mut params = reader(&[("limit", text)]);
            params.number("limit", 1..=100, 20);
            assert!(params.finish().is_err(), "{text}");
        }
    }
}
