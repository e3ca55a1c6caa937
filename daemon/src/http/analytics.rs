//! Analytics: totals, categories and days from the ledger; low stock from the store.

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use pm_common::{
    api::{
        CategoriesOut, CategoryOut, DailyOut, ErrorOut, LowStockOut, LowStockPageOut, Pagination,
        SummaryOut,
    },
    domain::{
        clock::{self, Timestamp},
        product::Product,
    },
    request::{DailyRequest, PageRequest},
};

use super::{
    HttpState, error::ApiResult, identity::RequestSeller, list, params::QueryParams, reply,
};

/// Days shown by default, the last one included.
const MAX_DAYS: u32 = 30;
const DAY_LENGTH: Duration = Duration::from_secs(24 * 60 * 60);

/// Totals
#[utoipa::path(get, path = "/api/analytics/summary", tag = "Analytics",
    responses((status = 200, body = SummaryOut), (status = 400, body = ErrorOut, description = "VALIDATION_ERROR")))]
pub(super) async fn summary(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    params: QueryParams,
) -> ApiResult {
    params.read(|_| ())?;
    let (totals, last_updated) = http.app.ledger.ledger_totals(&seller).await?;
    reply::ok(&SummaryOut::of(&totals, last_updated))
}

/// Totals by category
#[utoipa::path(get, path = "/api/analytics/categories", tag = "Analytics",
    responses((status = 200, body = CategoriesOut), (status = 400, body = ErrorOut, description = "VALIDATION_ERROR")))]
pub(super) async fn categories(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    params: QueryParams,
) -> ApiResult {
    params.read(|_| ())?;
    let categories = http.app.ledger.ledger_categories(&seller).await?;
    let data = categories.iter().map(CategoryOut::from).collect();
    reply::ok(&CategoriesOut { data })
}

/// Totals by day
///
/// UTC days, both ends included, only those with events; the last 30 days by default.
#[utoipa::path(get, path = "/api/analytics/daily", tag = "Analytics",
    params(
        ("from" = Option<String>, Query, description = "First day, yyyy-mm-dd"),
        ("to" = Option<String>, Query, description = "Last day, yyyy-mm-dd"),
    ),
    responses(
        (status = 200, body = DailyOut),
        (status = 400, body = ErrorOut, description = "VALIDATION_ERROR"),
    ))]
pub(super) async fn daily(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    params: QueryParams,
) -> ApiResult {
    let (from, to) = days(params, clock::now())?;
    let data = http.app.ledger.ledger_daily(&seller, &from, &to).await?;
    reply::ok(&DailyOut { data })
}

/// Products low on stock
///
/// Fewest units first.
#[utoipa::path(get, path = "/api/analytics/low-stock", tag = "Analytics",
    params(
        ("page" = Option<u64>, Query, description = "From 1"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default"),
    ),
    responses(
        (status = 200, body = LowStockPageOut),
        (status = 400, body = ErrorOut, description = "VALIDATION_ERROR"),
    ))]
pub(super) async fn low_stock(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    params: QueryParams,
) -> ApiResult {
    let page = params.read(PageRequest::read)?;
    let (offset, limit) = (list::offset(page), page.limit);
    let store = &http.app.store;
    let found = store.product_low_stock(&seller, offset, limit).await?;
    let default_threshold = http.app.config.low_stock_threshold;
    let shown = |product: Product| LowStockOut {
        threshold: product.threshold(default_threshold),
        product_id: product.id,
        sku: product.sku,
        name: product.name,
        category: product.category,
        quantity: product.quantity,
    };
    reply::ok(&LowStockPageOut {
        pagination: Pagination::new(page.number, limit, found.total),
        data: found.items.into_iter().map(shown).collect(),
    })
}

/// The first and the last day asked for.
fn days(params: QueryParams, now: Timestamp) -> ApiResult<(String, String)> {
    params.read(|reader| {
        let request = DailyRequest::read(reader);
        let to = request.to.unwrap_or(now);
        let from = request
            .from
            .unwrap_or(to.minus(DAY_LENGTH * (MAX_DAYS - 1)));
        if from > to {
            reader.refuse("from", "max", "must not be later than to", &from.day());
        }
        (from.day(), to.day())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> ApiResult<(String, String)> {
        let now = "2026-03-15T12:00:00.000Z".parse().unwrap();
        days(QueryParams::parse(query).unwrap(), now)
    }

    #[test]
    fn thirty_days_by_default() {
        let expect = |query: &str, from: &str, to: &str| {
            assert_eq!(
                read(query).unwrap(),
                (from.to_owned(), to.to_owned()),
                "{query}"
            );
        };
        expect("", "2026-02-14", "2026-03-15");
        expect("from=2026-03-15", "2026-03-15", "2026-03-15");
        expect("to=2026-01-30", "2026-01-01", "2026-01-30");
        expect("from=2024-02-29&to=2026-01-30", "2024-02-29", "2026-01-30");
    }

    #[test]
    fn days_are_real_and_in_order() {
        for bad in [
            "from=2026-02-30",
            "from=2026-2-3",
            "to=20260203",
            "from=x",
            "to=2026-01-01T00:00:00Z",
            "from=2026-03-16",
            "from=2026-01-02&to=2026-01-01",
            "from=-009999-01-01",
            "day=1",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
