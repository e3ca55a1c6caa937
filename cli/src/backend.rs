//! Where products, imports and events are: behind a daemon's API. Commands are written once,
//! against this.

use std::time::Duration;

use pm_common::{
    api::{
        CategoriesOut, DailyOut, DeletedOut, EventsOut, ImportAcceptedOut, ImportOut, ImportsOut,
        LowStockPageOut, ProductsOut, SummaryOut,
    },
    client::{self, Client, EventTail, QueryPairs, Response, UploadRequest},
    domain::product::{Product, ProductId},
};
use serde_json::{Map, Value};

use crate::error::{ExitCode, Result};

/// The ways to a seller's data.
#[derive(Debug, Clone)]
pub(crate) enum Backend {
    /// A daemon.
    Http(Client),
}

/// Waits that a long read takes before it gives up on a server that asks for patience.
const PATIENCE: u32 = 60;

/// Repeats a page of a long read while the server asks for patience: it paces the reader.
pub(crate) async fn paced<T>(read: impl AsyncFn() -> Result<T>) -> Result<T> {
    let mut waits = 0;
    loop {
        let error = match read().await {
            Err(error) if error.exit == ExitCode::RateLimited && waits < PATIENCE => error,
            outcome => return outcome,
        };
        waits += 1;
        let seconds = error.retry_after.unwrap_or(1).max(1);
        tokio::time::sleep(Duration::from_secs(seconds.into())).await;
    }
}

/// Passes a call on and makes its error one of the command line.
macro_rules! passed_on {
    ($($name:ident($($arg:ident: $kind:ty),*) -> $answer:ty;)*) => {$(
        pub(crate) async fn $name(&self, $($arg: $kind),*) -> Result<$answer> {
            match self {
                Self::Http(client) => Ok(client.$name($($arg),*).await?),
            }
        }
    )*};
}

impl Backend {
    passed_on! {
        product_list(query: &QueryPairs) -> ProductsOut;
        product_get(id: ProductId) -> Product;
        product_create(body: &Map<String, Value>) -> Product;
        product_update(id: ProductId, body: &Map<String, Value>, version: Option<i64>) -> Product;
        product_delete(id: ProductId, version: Option<i64>) -> DeletedOut;
        product_restore(id: ProductId) -> Product;
        product_stock(id: ProductId, body: &Map<String, Value>) -> Product;
        product_export(query: &QueryPairs) -> Response;
        import_list(query: &QueryPairs) -> ImportsOut;
        import_rejects(id: &str) -> Response;
        import_cancel(id: &str) -> ImportAcceptedOut;
        event_list(query: &QueryPairs) -> EventsOut;
        stats_summary() -> SummaryOut;
        stats_categories() -> CategoriesOut;
        stats_daily(query: &QueryPairs) -> DailyOut;
        stats_low_stock(query: &QueryPairs) -> LowStockPageOut;
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

    /// How an import stands; the caller decides which errors to try again.
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
