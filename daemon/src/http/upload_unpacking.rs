//! Uploads that are packed (gzip, zstd) are unpacked as they come in, a small piece at a time: what
//! they hold is counted as if it had been sent plainly.

use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use flate2::write::MultiGzDecoder;
use zstd::stream::{
    raw::{DParameter, Decoder},
    zio::Writer,
};

/// How much memory a zstd file may want for what it refers back to: 8 MiB, what zstd itself writes
/// without `--ultra` and `--long`.
const ZSTD_MAX_WINDOW_LOG: u32 = 23;
/// The bytes that say how a file is packed.
const MAGIC_BYTES: usize = 4;

/// Turns packed chunks into plain ones. Text passes through as it is.
#[derive(Default)]
pub(super) struct UploadUnpacker {
    codec: Option<PackedFormat>,
    /// What has come in and is not unpacked yet.
    pending: Bytes,
}

/// How a file is packed; no text begins with the bytes of either.
enum PackedFormat {
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Zstd(Box<Writer<Vec<u8>, Decoder<'static>>>),
}

impl UploadUnpacker {
    /// Takes the next chunk of the upload; `next` gave all of the earlier ones.
    pub(super) fn push(&mut self, chunk: Bytes) {
        self.pending = if self.pending.is_empty() {
            chunk
        } else {
            let mut joined = BytesMut::from(self.pending.as_ref());
            joined.extend_from_slice(&chunk);
            joined.freeze()
        };
    }

    /// The next plain bytes of what was pushed; `None` when more has to be pushed, or after the
    /// `last` push there are no more.
    pub(super) fn next(&mut self, last: bool) -> io::Result<Option<Bytes>> {
        if self.codec.is_none() {
            if self.pending.len() < MAGIC_BYTES && !last {
                return Ok(None);
            }
            self.codec = Some(PackedFormat::of(&self.pending)?);
        }
        let Some(codec) = &mut self.codec else {
            return Ok(None);
        };
        while !self.pending.is_empty() {
            let (taken, plain) = codec.unpack(&self.pending)?;
            let _taken = self.pending.split_to(taken);
            if !plain.is_empty() {
                return Ok(Some(plain));
            }
            if taken == 0 {
                return Err(io::Error::other("there is more after its end"));
            }
        }
        if !last {
            return Ok(None);
        }
        let rest = std::mem::replace(codec, PackedFormat::Plain).finish()?;
        Ok(Some(rest).filter(|rest| !rest.is_empty()))
    }
}

impl PackedFormat {
    fn of(start: &[u8]) -> io::Result<Self> {
        Ok(match start {
            [0x1f, 0x8b, ..] => Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                let mut decoder = Decoder::new()?;
                decoder.set_parameter(DParameter::WindowLogMax(ZSTD_MAX_WINDOW_LOG))?;
                Self::Zstd(Box::new(Writer::new(Vec::new(), decoder)))
            }
            _ => Self::Plain,
        })
    }

    /// How many of the bytes were taken, and what they hold: 32 KiB or so.
    fn unpack(&mut self, packed: &Bytes) -> io::Result<(usize, Bytes)> {
        match self {
            Self::Plain => Ok((packed.len(), packed.clone())),
            Self::Gzip(decoder) => {
                let taken = decoder.write(packed)?;
                Ok((taken, std::mem::take(decoder.get_mut()).into()))
            }
            Self::Zstd(decoder) => {
                let taken = decoder.write(packed)?;
                Ok((taken, std::mem::take(decoder.writer_mut()).into()))
            }
        }
    }

    /// What is left at the end of a file that is complete.
    fn finish(self) -> io::Result<Bytes> {
        match self {
            Self::Plain => Ok(Bytes::new()),
            Self::Gzip(decoder) => decoder.finish().map(Bytes::from),
            Self::Zstd(mut decoder) => {
                decoder.finish()?;
                Ok(std::mem::take(decoder.writer_mut()).into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(packed: &[u8], piece: usize) -> io::Result<(Vec<u8>, usize)> {
        let mut unpacker = UploadUnpacker::default();
        let (mut plain, mut largest) = (Vec::new(), 0);
        let mut take = |unpacker: &mut UploadUnpacker, last| -> io::Result<()> {
            while let Some(bytes) = unpacker.next(last)? {
                largest = largest.max(bytes.len());
                plain.extend_from_slice(&bytes);
            }
            Ok(())
        };
        for chunk in packed.chunks(piece) {
            unpacker.push(Bytes::copy_from_slice(chunk));
            take(&mut unpacker, false)?;
        }
        take(&mut unpacker, true)?;
        Ok((plain, largest))
    }

    /// Red when: a piece of a packed file is lost, a cut one passes for a whole one, or much is
    /// unpacked at once.
    #[test]
    fn packed_files_come_out_whole_in_small_pieces() {
        let plain = "name,price\n".repeat(300_000).into_bytes();
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gz.write_all(&plain).unwrap();
        let gz = gz.finish().unwrap();
        let zst = zstd::encode_all(plain.as_slice(), 3).unwrap();
        for packed in [&gz, &zst] {
            for piece in [1, 100, 1_000_000] {
                let (found, largest) = unpacked(packed, piece).unwrap();
                assert!(found == plain, "pieces of {piece}");
                assert!(largest <= 256 * 1024, "{largest}");
            }
            let twice = [packed.as_slice(), packed].concat();
            assert_eq!(unpacked(&twice, 1000).unwrap().0.len(), plain.len() * 2);
            for cut in [packed.len() - 1, packed.len() / 2, 5] {
                assert!(unpacked(&packed[..cut], 1000).is_err(), "cut at {cut}");
            }
        }
        assert_eq!(unpacked(b"a,b", 1).unwrap().0, b"a,b");
        assert_eq!(unpacked(b"", 1).unwrap().0, b"");
        assert!(unpacked(&[gz.as_slice(), b"name,price\n"].concat(), 100).is_err());
    }
}
