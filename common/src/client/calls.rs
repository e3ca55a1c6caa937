//! One method per endpoint.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Body, Method, Response, StatusCode, header};

use super::{ANSWER_WITHIN, Client, ClientError, Result};
use crate::{
    api::{
        CategoriesOut, DailyOut, DeletedOut, EventsOut, HealthOut, ImportAcceptedOut, ImportOut,
        ImportsOut, LowStockPageOut, ProductsOut, SummaryOut,
    },
    domain::product::{NewProduct, Product, ProductId, ProductPatch, StockChange},
    request::{DailyRequest, EventListRequest, ExportRequest, PageRequest, ProductListRequest},
};

/// How long a request waits at most before it is repeated.
const MAX_REPEAT_WAIT: Duration = Duration::from_secs(2);

/// Query parameters, in order; a name may occur more than once.
pub type QueryPairs = [(String, String)];

/// A file on its way to an import.
#[derive(Debug)]
pub struct UploadRequest<'a> {
    /// Shown with the job.
    pub file_name: &'a str,
    /// The import's options, as the server reads them from the query.
    pub options: &'a QueryPairs,
    /// Sending the same file with the same key again finds the same import.
    pub key: &'a str,
    pub body: Body,
}

impl Client {
    /// `GET /api/products`.
    pub async fn product_list(&self, request: &ProductListRequest) -> Result<ProductsOut> {
        self.call(self.get("/api/products").query(&request.to_pairs()))
            .await
    }

    /// `GET /api/products/{id}`.
    pub async fn product_get(&self, id: ProductId) -> Result<Product> {
        self.call(self.get(&product(id))).await
    }

    /// `POST /api/products`.
    pub async fn product_create(&self, product: &NewProduct) -> Result<Product> {
        self.act(self.post("/api/products").json(product)).await
    }

    /// `PATCH /api/products/{id}`; with a version only if the product still has it.
    pub async fn product_update(
        &self,
        id: ProductId,
        patch: &ProductPatch,
        version: Option<i64>,
    ) -> Result<Product> {
        let request = self.request(Method::PATCH, &product(id)).json(patch);
        self.call(if_match(request, version)).await
    }

    /// `DELETE /api/products/{id}`; with a version only if the product still has it.
    pub async fn product_delete(&self, id: ProductId, version: Option<i64>) -> Result<DeletedOut> {
        let request = self.request(Method::DELETE, &product(id));
        self.call(if_match(request, version)).await
    }

    /// `POST /api/products/{id}/restore`.
    pub async fn product_restore(&self, id: ProductId) -> Result<Product> {
        self.act(self.post(&format!("{}/restore", product(id))))
            .await
    }

    /// `POST /api/products/{id}/stock`.
    pub async fn product_stock(&self, id: ProductId, change: &StockChange) -> Result<Product> {
        let path = format!("{}/stock", product(id));
        self.act(self.post(&path).json(change)).await
    }

    /// `GET /api/products/export`: the CSV as it comes.
    pub async fn product_export(&self, request: &ExportRequest) -> Result<Response> {
        self.send(self.get("/api/products/export").query(&request.to_pairs()))
            .await
    }

    /// `POST /api/products/import` with the file as the body.
    pub async fn import_start(&self, upload: UploadRequest<'_>) -> Result<ImportAcceptedOut> {
        let request = self
            .request(Method::POST, "/api/products/import")
            .query(&[("file_name", upload.file_name)])
            .query(upload.options)
            .header(header::CONTENT_TYPE, "text/csv")
            .header("idempotency-key", upload.key)
            .body(upload.body);
        let answer = self.send(request).await?;
        self.read(answer).await
    }

    /// `GET /api/imports`.
    pub async fn import_list(&self, page: PageRequest) -> Result<ImportsOut> {
        self.call(self.get("/api/imports").query(&page.to_pairs()))
            .await
    }

    /// `GET /api/imports/{id}`.
    pub async fn import_get(&self, id: &str) -> Result<ImportOut> {
        self.call(self.get(&import(id))).await
    }

    /// `GET /api/imports/{id}/rejects`: the CSV as it comes.
    pub async fn import_rejects(&self, id: &str) -> Result<Response> {
        self.send(self.get(&format!("{}/rejects", import(id))))
            .await
    }

    /// `POST /api/imports/{id}/cancel`.
    pub async fn import_cancel(&self, id: &str) -> Result<ImportAcceptedOut> {
        self.act(self.post(&format!("{}/cancel", import(id)))).await
    }

    /// `POST /api/imports/{id}/undo`.
    pub async fn import_undo(&self, id: &str) -> Result<ImportAcceptedOut> {
        self.act(self.post(&format!("{}/undo", import(id)))).await
    }

    /// `GET /api/events`.
    pub async fn event_list(&self, request: EventListRequest) -> Result<EventsOut> {
        self.call(self.get("/api/events").query(&request.to_pairs()))
            .await
    }

    /// `GET /api/events/stream`; with a cursor, what came after it first.
    pub(super) async fn event_stream(&self, cursor: Option<i64>) -> Result<Response> {
        let mut request = self
            .get("/api/events/stream")
            .header(header::ACCEPT, "text/event-stream");
        if let Some(cursor) = cursor {
            request = request.header("last-event-id", cursor.to_string());
        }
        self.send(request).await
    }

    /// `GET /api/analytics/summary`.
    pub async fn stats_summary(&self) -> Result<SummaryOut> {
        self.call(self.get("/api/analytics/summary")).await
    }

    /// `GET /api/analytics/categories`.
    pub async fn stats_categories(&self) -> Result<CategoriesOut> {
        self.call(self.get("/api/analytics/categories")).await
    }

    /// `GET /api/analytics/daily`.
    pub async fn stats_daily(&self, request: DailyRequest) -> Result<DailyOut> {
        self.call(self.get("/api/analytics/daily").query(&request.to_pairs()))
            .await
    }

    /// `GET /api/analytics/low-stock`.
    pub async fn stats_low_stock(&self, page: PageRequest) -> Result<LowStockPageOut> {
        self.call(self.get("/api/analytics/low-stock").query(&page.to_pairs()))
            .await
    }

    /// `GET /health`; an unhealthy server's report is an answer too.
    pub async fn health(&self) -> Result<HealthOut> {
        let request = self.get("/health").timeout(ANSWER_WITHIN);
        let answer = self.exchange(request).await?;
        match answer.status() {
            StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE => {
                let status = answer.status();
                let report = self.read(answer).await;
                report.map_err(|error| match error {
                    ClientError::Strange { server, .. } if status != StatusCode::OK => {
                        ClientError::Unreachable {
                            server,
                            reason: "it answered 503 without a report".to_owned(),
                            connecting: false,
                        }
                    }
                    other => other,
                })
            }
            _ => Err(self.refusal(answer).await),
        }
    }

    /// Any request, any answer.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        query: &QueryPairs,
        headers: header::HeaderMap,
        body: Option<Body>,
    ) -> Result<Response> {
        let mut request = self.request(method, path).headers(headers);
        if !query.is_empty() {
            request = request.query(query);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        self.exchange(request).await
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.request(Method::GET, path)
    }

    /// Sends a request with a key; once more when the server does not know what became of it: the
    /// key makes it act once.
    async fn act<T: serde::de::DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T> {
        let again = request.try_clone();
        match (self.call(request).await, again) {
            (Err(error), Some(again)) if error.is_unknown_outcome() => {
                let wait = error.retry_after().unwrap_or(MAX_REPEAT_WAIT);
                tokio::time::sleep(wait.min(MAX_REPEAT_WAIT)).await;
                self.call(again).await
            }
            (answer, _) => answer,
        }
    }

    /// A POST with a key of its own, so that a proxy that repeats it does no harm.
    fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.request(Method::POST, path)
            .header("idempotency-key", super::idempotency_key())
    }
}

fn if_match(request: reqwest::RequestBuilder, version: Option<i64>) -> reqwest::RequestBuilder {
    match version {
        Some(version) => request.header(header::IF_MATCH, format!("\"{version}\"")),
        None => request,
    }
}

fn product(id: ProductId) -> String {
    format!("/api/products/{id}")
}

/// Ids come from people: what is no part of an id must not change the path.
fn import(id: &str) -> String {
    format!("/api/imports/{}", utf8_percent_encode(id, NON_ALPHANUMERIC))
}
