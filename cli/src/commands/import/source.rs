//! The input of an import: a file or standard input, decompressed while it is read, never whole in
//! memory.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use futures_util::stream;
use pm_common::client::Body;
use tokio::sync::mpsc;

use crate::error::{Error, Result};

const CHUNK_BYTES: usize = 128 * 1024;
/// Chunks that are read ahead of the upload.
const READ_AHEAD_CHUNKS: usize = 4;

/// A file to import that exists.
#[derive(Debug)]
pub(super) struct ImportSource {
    /// `None` is standard input.
    path: Option<PathBuf>,
    name: String,
    /// Size on disk.
    pub(super) size: Option<u64>,
}

/// Every file of the arguments, with patterns expanded.
///
/// # Errors
/// Exit code 2 for a missing file, a directory, a pattern without a match, or standard input
/// given twice.
pub(super) fn find(arguments: &[String]) -> Result<Vec<ImportSource>> {
    let mut sources: Vec<ImportSource> = Vec::new();
    for argument in arguments {
        if argument == "-" {
            if sources.iter().any(|source| source.path.is_none()) {
                return Err(Error::usage("standard input (-) is given twice"));
            }
            sources.push(ImportSource {
                path: None,
                name: "stdin".to_owned(),
                size: None,
            });
        } else if Path::new(argument).exists() || !argument.contains(['*', '?', '[']) {
            sources.push(ImportSource::file(Path::new(argument))?);
        } else {
            for path in matching(argument)? {
                sources.push(ImportSource::file(&path)?);
            }
        }
    }
    Ok(sources)
}

fn matching(pattern: &str) -> Result<Vec<PathBuf>> {
    let wrong = |reason: String| Error::usage(format!("the pattern {pattern:?} {reason}"));
    let paths = glob::glob(pattern).map_err(|error| wrong(format!("is wrong: {error}")))?;
    let paths: Vec<_> = paths
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(format!("cannot be followed: {error}")))?;
    if paths.is_empty() {
        return Err(wrong("matches no file".to_owned()));
    }
    Ok(paths)
}

impl ImportSource {
    fn file(path: &Path) -> Result<Self> {
        let shown = path.display();
        let metadata = path.metadata().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::usage(format!("there is no file {shown}")),
            _ => Error::usage(format!("cannot read {shown}: {error}")),
        })?;
        if metadata.is_dir() {
            return Err(Error::usage(format!("{shown} is a directory"))
                .hint(format!("name its files: pm import '{shown}/*.csv'")));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let unpacked = name
            .strip_suffix(".gz")
            .or_else(|| name.strip_suffix(".zst"));
        Ok(Self {
            path: Some(path.to_owned()),
            name: unpacked.unwrap_or(&name).to_owned(),
            size: metadata.is_file().then_some(metadata.len()),
        })
    }

    /// The file's name without the extension of its compression.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The default file for rejected rows: one that does not exist, since another import's rejects,
    /// or rows that are being corrected, may stand there.
    pub(super) fn rejects_name(&self) -> String {
        let stem = self.name.strip_suffix(".csv").unwrap_or(&self.name);
        let first = format!("{stem}.rejects.csv");
        let numbered = (2u32..).map(|number| format!("{stem}.rejects-{number}.csv"));
        let mut names = std::iter::once(first.clone()).chain(numbered);
        names
            .find(|name| !Path::new(name).exists())
            .unwrap_or(first)
    }

    /// Whether this path names the same file.
    pub(super) fn is(&self, other: &str) -> bool {
        let same = |path: &PathBuf| {
            Some(path.canonicalize().ok()? == Path::new(other).canonicalize().ok()?)
        };
        self.path.as_ref().and_then(same).unwrap_or(false)
    }

    /// Whether it can be read again from the start.
    pub(super) fn can_start_again(&self) -> bool {
        self.size.is_some()
    }

    /// The first bytes of a file, decompressed, and whether these are all; `None` when they cannot be
    /// read twice, or not at all.
    pub(super) fn head(&self, bytes: u64) -> Option<(Vec<u8>, bool)> {
        let path = self.path.as_ref().filter(|_| self.can_start_again())?;
        let mut head = Vec::new();
        let reader = unpacked(File::open(path).ok()?).ok()?;
        reader.take(bytes).read_to_end(&mut head).ok()?;
        let is_all = (head.len() as u64) < bytes;
        Some((head, is_all))
    }

    /// Starts to read.
    pub(super) fn open(&self) -> Result<OpenedSource> {
        let input: Box<dyn Read + Send> = match &self.path {
            None => Box::new(io::stdin()),
            Some(path) => {
                Box::new(File::open(path).map_err(|error| Error::file(path, "read", &error))?)
            }
        };
        let state = Arc::new(ReadState::default());
        let (chunks, body) = mpsc::channel(READ_AHEAD_CHUNKS);
        let reader = CountingReader {
            input,
            state: state.clone(),
        };
        let shared = state.clone();
        // A thread of its own: one that waits for standard input must not delay the end.
        std::thread::spawn(move || {
            if let Err(error) = read_all(reader, &chunks) {
                let _ = shared.failure.set(error.to_string());
                let _ = chunks.blocking_send(Err(error));
            } else {
                shared.is_read.store(true, Ordering::Release);
            }
        });
        let body = stream::unfold(body, |mut body| async {
            let chunk = body.recv().await?;
            Some((chunk, body))
        });
        Ok(OpenedSource {
            body: Some(Body::wrap_stream(body)),
            state,
        })
    }
}

#[derive(Debug, Default)]
struct ReadState {
    bytes: AtomicU64,
    is_read: AtomicBool,
    failure: OnceLock<String>,
}

/// A source that is being read.
pub(super) struct OpenedSource {
    body: Option<Body>,
    state: Arc<ReadState>,
}

impl OpenedSource {
    /// The request body; empty the second time.
    pub(super) fn take_body(&mut self) -> Body {
        self.body.take().unwrap_or_default()
    }

    /// Bytes of the file read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.state.bytes.load(Ordering::Relaxed)
    }

    /// Whether the whole source has been read.
    pub(super) fn is_read(&self) -> bool {
        self.state.is_read.load(Ordering::Acquire)
    }

    /// Why reading ended early.
    pub(super) fn failure(&self) -> Option<&str> {
        self.state.failure.get().map(String::as_str)
    }
}

struct CountingReader {
    input: Box<dyn Read + Send>,
    state: Arc<ReadState>,
}

impl Read for CountingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.state.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Decompresses and passes chunks on; a closed channel ends the reading and is no failure.
fn read_all(reader: CountingReader, chunks: &mpsc::Sender<io::Result<Bytes>>) -> io::Result<()> {
    let mut reader = unpacked(reader)?;
    loop {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        (&mut reader)
            .take(CHUNK_BYTES as u64)
            .read_to_end(&mut chunk)?;
        if chunk.is_empty() || chunks.blocking_send(Ok(chunk.into())).is_err() {
            return Ok(());
        }
    }
}

/// Compressed data starts with bytes that no text starts with.
fn unpacked(mut reader: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut start = Vec::new();
    (&mut reader).take(4).read_to_end(&mut start)?;
    let whole = io::Cursor::new(start.clone()).chain(reader);
    Ok(match start.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(whole))),
        [0x28, 0xb5, 0x2f, 0xfd] => Box::new(zstd::Decoder::new(whole)?),
        _ => Box::new(whole),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(bytes: Vec<u8>) -> io::Result<String> {
        let mut text = String::new();
        unpacked(io::Cursor::new(bytes))?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn compressed_files_are_decompressed() {
        let text = "name,price\nLamp,1\n".repeat(100);
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(text.as_bytes()).unwrap();
        let gz = gz.finish().unwrap();
        let zst = zstd::encode_all(text.as_bytes(), 1).unwrap();
        assert_eq!(read(gz.clone()).unwrap(), text);
        assert_eq!(read(zst).unwrap(), text);
        assert_eq!(read(text.clone().into_bytes()).unwrap(), text);
        assert_eq!(read(Vec::new()).unwrap(), "");
        assert!(read(gz[..gz.len() / 2].to_vec()).is_err());
    }

    #[test]
    fn files_are_found_and_errors_explain() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(at("a.csv"), "x").unwrap();
        std::fs::write(at("b.csv.gz"), "x").unwrap();
        let found = find(&[at("*.csv*"), "-".to_owned()]).unwrap();
        let names: Vec<_> = found.iter().map(ImportSource::name).collect();
        assert_eq!(names, ["a.csv", "b.csv", "stdin"]);
        assert_eq!(found[0].rejects_name(), "a.rejects.csv");
        assert!(found[0].is(&at("a.csv")) && !found[0].is(&at("b.csv.gz")));

        let refused = |argument: String| find(&[argument]).unwrap_err().message;
        assert!(refused(at("c.csv")).starts_with("there is no file"));
        assert!(refused(at("c*.csv")).ends_with("matches no file"));
        assert!(refused(folder.path().display().to_string()).ends_with("is a directory"));
    }
}
