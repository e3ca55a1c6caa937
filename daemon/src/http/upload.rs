//! CSV in: an upload streams to the spool in constant memory, is looked at once its head is there,
//! and becomes a queued import when its last byte is safe. A refused upload leaves nothing.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Uri},
};
use bytes::Bytes;
use pm_common::{
    api::{ErrorOut, ImportAcceptedOut},
    domain::{
        error::Error,
        idempotency::Claim,
        import_job::{ImportId, ImportJob, NewImport, RunOptions, new_import_id},
        product_csv::{self, ImportOptions, ImportPlan, PlanError, PlanErrorCode},
        seller::SellerId,
    },
    ports::{archive::SpoolWriter, feed::WakeUp},
};
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use super::{
    HttpState, body, connections,
    error::{ApiError, ApiResult},
    idempotency::{self, InFlightGuard},
    identity::RequestSeller,
    json_body::json_response,
    params,
    upload_file::UploadedFile,
    upload_form,
};

/// How much of a file is looked at before the rest is taken.
const MAX_SNIFF_BYTES: usize = 1024 * 1024;

/// Import a CSV file
///
/// As the part `file` of a multipart body, whose text parts may be options as those of the query are,
/// or as a raw `text/csv` body. Comma- or tab-separated, plain or packed (`.gz`, `.zst`). Follow the
/// import at `/api/imports/{import_id}`.
#[utoipa::path(post, path = "/api/products/import", tag = "Imports",
    request_body(content(
        (String = "text/csv"),
        (upload_form::MultipartForm = "multipart/form-data"),
    )),
    params(
        ("mode" = Option<String>, Query, description = "create, upsert, update or skip; upsert when the file has a key"),
        ("preset" = Option<String>, Query, description = "auto, generic, or a shop: shopify, woocommerce, prestashop, medusa, vendure, wix, lightspeed, square, etsy, ebay, amazon, squarespace, bigcommerce, odoo, magento"),
        ("delimiter" = Option<String>, Query, description = ", ; | or tab; detected by default"),
        ("decimal" = Option<String>, Query, description = ". or ,: the decimal mark of numbers; detected by default for each column"),
        ("encoding" = Option<String>, Query, description = "utf-8, utf-16le, windows-1252, macintosh, …; detected by default"),
        ("map" = Option<Vec<String>>, Query, description = "Header=field, as often as needed"),
        ("default" = Option<Vec<String>>, Query, description = "field=value for blank cells, as often as needed"),
        ("long_text" = Option<String>, Query, description = "cut (by default, with a warning) or reject: a description over 2,000 characters"),
        ("on_repeat" = Option<String>, Query, description = "accept (by default) or refuse: bytes that were imported before and created products without a key"),
        ("dry_run" = Option<bool>, Query, description = "true: everything but the change of products, with the counts of the real run and the first changes"),
        ("max_errors" = Option<String>, Query, description = "A number of rows such as 20, or a share such as 5%: more rejected rows stop the import"),
        ("key" = Option<String>, Query, description = "sku, the only key there is"),
        ("file_name" = Option<String>, Query, description = "The name of a raw body's file"),
        ("Idempotency-Key" = Option<String>, Header, description = "A retry with the same key and file acts once"),
    ),
    responses(
        (status = 202, body = ImportAcceptedOut),
        (status = 400, body = ErrorOut, description = "MISSING_FILE, INVALID_FILE_FIELD, INVALID_FILE_TYPE, UNSUPPORTED_ENCODING, MISSING_COLUMNS, VALIDATION_ERROR"),
        (status = 409, body = ErrorOut, description = "ALREADY_IMPORTED, IDEMPOTENCY_IN_PROGRESS"),
        (status = 413, body = ErrorOut, description = "FILE_TOO_LARGE"),
        (status = 415, body = ErrorOut, description = "UNSUPPORTED_MEDIA_TYPE"),
        (status = 422, body = ErrorOut, description = "IDEMPOTENCY_KEY_REUSED"),
    ))]
pub(super) async fn import(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    request: Request,
) -> ApiResult {
    let (parts, mut body) = request.into_parts();
    let received = receive(&http, &seller, &parts.headers, &parts.uri, &mut body).await;
    let upload = match received {
        Ok(upload) => upload,
        Err(error) => {
            body::drain_refused(&parts.headers, &mut body, &error).await;
            return Err(error);
        }
    };
    connections::begin_work(&parts.extensions);
    let Ok(_permit) = http.capacity.clone().try_acquire_owned() else {
        return Err(ApiError::Overloaded);
    };
    // Carried through to its end even if the client goes away now.
    let queued = tokio::spawn(upload.queue(http, seller)).await;
    let job = queued.map_err(|error| ApiError::Internal(error.to_string()))??;
    let body = ImportAcceptedOut {
        message: "CSV import started".to_owned(),
        import_id: job.id,
        status: "processing".to_owned(),
    };
    Ok(json_response(StatusCode::ACCEPTED, &body))
}

/// Takes the body in, up to its last byte.
async fn receive(
    http: &HttpState,
    seller: &SellerId,
    headers: &HeaderMap,
    uri: &Uri,
    body: &mut Body,
) -> ApiResult<ReceivedUpload> {
    let key = idempotency::key(headers)?;
    let asked = UploadParams::read(uri)?;
    body::plain_encoding(headers)?;
    let limit = http.app.config.import_max_bytes;
    let most = limit.saturating_add(upload_form::MAX_FRAMING_BYTES);
    if body::declared_length(headers).is_some_and(|length| length > most) {
        return Err(ApiError::FileTooLarge(limit));
    }
    let flight = key
        .as_ref()
        .map(|key| http.uploads.enter(seller, key))
        .transpose()?;
    let receiving = http.receiving.try_acquire(seller);
    let _receiving = receiving.map_err(|_| ApiError::Overloaded)?;
    let mut file = UploadedFile::open(headers, asked.file_name.as_deref(), body).await?;
    let id = new_import_id();
    let mut intake = SpoolingUpload {
        spool: http.app.archive.spool_create(&id).await?,
        // A form may have options after its file.
        options: (!file.is_form()).then(|| asked.options.clone()),
        limit,
        head: Vec::new(),
        plan: None,
        hash: Sha256::new(),
        bytes: 0,
    };
    while let Some(chunk) = file.chunk().await? {
        intake.take(chunk).await?;
    }
    let is_form = file.is_form();
    let (file_name, more) = file.finish().await?;
    if is_form {
        upload_form::skip_epilogue(body).await?;
    }
    let asked = asked.with(more)?;
    let (spool, plan, sha256, bytes_total) = intake.end(&asked.options).await?;
    let claim = key.map(|key| asked.claim(key, uri, &file_name, &sha256));
    let new = NewImport {
        id,
        file_name,
        bytes_total,
        sha256,
        plan,
        run: RunOptions::from(&asked.options),
        on_repeat: asked.options.on_repeat.unwrap_or_default(),
        undo_of: None,
    };
    Ok(ReceivedUpload {
        spool,
        new,
        claim,
        _flight: flight,
    })
}

/// What the query asks for, and the form.
struct UploadParams {
    pairs: Vec<(String, String)>,
    options: ImportOptions,
    file_name: Option<String>,
}

impl UploadParams {
    fn read(uri: &Uri) -> ApiResult<Self> {
        let mut pairs = params::pairs(uri.query().unwrap_or_default())?;
        pairs.retain(|(_, value)| !value.is_empty());
        let (names, pairs): (Vec<_>, Vec<_>) =
            pairs.into_iter().partition(|(name, _)| name == "file_name");
        if names.len() > 1 {
            let rest = "is given more than once";
            return Err(ApiError::invalid("file_name", "repeated", rest, ""));
        }
        Ok(Self {
            options: options(&pairs)?,
            pairs,
            file_name: names.into_iter().next().map(|(_, name)| name),
        })
    }

    /// The same with the options of a form; one that is given in both is refused.
    fn with(mut self, more: Vec<(String, String)>) -> ApiResult<Self> {
        self.pairs.extend(more);
        self.options = options(&self.pairs)?;
        Ok(self)
    }

    /// The same file under the same name with the same options is the same request, however it
    /// was wrapped.
    fn claim(&self, key: String, uri: &Uri, file_name: &str, sha256: &str) -> Claim {
        let mut content = String::new();
        for (name, value) in self.options.to_pairs() {
            content.extend([name, "=", &value, "\0"]);
        }
        content.extend([file_name, "\0", sha256]);
        Claim::new(key, &idempotency::route(uri), content.as_bytes())
    }
}

fn options(pairs: &[(String, String)]) -> ApiResult<ImportOptions> {
    let pairs = pairs.iter();
    let borrowed = pairs.map(|(name, value)| (name.as_str(), value.as_str()));
    ImportOptions::from_pairs(borrowed).map_err(ApiError::Validation)
}

/// An upload on its way into the spool.
struct SpoolingUpload {
    spool: Box<dyn SpoolWriter>,
    /// `None` until all of them are known, which is at the end of a form.
    options: Option<ImportOptions>,
    limit: u64,
    /// The first bytes, until they are looked at.
    head: Vec<u8>,
    plan: Option<ImportPlan>,
    hash: Sha256,
    bytes: u64,
}

impl SpoolingUpload {
    async fn take(&mut self, chunk: Bytes) -> ApiResult<()> {
        self.bytes += chunk.len() as u64;
        if self.bytes > self.limit {
            return Err(ApiError::FileTooLarge(self.limit));
        }
        self.hash.update(&chunk);
        if self.plan.is_none() {
            let wanted = MAX_SNIFF_BYTES - self.head.len();
            self.head.extend(chunk.iter().take(wanted));
            let options = self.options.clone();
            if let Some(options) = options.filter(|_| self.head.len() == MAX_SNIFF_BYTES) {
                self.look(options).await?;
            }
        }
        Ok(self.spool.write(chunk).await?)
    }

    /// Finds out what the file is; a hopeless one is refused here.
    async fn look(&mut self, options: ImportOptions) -> ApiResult<()> {
        let head = std::mem::take(&mut self.head);
        let complete = head.len() < MAX_SNIFF_BYTES;
        // A wide header takes its time, which is not taken from the other requests.
        let planning = spawn_blocking(move || product_csv::plan(&head, complete, &options));
        let planned = planning.await;
        let planned = planned.map_err(|error| ApiError::Internal(error.to_string()))?;
        self.plan = Some(planned.map_err(refusal)?);
        Ok(())
    }

    async fn end(
        mut self,
        options: &ImportOptions,
    ) -> ApiResult<(Box<dyn SpoolWriter>, ImportPlan, String, u64)> {
        if self.plan.is_none() {
            self.look(options.clone()).await?;
        }
        let missing = || ApiError::Internal("a file without a plan".to_owned());
        let plan = self.plan.ok_or_else(missing)?;
        let sha256 = format!("{:x}", self.hash.finalize());
        Ok((self.spool, plan, sha256, self.bytes))
    }
}

/// Why a file cannot be imported, as an answer.
fn refusal(error: PlanError) -> ApiError {
    match error.code {
        PlanErrorCode::MissingColumns => {
            let message = error.to_string();
            let columns = error.errors.into_iter().map(|error| error.field).collect();
            ApiError::MissingColumns(message, columns)
        }
        PlanErrorCode::UnsupportedEncoding => ApiError::UnsupportedEncoding(error.to_string()),
        PlanErrorCode::ValidationError => ApiError::Validation(error.errors),
    }
}

/// An upload that is complete.
struct ReceivedUpload {
    spool: Box<dyn SpoolWriter>,
    new: NewImport,
    claim: Option<Claim>,
    /// Ends with the request, whatever becomes of it.
    _flight: Option<InFlightGuard>,
}

impl ReceivedUpload {
    /// Makes it durable and queues its import, or answers what an equal request queued before.
    async fn queue(self, http: Arc<HttpState>, seller: SellerId) -> ApiResult<ImportJob> {
        let app = &http.app;
        let store = &app.store;
        if let Some(claim) = &self.claim
            && let Some(earlier) = store.import_claimed(&seller, claim).await?
        {
            return Ok(earlier);
        }
        let id = self.new.id.clone();
        self.spool.finish().await?;
        let created = store
            .import_create(&seller, self.new, self.claim.as_ref())
            .await;
        if !may_be_needed(&created, &id)
            && let Err(error) = app.archive.spool_remove(&id).await
        {
            tracing::warn!(%error, import = id, "the file of a refused upload could not be removed");
        }
        if let Err(error) = app.feed.send_wake_up(WakeUp::Imports).await {
            tracing::debug!(%error, "a worker finds the import by itself");
        }
        Ok(created?)
    }
}

/// Whether an import may need the upload with this id. It does when one was queued, and it may when
/// nothing is known: an import without its file can only fail.
fn may_be_needed(created: &Result<ImportJob, Error>, id: &ImportId) -> bool {
    match created {
        // Another process may have been quicker with an equal request.
        Ok(job) => job.id == *id,
        Err(Error::Invalid(_) | Error::Conflict(_) | Error::Overloaded(_)) => false,
        Err(Error::Unavailable { .. } | Error::OutcomeUnknown { .. } | Error::Corrupt(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> ApiResult<UploadParams> {
        UploadParams::read(&format!("/api/products/import?{query}").parse().unwrap())
    }

    #[test]
    fn unknown_options_are_refused() {
        assert!(asked("mode=create&map=Preis%3Dprice&file_name=a.csv").is_ok());
        for bad in [
            "mod=create",
            "mode=all",
            "file_name=a&file_name=b",
            "map=x%3Dcolour",
        ] {
            assert!(asked(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_claim_covers_options_name_and_content() {
        let uri: Uri = "/api/products/import".parse().unwrap();
        let claim = |query: &str, name: &str, sha: &str| {
            let asked = asked(query).unwrap();
            asked.claim("k".into(), &uri, name, sha).fingerprint
        };
        let same = claim("mode=create", "a.csv", "1");
        assert_eq!(same, claim("mode=create&file_name=", "a.csv", "1"));
        assert_ne!(same, claim("mode=upsert", "a.csv", "1"));
        assert_ne!(same, claim("mode=create", "b.csv", "1"));
        assert_ne!(same, claim("mode=create", "a.csv", "2"));
    }
}
