//! Stock changes of many products in one request.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, Uri},
};
use pm_common::{
    api::{ErrorOut, StockBatchOut, StockResultOut},
    domain::{
        error::Conflict,
        product::{ProductRef, StockBatch, StockBatchBody, StockBatchLine, StockOutcome},
    },
};

use super::{
    HttpState,
    body::JsonBody,
    error::{ApiError, ApiResult},
    idempotency,
    identity::RequestSeller,
    reply,
};

/// Add to or take from the stock of many products
///
/// 1 to 1,000 changes, applied in their order. Each stands on its own, with a `status` as the change
/// alone would have; with `atomic` one that cannot be done leaves all undone, and the answer is its
/// error. Changes of one product are one change of it, with one event.
#[utoipa::path(post, path = "/api/products/stock", tag = "Products", request_body = StockBatchBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "A retry with the same key and body acts once")),
    responses(
        (status = 200, body = StockBatchOut, description = "What became of each change"),
        (status = 400, body = ErrorOut, description = "VALIDATION_ERROR, INVALID_JSON; nothing was changed"),
        (status = 404, body = ErrorOut, description = "PRODUCT_NOT_FOUND, of an atomic batch"),
        (status = 409, body = ErrorOut, description = "INSUFFICIENT_STOCK, of an atomic batch, with the present quantity"),
        (status = 422, body = ErrorOut, description = "IDEMPOTENCY_KEY_REUSED"),
    ))]
pub(super) async fn stock_batch(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    headers: HeaderMap,
    uri: Uri,
    body: JsonBody,
) -> ApiResult {
    let claim = idempotency::claim(&headers, &uri, &body.bytes)?;
    let batch = StockBatch::from_json(&body.object).map_err(ApiError::Validation)?;
    let (lines, atomic) = (batch.lines.clone(), batch.atomic);
    let store = &http.app.store;
    let outcomes = store
        .product_stock_batch(&seller, batch, claim.as_ref())
        .await?;
    let results: Vec<_> = (0..)
        .zip(lines)
        .zip(outcomes)
        .map(|((index, line), outcome)| StockResult::new(index, line, outcome))
        .collect();
    if atomic && results.iter().any(|result| result.refusal.is_some()) {
        let refused = results.into_iter().find_map(StockResult::into_error);
        return Err(refused.unwrap_or(ApiError::ProductNotFound));
    }
    let data = results.into_iter().map(StockResult::into_out).collect();
    reply::ok(&StockBatchOut { data })
}

/// One change and what became of it.
#[derive(Debug)]
struct StockResult {
    index: usize,
    out: StockResultOut,
    refusal: Option<ApiError>,
}

impl StockResult {
    fn new(index: usize, line: StockBatchLine, outcome: StockOutcome) -> Self {
        let mut out = StockResultOut {
            index,
            id: None,
            sku: None,
            status: 200,
            product: None,
            error: None,
        };
        match line.product {
            ProductRef::Id(id) => out.id = Some(id),
            ProductRef::Sku(sku) => out.sku = Some(sku),
        }
        let refusal = match outcome {
            StockOutcome::Done(product) => {
                out.id = Some(product.id);
                out.sku.clone_from(&product.sku);
                out.product = Some(product);
                None
            }
            StockOutcome::Absent => Some(ApiError::ProductNotFound),
            StockOutcome::Refused { id, refusal } => {
                out.id = Some(id);
                Some(ApiError::Port(Conflict::from(refusal).into()))
            }
        };
        Self {
            index,
            out,
            refusal,
        }
    }

    fn into_out(mut self) -> StockResultOut {
        if let Some(refusal) = &self.refusal {
            self.out.status = refusal.status().as_u16();
            self.out.error = Some(refusal.body());
        }
        self.out
    }

    /// The refusal as the one of the whole batch.
    fn into_error(self) -> Option<ApiError> {
        let cause = Box::new(self.refusal?);
        let index = self.index;
        Some(ApiError::StockBatch { index, cause })
    }
}
