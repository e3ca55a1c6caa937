//! Imports after their upload: what became of them, their rejected rows, and an early end.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use bytes::Bytes;
use futures_util::stream;
use pm_common::{
    api::{ErrorOut, ImportAcceptedOut, ImportOut, ImportsOut, Pagination},
    domain::{
        clock,
        error::Result,
        import_job::{ImportJob, ImportStatus, new_import_id},
        message_text::thousands,
        product_csv::{rejects_header, rejects_row},
        seller::SellerId,
    },
    ports::{feed::WakeUp, store::ImportStore},
    request::PageRequest,
};

use super::{
    HttpState,
    body::RawBody,
    error::{ApiError, ApiResult},
    export, idempotency,
    identity::RequestSeller,
    json_body::json_response,
    list,
    params::QueryParams,
    path::ImportPath,
    reply,
};

/// Rejected rows shown with a job.
const ERRORS_SHOWN: u32 = 100;
/// Rejected rows read at once for the file.
const REJECTS_PAGE_ROWS: u32 = 500;

/// List imports
///
/// Newest first, without their `errors` and `warnings`.
#[utoipa::path(get, path = "/api/imports", tag = "Imports",
    params(
        ("page" = Option<u64>, Query, description = "From 1"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default"),
    ),
    responses(
        (status = 200, body = ImportsOut),
        (status = 400, body = ErrorOut, description = "VALIDATION_ERROR"),
    ))]
pub(super) async fn list(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    params: QueryParams,
) -> ApiResult {
    let page = params.read(PageRequest::read)?;
    let (offset, limit) = (list::offset(page), page.limit);
    let store = &http.app.store;
    let found = store.import_list(&seller, offset, limit).await?;
    let now = clock::now();
    let jobs = found.items.iter();
    let data = jobs.map(|job| ImportOut::listed(job, now)).collect();
    let pagination = Pagination::new(page.number, limit, found.total);
    reply::ok(&ImportsOut { data, pagination })
}

/// Read an import
#[utoipa::path(get, path = "/api/imports/{id}", tag = "Imports",
    params(("id" = String, Path)),
    responses(
        (status = 200, body = ImportOut),
        (status = 404, body = ErrorOut, description = "IMPORT_NOT_FOUND"),
    ))]
pub(super) async fn get(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    ImportPath(id): ImportPath,
) -> ApiResult {
    let job = find(&http, &seller, &id).await?;
    reply::ok(&shown(&*http.app.store, &seller, &job).await?)
}

/// Download the rejected rows
///
/// The original columns, then what is wrong with each row; mend it and import it again.
#[utoipa::path(get, path = "/api/imports/{id}/rejects", tag = "Imports",
    params(("id" = String, Path)),
    responses(
        (status = 200, body = String, content_type = "text/csv"),
        (status = 404, body = ErrorOut, description = "IMPORT_NOT_FOUND"),
    ))]
pub(super) async fn rejects(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    ImportPath(id): ImportPath,
) -> ApiResult {
    let job = find(&http, &seller, &id).await?;
    let name = format!("{}.rejects.csv", stem(&job.file_name));
    let file = RejectsFile {
        store: http.app.store.clone(),
        first: Some(rejects_header(&job.plan)),
        after: Some(0),
        job,
    };
    let chunks = stream::unfold(file, |mut file| async {
        let chunk = file.step().await.transpose()?;
        Some((chunk, file))
    });
    Ok(export::csv(&name, chunks))
}

/// A file's name without the endings that say how it is packed and separated.
fn stem(name: &str) -> &str {
    let without = |name: &'_ str, endings: &[&str]| {
        let found = endings.iter().find(|ending| name.ends_with(**ending));
        name.len() - found.map_or(0, |ending| ending.len())
    };
    let packed = name.get(..without(name, &[".gz", ".zst"])).unwrap_or(name);
    let plain = without(packed, &[".csv", ".tsv", ".txt"]);
    packed.get(..plain).unwrap_or(packed)
}

/// Ask for an early end
///
/// What was committed by then stays; the answer says how much.
#[utoipa::path(post, path = "/api/imports/{id}/cancel", tag = "Imports",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header, description = "A retry with the same key and body acts once")),
    responses(
        (status = 202, body = ImportAcceptedOut),
        (status = 400, body = ErrorOut, description = "VALIDATION_ERROR"),
        (status = 404, body = ErrorOut, description = "IMPORT_NOT_FOUND"),
        (status = 409, body = ErrorOut, description = "IMPORT_NOT_CANCELLABLE"),
        (status = 422, body = ErrorOut, description = "IDEMPOTENCY_KEY_REUSED"),
    ))]
pub(super) async fn cancel(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    ImportPath(id): ImportPath,
    headers: HeaderMap,
    uri: Uri,
    RawBody(bytes): RawBody,
) -> ApiResult {
    let claim = idempotency::claim(&headers, &uri, &bytes)?;
    let store = &http.app.store;
    let job = store.import_cancel(&seller, &id, claim.as_ref()).await?;
    let job = job.ok_or(ApiError::ImportNotFound)?;
    if job.finished_at.is_some() {
        // No worker had it yet. What is left here goes with the job.
        if let Err(error) = http.app.archive.spool_remove(&job.id).await {
            tracing::warn!(import = job.id, %error, "the upload of a cancelled import stays");
        }
    }
    let body = ImportAcceptedOut {
        message: what_stays(&job),
        import_id: job.id,
        status: job.status.as_str().to_owned(),
    };
    Ok(json_response(StatusCode::ACCEPTED, &body))
}

/// Undo an import
///
/// Deletes what it created and puts back what it altered, wherever the product was not changed since,
/// as a job of its own; the others are its rejected rows.
#[utoipa::path(post, path = "/api/imports/{id}/undo", tag = "Imports",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header, description = "A retry with the same key and body acts once")),
    responses(
        (status = 202, body = ImportAcceptedOut),
        (status = 400, body = ErrorOut, description = "VALIDATION_ERROR"),
        (status = 404, body = ErrorOut, description = "IMPORT_NOT_FOUND"),
        (status = 409, body = ErrorOut, description = "IMPORT_NOT_UNDOABLE"),
        (status = 422, body = ErrorOut, description = "IDEMPOTENCY_KEY_REUSED"),
    ))]
pub(super) async fn undo(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    ImportPath(id): ImportPath,
    headers: HeaderMap,
    uri: Uri,
    RawBody(bytes): RawBody,
) -> ApiResult {
    let claim = idempotency::claim(&headers, &uri, &bytes)?;
    let store = &http.app.store;
    let queued = store.import_undo(&seller, &id, new_import_id(), claim.as_ref());
    let job = queued.await?.ok_or(ApiError::ImportNotFound)?;
    if let Err(error) = http.app.feed.send_wake_up(WakeUp::Imports).await {
        tracing::debug!(%error, "a worker finds the undo by itself");
    }
    let body = ImportAcceptedOut {
        message: "The undo started; products that were changed since stay as they are".to_owned(),
        import_id: job.id,
        status: "processing".to_owned(),
    };
    Ok(json_response(StatusCode::ACCEPTED, &body))
}

fn what_stays(job: &ImportJob) -> String {
    let (created, updated) = (thousands(job.counts.created), thousands(job.counts.updated));
    match job.status {
        ImportStatus::Cancelled if job.counts.rows == 0 => {
            "The import was cancelled before it changed anything".to_owned()
        }
        ImportStatus::Cancelled => format!(
            "The import was cancelled; {created} created and {updated} updated products stay"
        ),
        _ => format!(
            "The import stops after its present batch; what is committed by then stays \
             ({created} created and {updated} updated so far)"
        ),
    }
}

async fn find(http: &HttpState, seller: &SellerId, id: &str) -> ApiResult<ImportJob> {
    let job = http.app.store.import_get(seller, id).await?;
    job.ok_or(ApiError::ImportNotFound)
}

async fn shown(store: &dyn ImportStore, seller: &SellerId, job: &ImportJob) -> Result<ImportOut> {
    let rejects = if job.counts.rejected == 0 {
        Vec::new()
    } else {
        store.import_errors(seller, &job.id, ERRORS_SHOWN).await?
    };
    Ok(ImportOut::detailed(job, &rejects, clock::now()))
}

/// A rejects file on its way out.
struct RejectsFile {
    store: Arc<dyn ImportStore>,
    job: ImportJob,
    /// The header, until it is written.
    first: Option<Vec<u8>>,
    /// The last row written; `None` at the end.
    after: Option<i64>,
}

impl RejectsFile {
    async fn step(&mut self) -> Result<Option<Bytes>> {
        if let Some(header) = self.first.take() {
            return Ok(Some(header.into()));
        }
        let Some(after) = self.after.take() else {
            return Ok(None);
        };
        let page = self
            .store
            .import_rejects(&self.job.seller_id, &self.job.id, after, REJECTS_PAGE_ROWS)
            .await?;
        let mut out = Vec::new();
        for (_, reject) in &page {
            rejects_row(&self.job.plan, reject, &mut out);
        }
        self.after = page.last().map(|(number, _)| *number);
        Ok((!out.is_empty()).then(|| out.into()))
    }
}
