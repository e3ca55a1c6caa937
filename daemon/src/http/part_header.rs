//! What the head of a form's part says: the part's name, and the name of its file in any form that
//! clients write it in (plain, percent-encoded, `filename*=`, encoded words).

use axum::http::{HeaderMap, header};
use percent_encoding::percent_decode;

/// The names of a part.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PartHeader {
    pub(super) name: String,
    /// Of a file's part; empty when the form has no file chosen.
    pub(super) file_name: Option<String>,
}

impl PartHeader {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let value = headers.get(header::CONTENT_DISPOSITION);
        value.map_or_else(Self::default, |value| Self::parse(value.as_bytes()))
    }

    fn parse(disposition: &[u8]) -> Self {
        let parameters = parameters(disposition);
        let find = |wanted: &str| {
            let mut all = parameters.iter();
            let found = all.find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.as_slice())
        };
        let extended = find("filename*").and_then(extended_value);
        Self {
            name: find("name").map(plain_value).unwrap_or_default(),
            file_name: extended.or_else(|| find("filename").map(plain_value)),
        }
    }
}

/// The parameters after the kind of disposition, their names in lower case.
fn parameters(disposition: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = disposition;
    while let Some(at) = rest.iter().position(|byte| *byte == b';') {
        rest = rest.get(at + 1..).unwrap_or_default().trim_ascii_start();
        let ends = |byte: &u8| matches!(byte, b'=' | b';');
        let Some(end) = rest.iter().position(ends) else {
            break;
        };
        let (name, after) = rest.split_at(end);
        let Some(after) = after.strip_prefix(b"=") else {
            continue;
        };
        let (value, after) = parameter_value(after.trim_ascii_start());
        let name = String::from_utf8_lossy(name.trim_ascii_end());
        found.push((name.to_ascii_lowercase(), value));
        rest = after;
    }
    found
}

/// A token, or a quoted text without its quotes; and what follows.
fn parameter_value(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|byte| *byte == b';');
        let (value, rest) = text.split_at(end.unwrap_or(text.len()));
        return (value.trim_ascii_end().to_vec(), rest);
    };
    let mut value = Vec::new();
    loop {
        rest = match rest {
            [] => return (value, rest),
            [b'"', after @ ..] => return (value, after),
            // Only a quote is escaped by everyone: old browsers send `C:\folder\file` as it is.
            [b'\\', b'"', after @ ..] => {
                value.push(b'"');
                after
            }
            [byte, after @ ..] => {
                value.push(*byte);
                after
            }
        };
    }
}

/// The value of `filename*`: `charset'language'percent-encoded`.
fn extended_value(value: &[u8]) -> Option<String> {
    let mut pieces = value.splitn(3, |byte| *byte == b'\'');
    let (charset, _language, text) = (pieces.next()?, pieces.next()?, pieces.next()?);
    in_charset(charset, percent_decode(text).collect())
}

/// The value of `name` or `filename`.
fn plain_value(value: &[u8]) -> String {
    if let Some(text) = encoded_words(value) {
        return text;
    }
    // What is no escape is left as it stands: `100%.csv`.
    let decoded: Vec<u8> = percent_decode(value).collect();
    let text = String::from_utf8(decoded).or_else(|_| String::from_utf8(value.to_vec()));
    text.unwrap_or_else(|_| value.iter().copied().map(char::from).collect())
}

/// A text of `=?charset?B or Q?…?=` alone; `None` when there is anything else.
fn encoded_words(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    let mut words = text.split_ascii_whitespace().peekable();
    words.peek()?;
    words.map(encoded_word).collect()
}

fn encoded_word(word: &str) -> Option<String> {
    let inner = word.strip_prefix("=?")?.strip_suffix("?=")?;
    let mut pieces = inner.splitn(3, '?');
    let (charset, kind, text) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let bytes = match kind {
        "B" | "b" => base64(text)?,
        "Q" | "q" => {
            let percent = text.replace('%', "%25").replace('_', " ").replace('=', "%");
            percent_decode(percent.as_bytes()).collect()
        }
        _ => return None,
    };
    // RFC 2231 allows a language after the charset.
    let charset = charset.split('*').next()?;
    in_charset(charset.as_bytes(), bytes)
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for symbol in text.trim_end_matches('=').bytes() {
        let six = match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'a'..=b'z' => symbol - b'a' + 26,
            b'0'..=b'9' => symbol - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// Bytes in one of the two character sets that every reader of `filename*` knows, or in ASCII.
fn in_charset(charset: &[u8], bytes: Vec<u8>) -> Option<String> {
    let charset = charset.to_ascii_lowercase();
    match charset.as_slice() {
        b"utf-8" | b"utf8" | b"us-ascii" => String::from_utf8(bytes).ok(),
        b"iso-8859-1" | b"latin1" | b"windows-1252" => {
            Some(bytes.into_iter().map(char::from).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(disposition: &str) -> (String, Option<String>) {
        let header = PartHeader::parse(disposition.as_bytes());
        (header.name, header.file_name)
    }

    /// Red when: a delimiter within quotes ends a value, or a broken form hides the plain name.
    #[test]
    fn broken_forms_leave_what_can_be_read() {
        for (disposition, name, file_name) in [
            ("form-data", "", None),
            ("form-data; name", "", None),
            ("form-data; NAME = \"a;b=c\" ; x", "a;b=c", None),
            ("form-data; name=a; filename=\"b", "a", Some("b")),
            ("form-data; name=a; filename=", "a", Some("")),
            (
                "form-data; name=a; filename=\"b\"; filename*=utf-8",
                "a",
                Some("b"),
            ),
            (
                "form-data; name=a; filename=\"b\"; filename*=koi8-r''%C1",
                "a",
                Some("b"),
            ),
            (
                "form-data; name=a; filename=\"=?utf-8?X?b?=\"",
                "a",
                Some("=?utf-8?X?b?="),
            ),
            (
                "form-data; name=a; filename=\"=?utf-8?B?!?=\"",
                "a",
                Some("=?utf-8?B?!?="),
            ),
            (
                "form-data; name=a; filename=\"C:\\dir\\b.csv\"",
                "a",
                Some("C:\\dir\\b.csv"),
            ),
            (
                "form-data; name=a; filename=\"%FF%.csv\"",
                "a",
                Some("%FF%.csv"),
            ),
        ] {
            let expected = (name.to_owned(), file_name.map(str::to_owned));
            assert_eq!(names(disposition), expected, "{disposition}");
        }
        let latin = PartHeader::parse(b"form-data; name=a; filename=\"K\xe4se\"");
        assert_eq!(latin.file_name.as_deref(), Some("K\u{e4}se"));
    }
}
