//! CSV out: every product of a seller, by id, in constant memory; and the reply that streams any
//! CSV file.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use pm_common::{
    api::ErrorOut,
    domain::{
        error::Result,
        product::{Product, ProductId},
        product_csv::{ExportColumns, ExportWriter},
        query::ProductFilter,
        seller::SellerId,
    },
    ports::store::ProductStore,
    request::ExportRequest,
};

use super::{HttpState, error::ApiResult, identity::RequestSeller, list, params::QueryParams};

/// Products read at once.
const STEP_ROWS: u32 = 500;

/// Export products as CSV
///
/// Every product that passes the filters, by id, with a column per attribute: 256 columns at most,
/// the rarest attributes share one as JSON. Imported again, the file finds its products by id.
#[utoipa::path(get, path = "/api/products/export", tag = "Products",
    params(
        ("category" = Option<String>, Query, description = "Exactly this category"),
        ("sku" = Option<String>, Query, description = "Exactly this sku"),
        ("q" = Option<String>, Query, description = "Text in name, description or sku"),
        ("min_quantity" = Option<i64>, Query), ("max_quantity" = Option<i64>, Query),
        ("min_price" = Option<f64>, Query), ("max_price" = Option<f64>, Query),
        ("bom" = Option<bool>, Query, description = "true begins the file with a byte order mark, for spreadsheets that take it for another encoding without"),
    ),
    responses(
        (status = 200, body = String, content_type = "text/csv"),
        (status = 400, body = ErrorOut, description = "VALIDATION_ERROR"),
    ))]
pub(super) async fn export(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    params: QueryParams,
) -> ApiResult {
    let ExportRequest { filter, bom } = params.read(ExportRequest::read)?;
    let filter = list::possible(filter);
    let Some(filter) = filter else {
        let header = ExportColumns::default().into_writer().header(bom);
        return Ok(csv("products.csv", stream::iter([Ok(header.into())])));
    };
    let store = &*http.app.store;
    let columns = columns(store, &seller, &filter).await?;
    let mut export = ExportStream {
        store: http.app.store.clone(),
        seller,
        filter,
        writer: columns.into_writer(),
        after: Some(0),
    };
    // What fails at once is answered with an error, not with half a file.
    let mut first = export.writer.header(bom);
    export.step(&mut first).await?;
    let rest = stream::unfold(export, |mut export| async {
        export.after?;
        let mut chunk = Vec::new();
        let step = export.step(&mut chunk).await;
        Some((step.map(|()| Bytes::from(chunk)), export))
    });
    let first = stream::iter([Ok(Bytes::from(first))]);
    Ok(csv("products.csv", first.chain(rest)))
}

/// The attributes' columns, which stand in the first line.
async fn columns(
    store: &dyn ProductStore,
    seller: &SellerId,
    filter: &ProductFilter,
) -> Result<ExportColumns> {
    let (mut columns, mut after) = (ExportColumns::default(), 0);
    loop {
        let step = store.product_scan_attributes(seller, filter, after, STEP_ROWS);
        let step = step.await?;
        let Some((last, _)) = step.last() else {
            return Ok(columns);
        };
        after = *last;
        step.iter().for_each(|(_, all)| columns.count(all));
    }
}

/// An export under way.
struct ExportStream {
    store: Arc<dyn ProductStore>,
    seller: SellerId,
    filter: ProductFilter,
    writer: ExportWriter,
    /// The last product written; `None` at the end.
    after: Option<ProductId>,
}

impl ExportStream {
    async fn step(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let Some(after) = self.after.take() else {
            return Ok(());
        };
        let step: Vec<Product> = self
            .store
            .product_scan(&self.seller, &self.filter, after, STEP_ROWS)
            .await?;
        for product in &step {
            self.writer.row(product, out);
        }
        self.after = step.last().map(|product| product.id);
        Ok(())
    }
}

/// A CSV file as an attachment. An error on the way cuts the body off, so that no client takes half
/// a file for a whole one.
pub(super) fn csv(
    file_name: &str,
    chunks: impl Stream<Item = Result<Bytes>> + Send + 'static,
) -> Response {
    let disposition = format!("attachment; filename=\"{}\"", safe(file_name));
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/csv; charset=utf-8"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&disposition).unwrap_or(HeaderValue::from_static("attachment")),
        ),
    ];
    let chunks = chunks.inspect(|chunk| {
        if let Err(error) = chunk {
            tracing::warn!(%error, "a file was cut off");
        }
    });
    (headers, Body::from_stream(chunks)).into_response()
}

/// A file name of plain characters only.
fn safe(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "._- ".contains(c) {
            c
        } else {
            '_'
        }
    };
    name.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_cannot_break_the_header() {
        assert_eq!(safe("Käse \"1\".csv\r\nx: y"), "K_se _1_.csv__x_ y");
    }
}
