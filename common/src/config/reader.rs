//! Looking variables up. One that is set but empty counts as not set; every wrong value is
//! reported at once, by name.

use std::{fmt, str::FromStr};

use reqwest::Url;

use super::Server;

/// What is wrong with the environment, one sentence per variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// Letters, digits, `.`, `_` and `-`: what names may have that other programs read.
pub(super) fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

/// Looks variables up and gathers what is wrong with them.
pub(super) struct Reader<F> {
    pub(super) lookup: F,
    pub(super) errors: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    }

    /// A text, or its default.
    pub(super) fn text_or(&self, name: &str, default: &str) -> String {
        self.text(name).unwrap_or_else(|| default.to_owned())
    }

    /// A number within bounds, or its default.
    pub(super) fn number<T>(&mut self, name: &str, default: T, least: T, most: T) -> T
    where
        T: FromStr + PartialOrd + fmt::Display + Copy,
    {
        self.number_if_set(name, least, most).unwrap_or(default)
    }

    /// A number within bounds, if there is one.
    pub(super) fn number_if_set<T>(&mut self, name: &str, least: T, most: T) -> Option<T>
    where
        T: FromStr + PartialOrd + fmt::Display + Copy,
    {
        let text = self.text(name)?;
        match text.parse::<T>() {
            Ok(number) if number >= least && number <= most => Some(number),
            _ => {
                self.errors.push(format!(
                    "{name} must be a whole number from {least} to {most}, not {text:?}"
                ));
                None
            }
        }
    }

    /// A server's URL with one of the schemes. What is wrong is said without the value, which may
    /// hold a password.
    pub(super) fn server(&mut self, name: &str, text: &str, schemes: &[&str]) -> Server {
        let parsed = Url::parse(text).ok();
        let url = parsed.filter(|url| schemes.contains(&url.scheme()));
        if url.is_none() {
            let forms: Vec<_> = schemes
                .iter()
                .map(|scheme| format!("{scheme}://host"))
                .collect();
            self.errors.push(format!(
                "{name} must be a URL such as {}",
                forms.join(" or ")
            ));
        }
        Server {
            place: url.map_or_else(String::new, |url| shown(&url)),
            url: super::Secret::new(text),
        }
    }
}

/// Host, port and path; the user without the password. Parameters may hold secrets, too.
fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    let path = url.path().trim_end_matches('/');
    match url.username() {
        "" => format!("{host}{port}{path}"),
        user => format!("{user}@{host}{port}{path}"),
    }
}
