//! A multipart upload: one file part named `file`; text parts named like an option are that option,
//! before or after the file; other text parts are passed over.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    body::{Body, HttpBody as _},
    http::{HeaderMap, header},
};
use bytes::Bytes;
use futures_util::stream;
use multer::{Field, Multipart as Parts};
use pm_common::domain::product_csv::ImportOptions;
use tokio::task::yield_now;
use utoipa::ToSchema;

use super::{
    body::{self, BodyPace},
    error::{ApiError, ApiResult},
    part_header::PartHeader,
};

/// Most that a multipart body may have around its file: texts, headers of parts, preamble, epilogue.
pub(super) const MAX_FRAMING_BYTES: u64 = 64 * 1024;

/// Most that is parsed at once.
const MAX_PIECE_BYTES: usize = 16 * 1024;

/// A multipart upload, for the document.
#[derive(Debug, ToSchema)]
#[schema(as = Multipart)]
#[expect(dead_code, reason = "describes a body that is never held in memory")]
pub(super) struct MultipartForm {
    /// The CSV file. Text parts named like an option of the query are that option.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// A form that is being read.
pub(super) struct UploadForm<'a> {
    parts: Parts<'a>,
    /// Bytes that came in and were not the file's.
    framing: Arc<AtomicU64>,
    /// Bytes of the texts so far.
    text_bytes: u64,
    /// The texts named like an option, as they came.
    options: Vec<(String, String)>,
}

/// The part with the file.
pub(super) struct FilePart<'a> {
    pub(super) name: String,
    pub(super) content_type: String,
    field: Box<Field<'a>>,
    framing: Arc<AtomicU64>,
}

/// A body in small pieces, so that the parser holds little of which nobody knows whether it is the
/// file's.
struct BodyPieces<'a> {
    body: &'a mut Body,
    pace: BodyPace,
    /// What has come in and is not parsed yet.
    rest: Bytes,
    framing: Arc<AtomicU64>,
}

impl BodyPieces<'_> {
    async fn next(&mut self) -> ApiResult<Option<Bytes>> {
        // The parser takes all that is ready before it looks: one piece at a time.
        yield_now().await;
        if self.framing.load(Ordering::Relaxed) > MAX_FRAMING_BYTES {
            return Err(ApiError::BodyTooLarge(MAX_FRAMING_BYTES));
        }
        if self.rest.is_empty() {
            match body::next_chunk(self.body, &mut self.pace).await? {
                Some(chunk) => self.rest = chunk,
                None => return Ok(None),
            }
        }
        let piece = self.rest.split_to(self.rest.len().min(MAX_PIECE_BYTES));
        self.framing
            .fetch_add(piece.len() as u64, Ordering::Relaxed);
        Ok(Some(piece))
    }
}

impl<'a> UploadForm<'a> {
    /// A form of this `Content-Type`, before its first part.
    pub(super) fn open(content_type: &str, body: &'a mut Body) -> ApiResult<Self> {
        let boundary = multer::parse_boundary(content_type).map_err(|_| {
            let message = "A multipart Content-Type needs its boundary";
            ApiError::UnsupportedMediaType(message.to_owned())
        })?;
        let framing = Arc::new(AtomicU64::new(0));
        let pieces = BodyPieces {
            body,
            pace: BodyPace::start(),
            rest: Bytes::new(),
            framing: Arc::clone(&framing),
        };
        let chunks = stream::unfold(pieces, |mut pieces| async {
            let piece = pieces.next().await.transpose()?;
            Some((piece, pieces))
        });
        Ok(Self {
            parts: Parts::new(chunks, boundary),
            framing,
            text_bytes: 0,
            options: Vec::new(),
        })
    }

    /// Reads up to the first byte of the file.
    pub(super) async fn file(&mut self) -> ApiResult<FilePart<'a>> {
        match self.next_file().await? {
            Some((field_name, part)) if field_name == "file" => Ok(part),
            Some((field_name, _)) => Err(ApiError::InvalidFileField(field_name)),
            None => Err(ApiError::MissingFile),
        }
    }

    /// The options of the whole form, once it is clear that it has no other file.
    pub(super) async fn finish(mut self) -> ApiResult<Vec<(String, String)>> {
        match self.next_file().await? {
            Some((field_name, _)) => Err(ApiError::InvalidFileField(field_name)),
            None => Ok(self.options),
        }
    }

    /// The next file and its part's name, texts before it taken in.
    async fn next_file(&mut self) -> ApiResult<Option<(String, FilePart<'a>)>> {
        while let Some(field) = self.parts.next_field().await.map_err(broken)? {
            let header = PartHeader::of(field.headers());
            match header.file_name {
                None => self.take_text(header.name, field).await?,
                // The form has a field for a file, and none was chosen.
                Some(name) if name.is_empty() => {}
                Some(name) => {
                    let part = FilePart {
                        name,
                        content_type: content_type(field.headers()),
                        field: Box::new(field),
                        framing: Arc::clone(&self.framing),
                    };
                    return Ok(Some((header.name, part)));
                }
            }
        }
        Ok(None)
    }

    async fn take_text(&mut self, name: String, mut field: Field<'a>) -> ApiResult<()> {
        let mut value = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(broken)? {
            self.text_bytes += chunk.len() as u64;
            if self.text_bytes > MAX_FRAMING_BYTES {
                return Err(ApiError::BodyTooLarge(MAX_FRAMING_BYTES));
            }
            value.extend_from_slice(&chunk);
        }
        if value.is_empty() || !ImportOptions::is_option(&name) {
            return Ok(());
        }
        let Ok(value) = String::from_utf8(value) else {
            return Err(ApiError::invalid(&name, "encoding", "is no UTF-8 text", ""));
        };
        self.options.push((name, value));
        Ok(())
    }
}

impl FilePart<'_> {
    /// The next bytes of the file, or `None` at its end.
    pub(super) async fn chunk(&mut self) -> ApiResult<Option<Bytes>> {
        let chunk = self.field.chunk().await.map_err(broken)?;
        if let Some(chunk) = &chunk {
            self.framing
                .fetch_sub(chunk.len() as u64, Ordering::Relaxed);
        }
        Ok(chunk)
    }
}

/// Reads what follows a form, which is not the parser's business, up to the end of the body.
pub(super) async fn skip_epilogue(body: &mut Body) -> ApiResult<()> {
    let (mut pace, mut bytes) = (BodyPace::start(), 0);
    while !body.is_end_stream() {
        let Some(chunk) = body::next_chunk(body, &mut pace).await? else {
            break;
        };
        bytes += chunk.len() as u64;
        if bytes > MAX_FRAMING_BYTES {
            return Err(ApiError::BodyTooLarge(MAX_FRAMING_BYTES));
        }
    }
    Ok(())
}

pub(super) fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE);
    let text = value.and_then(|value| value.to_str().ok());
    text.unwrap_or_default().to_owned()
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
