//! The file within an upload: the only part `file` of a multipart body, or the body itself.

use axum::{body::Body, http::HeaderMap};
use bytes::Bytes;
use tokio::task::yield_now;

use super::{
    body::{self, BodyPace},
    error::{ApiError, ApiResult},
    upload_form::{FilePart, UploadForm, content_type},
    upload_unpacking::UploadUnpacker,
};

/// The name of a raw body that has none.
const DEFAULT_FILE_NAME: &str = "upload.csv";
/// Longest file name, in characters.
const NAME_MAX: usize = 255;
/// Types of a CSV file.
const CSV_TYPES: [&str; 7] = [
    "text/csv",
    "application/csv",
    "text/x-csv",
    "application/x-csv",
    "text/comma-separated-values",
    "text/x-comma-separated-values",
    "text/tab-separated-values",
];
/// Types of a body whose name says what it is.
const UNSPECIFIC_TYPES: [&str; 8] = [
    "",
    "text/plain",
    "application/octet-stream",
    "application/gzip",
    "application/x-gzip",
    "application/zstd",
    "application/vnd.ms-excel",
    "application/x-zstd",
];
/// Endings of names; a part with one of them may have any type.
const CSV_ENDINGS: [&str; 5] = [".csv", ".tsv", ".txt", ".gz", ".zst"];

/// A file that is being read.
pub(super) struct UploadedFile<'a> {
    name: String,
    source: FileSource<'a>,
    unpacker: UploadUnpacker,
    /// The last byte has come in.
    is_read: bool,
}

enum FileSource<'a> {
    Raw {
        body: &'a mut Body,
        pace: BodyPace,
    },
    Form {
        part: FilePart<'a>,
        form: UploadForm<'a>,
    },
}

impl<'a> UploadedFile<'a> {
    /// Reads up to the first byte of the file. `asked_name` names a raw body.
    pub(super) async fn open(
        headers: &HeaderMap,
        asked_name: Option<&str>,
        body: &'a mut Body,
    ) -> ApiResult<Self> {
        let kind = content_type(headers);
        if essence(&kind) == "multipart/form-data" {
            let mut form = UploadForm::open(&kind, body)?;
            let part = form.file().await?;
            let name = plain_name(&part.name);
            if !is_taken(&name, &part.content_type) {
                return Err(ApiError::InvalidFileType(name));
            }
            return Ok(Self::new(name, FileSource::Form { part, form }));
        }
        let name = plain_name(asked_name.unwrap_or_default());
        let goes_by_name =
            asked_name.is_some() && UNSPECIFIC_TYPES.contains(&essence(&kind).as_str());
        if !is_taken(if goes_by_name { &name } else { "" }, &kind) {
            let message = "Send the file as multipart/form-data or as a text/csv body";
            return Err(ApiError::UnsupportedMediaType(message.to_owned()));
        }
        let pace = BodyPace::start();
        Ok(Self::new(name, FileSource::Raw { body, pace }))
    }

    fn new(name: String, source: FileSource<'a>) -> Self {
        Self {
            name,
            source,
            unpacker: UploadUnpacker::default(),
            is_read: false,
        }
    }

    /// Whether more options may come after the file.
    pub(super) const fn is_form(&self) -> bool {
        matches!(self.source, FileSource::Form { .. })
    }

    /// The next bytes, unpacked, or `None` at the end.
    pub(super) async fn chunk(&mut self) -> ApiResult<Option<Bytes>> {
        loop {
            let plain = self.unpacker.next(self.is_read).map_err(|error| {
                let rest = format!("cannot be unpacked: {error}");
                ApiError::invalid("file", "format", &rest, "")
            })?;
            if plain.is_some() || self.is_read {
                // Unpacking takes its time, which is not taken from the other requests.
                yield_now().await;
                return Ok(plain);
            }
            let packed = match &mut self.source {
                FileSource::Raw { body, pace } => body::next_chunk(body, pace).await?,
                FileSource::Form { part, .. } => part.chunk().await?,
            };
            match packed {
                Some(packed) => self.unpacker.push(packed),
                None => self.is_read = true,
            }
        }
    }

    /// The file's name and the options of its form, once it is clear that there is no other file.
    pub(super) async fn finish(self) -> ApiResult<(String, Vec<(String, String)>)> {
        let options = match self.source {
            FileSource::Raw { .. } => Vec::new(),
            FileSource::Form { part, form } => {
                drop(part);
                form.finish().await?
            }
        };
        Ok((self.name, options))
    }
}

/// Whether a file is imported by its name or its type.
fn is_taken(name: &str, content_type: &str) -> bool {
    let name = name.to_ascii_lowercase();
    CSV_TYPES.contains(&essence(content_type).as_str())
        || CSV_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// A media type without its parameters.
fn essence(kind: &str) -> String {
    let essence = kind.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// The base name, without control characters, at most 255 characters.
fn plain_name(given: &str) -> String {
    let base = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = base.chars().filter(|c| !c.is_control()).take(NAME_MAX);
    let plain: String = plain.collect();
    match plain.trim() {
        "" | "." | ".." => DEFAULT_FILE_NAME.to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header;

    async fn read(kind: &str, body: &str) -> ApiResult<(String, String)> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        let mut body = Body::from(body.to_owned());
        let mut file = UploadedFile::open(&headers, Some("../a\\b/raw\r\n.csv"), &mut body).await?;
        let mut content = Vec::new();
        while let Some(chunk) = file.chunk().await? {
            content.extend_from_slice(&chunk);
        }
        Ok((file.finish().await?.0, String::from_utf8(content).unwrap()))
    }

    fn part(name: &str, rest: &str, content: &str) -> String {
        format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"{rest}\r\n\r\n{content}\r\n")
    }

    async fn read_parts(parts: &[String]) -> ApiResult<(String, String)> {
        let body = format!("{}--X--\r\n", parts.concat());
        read("multipart/form-data; boundary=X", &body).await
    }

    #[tokio::test]
    async fn reads_raw_bodies_and_single_parts() {
        let (name, content) = read("text/csv; charset=utf-8", "a,b\n").await.unwrap();
        assert_eq!((name.as_str(), content.as_str()), ("raw.csv", "a,b\n"));
        let csv = part(
            "file",
            "; filename=\"C:\\\\x\\\\P.CSV\"\r\nContent-Type: application/vnd.ms-excel",
            "a\n1",
        );
        let (name, content) = read_parts(&[csv]).await.unwrap();
        assert_eq!((name.as_str(), content.as_str()), ("P.CSV", "a\n1"));
        let typed = part("file", "; filename=\"data\"\r\nContent-Type: text/csv", "");
        assert_eq!(read_parts(&[typed]).await.unwrap().0, "data");
    }

    #[tokio::test]
    async fn refuses_everything_else() {
        let csv = part("file", "; filename=\"p.csv\"", "a");
        let code = |result: ApiResult<(String, String)>| match result.unwrap_err() {
            ApiError::MissingFile => "missing",
            ApiError::InvalidFileField(_) => "field",
            ApiError::InvalidFileType(_) => "type",
            ApiError::UnsupportedMediaType(_) => "media",
            ApiError::Validation(_) => "invalid",
            other => panic!("{other:?}"),
        };
        assert_eq!(code(read_parts(&[]).await), "missing");
        assert_eq!(
            code(read_parts(&[part("file", "", "text")]).await),
            "missing"
        );
        assert_eq!(
            code(read_parts(&[part("file", "; filename=\"\"", "")]).await),
            "missing"
        );
        assert_eq!(
            code(read_parts(&[part("upload", "; filename=\"p.csv\"", "")]).await),
            "field"
        );
        assert_eq!(code(read_parts(&[csv.clone(), csv.clone()]).await), "field");
        assert_eq!(
            code(read_parts(&[part("file", "; filename=\"p.pdf\"", "")]).await),
            "type"
        );
        assert_eq!(code(read("application/json", "{}").await), "media");
        assert_eq!(code(read("multipart/form-data", "x").await), "media");
        assert_eq!(
            code(read("multipart/form-data; boundary=X", &csv).await),
            "invalid"
        );
    }

    #[test]
    fn names_are_bare_and_bounded() {
        assert_eq!(plain_name("../../etc/passwd"), "passwd");
        assert_eq!(plain_name(".."), DEFAULT_FILE_NAME);
        assert_eq!(plain_name("a/"), DEFAULT_FILE_NAME);
        assert_eq!(plain_name(&"ü".repeat(300)).chars().count(), 255);
    }
}
