//! UTF-16 read as UTF-8, so that records are found in it as in any other file.
//!
//! What is no character stays visible as bytes that are no UTF-8: half of a pair as the three bytes
//! it would have, an odd last byte as 0xFF. `FileEncoding::file_bytes` counts back.

use std::io::{self, Read};

use super::file_encoding::FileEncoding;

const READ_CHUNK_BYTES: usize = 16 * 1024;

/// A file's bytes as records are made of them.
#[derive(Debug)]
pub(super) enum RecordBytes<R> {
    Direct(R),
    Utf16(Utf16Reader<R>),
}

impl<R: Read> RecordBytes<R> {
    pub(super) fn new(input: R, encoding: FileEncoding) -> Self {
        match encoding.is_utf16() {
            true => Self::Utf16(Utf16Reader::new(input, encoding.is_big_endian())),
            false => Self::Direct(input),
        }
    }
}

impl<R: Read> Read for RecordBytes<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Direct(input) => input.read(out),
            Self::Utf16(input) => input.read(out),
        }
    }
}

/// Turns pairs of bytes into UTF-8.
#[derive(Debug)]
pub(super) struct Utf16Reader<R> {
    input: R,
    big_endian: bool,
    /// The first half of a unit.
    half: Option<u8>,
    /// The first half of a pair of units.
    high: Option<u16>,
    ready: Vec<u8>,
    taken: usize,
    ended: bool,
}

impl<R: Read> Utf16Reader<R> {
    const fn new(input: R, big_endian: bool) -> Self {
        Self {
            input,
            big_endian,
            half: None,
            high: None,
            ready: Vec::new(),
            taken: 0,
            ended: false,
        }
    }

    fn more(&mut self) -> io::Result<()> {
        let mut chunk = [0; READ_CHUNK_BYTES];
        let count = self.input.read(&mut chunk)?;
        self.ready.clear();
        self.taken = 0;
        if count == 0 {
            self.ended = true;
            self.flush_high();
            self.ready.extend(self.half.take().map(|_| 0xff));
        }
        for byte in chunk.into_iter().take(count) {
            match self.half.take() {
                None => self.half = Some(byte),
                Some(first) if self.big_endian => self.unit(u16::from_be_bytes([first, byte])),
                Some(first) => self.unit(u16::from_le_bytes([first, byte])),
            }
        }
        Ok(())
    }

    fn unit(&mut self, unit: u16) {
        let (high, low) = (self.high.map(u32::from), u32::from(unit));
        match (high, unit) {
            (Some(high), 0xdc00..=0xdfff) => {
                self.high = None;
                self.push(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00));
            }
            (_, 0xd800..=0xdbff) => {
                self.flush_high();
                self.high = Some(unit);
            }
            _ => {
                self.flush_high();
                self.push(low);
            }
        }
    }

    fn flush_high(&mut self) {
        if let Some(high) = self.high.take() {
            self.push(u32::from(high));
        }
    }

    /// Writes a code point as UTF-8 does, also one that is half of a pair.
    fn push(&mut self, code: u32) {
        if let Some(character) = char::from_u32(code) {
            let mut buffer = [0; 4];
            let bytes = character.encode_utf8(&mut buffer).as_bytes();
            self.ready.extend_from_slice(bytes);
            return;
        }
        let bits = |shift: u32| u8::try_from(code >> shift & 0x3f).unwrap_or(0);
        self.ready.extend([0xed, 0x80 | bits(6), 0x80 | bits(0)]);
    }
}

impl<R: Read> Read for Utf16Reader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.ready.len() && !self.ended {
            self.more()?;
        }
        let rest = self.ready.get(self.taken..).unwrap_or_default();
        let count = rest.len().min(out.len());
        for (to, from) in out.iter_mut().zip(rest) {
            *to = *from;
        }
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Red when: a character is lost between two reads, or bytes are not counted back.
        #[test]
        fn text_and_length_come_back(text in "[a\\n\u{e4}€🦀]{0,30}", big in any::<bool>()) {
            let units = text.encode_utf16();
            let bytes: Vec<u8> = units
                .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
                .collect();
            let encoding = if big { FileEncoding::UTF_16BE } else { FileEncoding::UTF_16LE };
            let mut read = Vec::new();
            let (first, rest) = bytes.split_at(bytes.len() / 3);
            RecordBytes::new(first.chain(rest), encoding).read_to_end(&mut read).unwrap();
            prop_assert_eq!(&read, text.as_bytes());
            prop_assert_eq!(encoding.file_bytes(&read), bytes.len() as u64);
        }
    }

    /// Red when: half of a pair or an odd byte is replaced without a trace.
    #[test]
    fn what_is_no_character_is_no_utf8() {
        for bytes in [&b"a\0\0\xd8b\0"[..], b"a\0\0\xdc", b"a\0\0\xd8", b"a\0b"] {
            let mut read = Vec::new();
            let encoding = FileEncoding::UTF_16LE;
            RecordBytes::new(bytes, encoding)
                .read_to_end(&mut read)
                .unwrap();
            assert_eq!(encoding.decode(&read), Err(1), "{bytes:?}");
            assert_eq!(encoding.file_bytes(&read), bytes.len() as u64);
        }
    }
}
