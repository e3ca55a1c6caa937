//! What characters a file's bytes stand for. Nothing is ever replaced: bytes that stand for none are
//! found and named.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A text encoding, on the wire its name, such as `UTF-8`, `windows-1252` or `macintosh`.
///
/// In all of them but UTF-16, delimiters, quotes and line ends are the bytes of ASCII, so that
/// records are found without decoding. UTF-16 is read through `Utf16Reader`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileEncoding(&'static Encoding);

impl Default for FileEncoding {
    fn default() -> Self {
        Self::UTF_8
    }
}

impl FileEncoding {
    pub(super) const UTF_8: Self = Self(UTF_8);
    pub(super) const WINDOWS_1252: Self = Self(encoding_rs::WINDOWS_1252);
    pub(super) const UTF_16LE: Self = Self(UTF_16LE);
    pub(super) const UTF_16BE: Self = Self(UTF_16BE);

    /// The encoding of this name or alias; `None` for an unknown one, and for one in which bytes of
    /// ASCII stand for something else.
    pub fn from_name(name: &str) -> Option<Self> {
        let found = match name.trim() {
            name if name.eq_ignore_ascii_case("utf-16") => Some(UTF_16LE),
            name if name.eq_ignore_ascii_case("mac-roman") => Some(encoding_rs::MACINTOSH),
            name if name.eq_ignore_ascii_case("macroman") => Some(encoding_rs::MACINTOSH),
            name => Encoding::for_label_no_replacement(name.as_bytes()),
        };
        let found = found.filter(|encoding| *encoding != encoding_rs::ISO_2022_JP);
        found.map(Self)
    }

    pub(super) const fn of(encoding: &'static Encoding) -> Self {
        Self(encoding)
    }

    /// The name.
    pub fn as_str(self) -> &'static str {
        self.0.name()
    }

    /// Whether characters are pairs of bytes, which `Utf16Reader` turns into UTF-8.
    pub(super) fn is_utf16(self) -> bool {
        self.0 == UTF_16LE || self.0 == UTF_16BE
    }

    pub(super) fn is_big_endian(self) -> bool {
        self.0 == UTF_16BE
    }

    /// What a record's bytes are once they are read.
    fn of_records(self) -> &'static Encoding {
        if self.is_utf16() { UTF_8 } else { self.0 }
    }

    /// The record as text, or how many of its bytes are good before the first bad one.
    pub(super) fn decode(self, record: &[u8]) -> Result<Cow<'_, str>, usize> {
        let encoding = self.of_records();
        if encoding == UTF_8 {
            let text = std::str::from_utf8(record);
            return text.map(Cow::Borrowed).map_err(|e| e.valid_up_to());
        }
        let decoded = encoding.decode_without_bom_handling_and_without_replacement(record);
        let text = decoded.ok_or_else(|| first_malformed(encoding, record))?;
        // Unassigned bytes of one-byte encodings come out as control characters.
        match text.char_indices().find(|(_, c)| is_unassigned(*c)) {
            Some((at, _)) => {
                let before = text.get(..at).unwrap_or_default();
                Err(encoding.encode(before).0.len())
            }
            None => Ok(text),
        }
    }

    /// Text as it is written in a record; what the encoding does not have becomes `?`.
    pub(super) fn encode(self, text: &str) -> Vec<u8> {
        let encoding = self.of_records();
        let (bytes, _, unmappable) = encoding.encode(text);
        if !unmappable {
            return bytes.into_owned();
        }
        let mut out = Vec::with_capacity(text.len());
        for character in text.chars() {
            let mut buffer = [0; 4];
            let (bytes, _, unmappable) = encoding.encode(character.encode_utf8(&mut buffer));
            out.extend_from_slice(if unmappable { b"?" } else { &bytes });
        }
        out
    }

    /// How many bytes of the file these bytes of records are.
    pub(super) fn file_bytes(self, read: &[u8]) -> u64 {
        if !self.is_utf16() {
            return read.len() as u64;
        }
        let width = |byte: &u8| match byte {
            0x80..=0xbf => 0,
            0xf0..=0xf7 => 4,
            0xff => 1,
            _ => 2_u64,
        };
        read.iter().map(width).sum()
    }
}

fn is_unassigned(c: char) -> bool {
    ('\u{80}'..='\u{9f}').contains(&c)
}

fn first_malformed(encoding: &'static Encoding, record: &[u8]) -> usize {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut out = vec![0; decoder.max_utf8_buffer_length(record.len()).unwrap_or(0)];
    let (result, read, _) = decoder.decode_to_utf8_without_replacement(record, &mut out, true);
    match result {
        DecoderResult::Malformed(bad, after) => {
            read.saturating_sub(usize::from(bad) + usize::from(after))
        }
        _ => read,
    }
}

impl Serialize for FileEncoding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for FileEncoding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| de::Error::custom("unknown encoding"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> FileEncoding {
        FileEncoding::from_name(name).unwrap()
    }

    /// Red when: a bad byte is replaced, or counted from anywhere but the record's start.
    #[test]
    fn bad_bytes_are_found_and_never_replaced() {
        assert_eq!(named("cp1252").decode(b"K\xfcche").as_deref(), Ok("Küche"));
        assert_eq!(named("macintosh").decode(b"Caf\x8e").as_deref(), Ok("Café"));
        assert_eq!(named("cp1252").decode(b"\xfc\x90b"), Err(1));
        assert_eq!(named("shift_jis").decode(b"ab\x83\x20"), Err(2));
        assert_eq!(named("utf-8").decode(b"\xc3\xbc\xff"), Err(2));
        assert_eq!(named("cp1252").encode("ü→x"), b"\xfc?x");
        assert_eq!(FileEncoding::from_name("latin9000"), None);
        assert_eq!(FileEncoding::from_name("iso-2022-jp"), None);
    }
}
