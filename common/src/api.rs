//! The wire types of the HTTP API that are not domain types themselves: what the daemon sends and
//! the client reads. The OpenAPI document is generated from them.

mod health;
mod imports;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

pub use self::health::{
    HealthOut, HealthStatus, LiveOut, MemoryOut, ReadyOut, ServiceOut, ServicesOut,
};
pub use self::imports::{DetectedOut, ImportAcceptedOut, ImportOut, ImportsOut, RowErrorOut};
use crate::domain::{
    clock::Timestamp,
    money::Amount,
    notification::Notification,
    product::{Product, ProductId},
    stats::{CategoryTotals, DayTotals, SellerTotals},
};

/// The body of every error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorOut {
    /// The status' reason phrase.
    pub error: String,
    /// One plain sentence; front ends show it as it is.
    pub message: String,
    /// For programs: `VALIDATION_ERROR`, …
    pub error_code: String,
    /// More for programs; empty when there is no more to say.
    #[serde(default)]
    pub details: Map<String, Value>,
}

/// Numbered pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pagination {
    pub page: u64,
    pub limit: u32,
    /// All matches; absent with `count=none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_pages: Option<u64>,
    /// Where the next page starts, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl Pagination {
    /// The numbers that follow from a page's place and all matches.
    pub fn new(page: u64, limit: u32, total: Option<u64>) -> Self {
        let total_pages = total.map(|total| total.div_ceil(u64::from(limit.max(1))));
        Self {
            page,
            limit,
            total,
            total_pages,
            next_cursor: None,
        }
    }
}

/// A page of products.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProductsOut {
    pub data: Vec<Product>,
    pub pagination: Pagination,
}

/// The answer to a delete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeletedOut {
    pub message: String,
    pub deleted_id: ProductId,
}

/// A run of notifications, ascending by sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventsOut {
    pub data: Vec<Notification>,
    pub pagination: EventsPagination,
}

/// Where the next run starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventsPagination {
    pub limit: u32,
    /// The `after` of the next run: the last sequence of this one, or its own `after` when empty.
    pub next_after: i64,
}

/// The seller's totals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SummaryOut {
    pub total_products: i64,
    pub active_products: i64,
    pub deleted_products: i64,
    #[schema(value_type = f64)]
    pub total_value: Amount,
    pub low_stock_count: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_updated: Option<Timestamp>,
}

impl SummaryOut {
    /// The totals as they are shown.
    pub fn of(totals: &SellerTotals, last_updated: Option<Timestamp>) -> Self {
        Self {
            total_products: totals.total_products,
            active_products: totals.active_products,
            deleted_products: totals.deleted_products,
            total_value: totals.total_value,
            low_stock_count: totals.low_stock_count,
            last_updated,
        }
    }
}

/// One category's totals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CategoryOut {
    pub category: String,
    pub active_products: i64,
    pub total_quantity: i64,
    #[schema(value_type = f64)]
    pub total_value: Amount,
    #[schema(value_type = f64)]
    pub average_price: Amount,
}

impl From<&CategoryTotals> for CategoryOut {
    fn from(totals: &CategoryTotals) -> Self {
        Self {
            category: totals.category.clone(),
            active_products: totals.active_products,
            total_quantity: totals.total_quantity,
            total_value: totals.total_value,
            average_price: totals.average_price(),
        }
    }
}

/// Every category with undeleted products.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CategoriesOut {
    pub data: Vec<CategoryOut>,
}

/// The days asked for, ascending, only those with events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DailyOut {
    pub data: Vec<DayTotals>,
}

/// A product below its threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LowStockOut {
    pub product_id: ProductId,
    pub sku: Option<String>,
    pub name: String,
    pub category: String,
    pub quantity: i32,
    pub threshold: i32,
}

/// A page of them, fewest units first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LowStockPageOut {
    pub data: Vec<LowStockOut>,
    pub pagination: Pagination,
}

/// The answer to stock changes of many products.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StockBatchOut {
    /// One for each change, in their order.
    pub data: Vec<StockResultOut>,
}

/// What became of one change of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StockResultOut {
    /// The change's place in the request, from 0.
    pub index: usize,
    pub id: Option<ProductId>,
    pub sku: Option<String>,
    /// As the change alone would have: 200, 404, 409 or 400.
    pub status: u16,
    /// The product after all changes of the batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<Product>,
    /// Why it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorOut>,
}
