//! Where products, imports and events are: in a daemon, reached by its API. Commands are written once,
//! against this.

use std::time::Duration;

use pm_common::{
    api::{
        CategoriesOut, DailyOut, DeletedOut, EventsOut, ImportAcceptedOut, ImportOut, ImportsOut,
        LowStockPageOut, ProductsOut, SummaryOut,
    },
    client::{self, Client, EventTail, Response, UploadRequest},
    domain::product::{NewProduct, Product, ProductId, ProductPatch, StockChange},
    request::{DailyRequest, EventListRequest, ExportRequest, PageRequest, ProductListRequest},
};

use crate::error::{ExitCode, Result};

/// The ways to a seller's data.
#[derive(Debug, Clone)]
pub(crate) enum Backend {
    /// A daemon.
    Http(Client),
}

/// Waits for a rate limit before a long read fails.
const MAX_RATE_LIMIT_WAITS: u32 = 60;

/// Reads a page of a long read; waits and repeats while the server limits the rate.
pub(crate) async fn retry_rate_limited<T>(read: impl AsyncFn() -> Result<T>) -> Result<T> {
    let mut waits = 0;
    loop {
        let error = match read().await {
            Err(error) if error.exit == ExitCode::RateLimited && waits < MAX_RATE_LIMIT_WAITS => {
                error
            }
            outcome => return outcome,
        };
        waits += 1;
        let seconds = error.retry_after.unwrap_or(1).max(1);
        tokio::time::sleep(Duration::from_secs(seconds.into())).await;
    }
}

impl Backend {
    /// A page of products.
    pub(crate) async fn product_list(&self, request: &ProductListRequest) -> Result<ProductsOut> {
        match self {
            Self::Http(client) => Ok(client.product_list(request).await?),
        }
    }

    /// A product.
    pub(crate) async fn product_get(&self, id: ProductId) -> Result<Product> {
        match self {
            Self::Http(client) => Ok(client.product_get(id).await?),
        }
    }

    /// Creates a product.
    pub(crate) async fn product_create(&self, product: &NewProduct) -> Result<Product> {
        match self {
            Self::Http(client) => Ok(client.product_create(product).await?),
        }
    }

    /// Changes a product; with a version only if the product still has it.
    pub(crate) async fn product_update(
        &self,
        id: ProductId,
        patch: &ProductPatch,
        version: Option<i64>,
    ) -> Result<Product> {
        match self {
            Self::Http(client) => Ok(client.product_update(id, patch, version).await?),
        }
    }

    /// Deletes a product; with a version only if the product still has it.
    pub(crate) async fn product_delete(
        &self,
        id: ProductId,
        version: Option<i64>,
    ) -> Result<DeletedOut> {
        match self {
            Self::Http(client) => Ok(client.product_delete(id, version).await?),
        }
    }

    /// Restores a deleted product.
    pub(crate) async fn product_restore(&self, id: ProductId) -> Result<Product> {
        match self {
            Self::Http(client) => Ok(client.product_restore(id).await?),
        }
    }

    /// Adds to or takes from the stock.
    pub(crate) async fn product_stock(
        &self,
        id: ProductId,
        change: &StockChange,
    ) -> Result<Product> {
        match self {
            Self::Http(client) => Ok(client.product_stock(id, change).await?),
        }
    }

    /// The products as CSV.
    pub(crate) async fn product_export(&self, request: &ExportRequest) -> Result<Response> {
        match self {
            Self::Http(client) => Ok(client.product_export(request).await?),
        }
    }

    /// A page of imports.
    pub(crate) async fn import_list(&self, page: PageRequest) -> Result<ImportsOut> {
        match self {
            Self::Http(client) => Ok(client.import_list(page).await?),
        }
    }

    /// The rejected rows as CSV.
    pub(crate) async fn import_rejects(&self, id: &str) -> Result<Response> {
        match self {
            Self::Http(client) => Ok(client.import_rejects(id).await?),
        }
    }

    /// Cancels an import.
    pub(crate) async fn import_cancel(&self, id: &str) -> Result<ImportAcceptedOut> {
        match self {
            Self::Http(client) => Ok(client.import_cancel(id).await?),
        }
    }

    /// Puts back what an import changed.
    pub(crate) async fn import_undo(&self, id: &str) -> Result<ImportAcceptedOut> {
        match self {
            Self::Http(client) => Ok(client.import_undo(id).await?),
        }
    }

    /// Past events.
    pub(crate) async fn event_list(&self, request: EventListRequest) -> Result<EventsOut> {
        match self {
            Self::Http(client) => Ok(client.event_list(request).await?),
        }
    }

    /// The totals.
    pub(crate) async fn stats_summary(&self) -> Result<SummaryOut> {
        match self {
            Self::Http(client) => Ok(client.stats_summary().await?),
        }
    }

    /// The totals by category.
    pub(crate) async fn stats_categories(&self) -> Result<CategoriesOut> {
        match self {
            Self::Http(client) => Ok(client.stats_categories().await?),
        }
    }

    /// The totals by day.
    pub(crate) async fn stats_daily(&self, request: DailyRequest) -> Result<DailyOut> {
        match self {
            Self::Http(client) => Ok(client.stats_daily(request).await?),
        }
    }

    /// A page of products low on stock.
    pub(crate) async fn stats_low_stock(&self, page: PageRequest) -> Result<LowStockPageOut> {
        match self {
            Self::Http(client) => Ok(client.stats_low_stock(page).await?),
        }
    }

    /// Starts an import; the caller decides which errors to try again.
    pub(crate) async fn import_start(
        &self,
        upload: UploadRequest<'_>,
    ) -> client::Result<ImportAcceptedOut> {
        match self {
            Self::Http(client) => client.import_start(upload).await,
        }
    }

    /// The state of an import; the caller decides which errors to try again.
    pub(crate) async fn import_get(&self, id: &str) -> client::Result<ImportOut> {
        match self {
            Self::Http(client) => client.import_get(id).await,
        }
    }

    /// The live events.
    pub(crate) fn event_tail(&self, from: client::StreamStart) -> EventTail {
        match self {
            Self::Http(client) => EventTail::new(client.clone(), from),
        }
    }
}
