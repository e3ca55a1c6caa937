//! The file within an upload: the only part `file` of a multipart body, or the body itself.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::Bytes;
use futures_util::stream;
use multer::{Field, Multipart as Parts};
use tokio::task::yield_now;
use utoipa::ToSchema;

use super::{
    body::{self, BodyPace},
    error::{ApiError, ApiResult},
};

/// The name of a raw body that has none.
const DEFAULT_FILE_NAME: &str = "upload.csv";
/// Most that a multipart body may have around its file: headers of parts, preamble, epilogue.
pub(super) const MAX_FRAMING_BYTES: u64 = 64 * 1024;
/// Longest file name, in characters.
const NAME_MAX: usize = 255;
/// Types of a CSV file; one whose name ends in `.csv` may have any.
const CSV_TYPES: [&str; 6] = [
    "text/csv",
    "application/csv",
    "text/x-csv",
    "application/x-csv",
    "text/comma-separated-values",
    "text/x-comma-separated-values",
];

/// A multipart upload, for the document.
#[derive(Debug, ToSchema)]
#[schema(as = Multipart)]
#[expect(dead_code, reason = "describes a body that is never held in memory")]
pub(super) struct MultipartForm {
    /// The CSV file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// A file that is being read.
pub(super) enum UploadedFile<'a> {
    Raw {
        name: String,
        body: &'a mut Body,
        pace: BodyPace,
    },
    Part {
        name: String,
        field: Box<Field<'a>>,
        parts: Parts<'a>,
        /// Bytes that came in and were not the file's.
        framing: Arc<AtomicU64>,
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
        let essence = essence(&kind);
        if essence == "multipart/form-data" {
            return Self::open_part(&kind, body).await;
        }
        if CSV_TYPES.contains(&essence.as_str()) {
            let name = plain_name(asked_name.unwrap_or(DEFAULT_FILE_NAME));
            return Ok(Self::Raw {
                name,
                body,
                pace: BodyPace::start(),
            });
        }
        let message = "Send the file as multipart/form-data or as a text/csv body";
        Err(ApiError::UnsupportedMediaType(message.to_owned()))
    }

    async fn open_part(kind: &str, body: &'a mut Body) -> ApiResult<Self> {
        let boundary = multer::parse_boundary(kind).map_err(|_| {
            let message = "A multipart Content-Type needs its boundary";
            ApiError::UnsupportedMediaType(message.to_owned())
        })?;
        let framing = Arc::new(AtomicU64::new(0));
        let start = (body, BodyPace::start(), Arc::clone(&framing));
        let chunks = stream::unfold(start, |(body, mut pace, framing)| async move {
            // The parser takes all that is ready before it looks: one piece at a time.
            yield_now().await;
            if framing.load(Ordering::Relaxed) > MAX_FRAMING_BYTES {
                let refusal = Err(ApiError::BodyTooLarge(MAX_FRAMING_BYTES));
                return Some((refusal, (body, pace, framing)));
            }
            let chunk = body::next_chunk(body, &mut pace).await.transpose()?;
            if let Ok(chunk) = &chunk {
                framing.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            }
            Some((chunk, (body, pace, framing)))
        });
        let mut parts = Parts::new(chunks, boundary);
        let field = parts.next_field().await.map_err(broken)?;
        let field = field.ok_or(ApiError::MissingFile)?;
        if field.name() != Some("file") {
            let name = field.name().unwrap_or_default();
            return Err(ApiError::InvalidFileField(name.to_owned()));
        }
        // A form without a chosen file sends an empty name; a part without one is a text.
        let given = field.file_name().filter(|name| !name.is_empty());
        let name = plain_name(given.ok_or(ApiError::MissingFile)?);
        let kind = field.content_type().map(|kind| essence(kind.as_ref()));
        let is_csv = kind.is_some_and(|kind| CSV_TYPES.contains(&kind.as_str()));
        if !is_csv && !name.to_ascii_lowercase().ends_with(".csv") {
            return Err(ApiError::InvalidFileType(name));
        }
        Ok(Self::Part {
            name,
            field: Box::new(field),
            parts,
            framing,
        })
    }

    /// The next bytes, or `None` at the end.
    pub(super) async fn chunk(&mut self) -> ApiResult<Option<Bytes>> {
        match self {
            Self::Raw { body, pace, .. } => body::next_chunk(body, pace).await,
            Self::Part { field, framing, .. } => {
                let chunk = field.chunk().await.map_err(broken)?;
                if let Some(chunk) = &chunk {
                    framing.fetch_sub(chunk.len() as u64, Ordering::Relaxed);
                }
                Ok(chunk)
            }
        }
    }

    /// The file's name, once it is clear that nothing else was sent.
    pub(super) async fn finish(self) -> ApiResult<String> {
        match self {
            Self::Raw { name, .. } => Ok(name),
            Self::Part {
                name,
                field,
                mut parts,
                ..
            } => {
                drop(field);
                match parts.next_field().await.map_err(broken)? {
                    None => Ok(name),
                    Some(other) => {
                        let other = other.name().unwrap_or_default();
                        Err(ApiError::InvalidFileField(other.to_owned()))
                    }
                }
            }
        }
    }
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE);
    let text = value.and_then(|value| value.to_str().ok());
    text.unwrap_or_default().to_owned()
}

/// A media type without its parameters.
fn essence(kind: &str) -> String {
    let essence = kind.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// A multipart body that cannot be read, or the reason why its bytes could not.
fn broken(error: multer::Error) -> ApiError {
    match error {
        multer::Error::StreamReadFailed(inner) => match inner.downcast::<ApiError>() {
            Ok(error) => *error,
            Err(error) => ApiError::Internal(error.to_string()),
        },
        error => {
            let rest = format!("is not a valid multipart body: {error}");
            ApiError::invalid("body", "format", &rest, "")
        }
    }
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

    async fn read(kind: &str, body: &str) -> ApiResult<(String, String)> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        let mut body = Body::from(body.to_owned());
        let mut file = UploadedFile::open(&headers, Some("../a\\b/raw\r\n.csv"), &mut body).await?;
        let mut content = Vec::new();
        while let Some(chunk) = file.chunk().await? {
            content.extend_from_slice(&chunk);
        }
        Ok((file.finish().await?, String::from_utf8(content).unwrap()))
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
