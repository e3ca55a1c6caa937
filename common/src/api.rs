//! The wire types of the HTTP API that are not domain types themselves: what the daemon sends and
//! the client reads. The OpenAPI document is generated from them.

mod health;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

pub use self::health::{
    HealthOut, HealthStatus, LiveOut, MemoryOut, ReadyOut, ServiceOut, ServicesOut,
};
use crate::domain::{
    clock::Timestamp,
    import_changes::ProductChange,
    import_job::{ImportJob, ImportNotes, ImportStatus},
    money::Amount,
    notification::Notification,
    product::{Product, ProductId},
    product_csv::{
        CsvColumn, CsvDialect, ImportMode, ImportPreset, RejectSummary, RowWarning, SkipCounts,
    },
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

/// The answer to an upload, and to a cancel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportAcceptedOut {
    pub message: String,
    pub import_id: String,
    pub status: String,
}

/// An import job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportOut {
    pub id: String,
    pub status: ImportStatus,
    pub file_name: String,
    pub bytes_total: u64,
    pub bytes_done: u64,
    pub rows: u64,
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub skipped: u64,
    pub rejected: u64,
    /// Skipped rows by reason; they add up to `skipped`.
    #[serde(default)]
    pub skips: SkipCounts,
    /// Rows that went in otherwise than written.
    #[serde(default)]
    pub warned: u64,
    /// Products created without a key: a second import of the file would create them again.
    #[serde(default)]
    pub without_key: u64,
    /// Whether no product was to be changed: the counts are what a real run would have done.
    #[serde(default)]
    pub dry_run: bool,
    /// How many rows may be rejected, or what share of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_errors: Option<String>,
    /// SHA-256 of the file.
    #[serde(default)]
    pub sha256: String,
    /// Over the time it has been running; 0 before it starts.
    pub rows_per_second: u64,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<String>,
    /// The first 100 rejected rows; a list leaves them out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<RowErrorOut>>,
    /// The first 100 warnings, those about the file as a whole first (line 1); a list leaves them
    /// out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<RowWarning>>,
    /// The first 20 known products that a dry run would alter; only of a dry run, and not in a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<ProductChange>>,
    pub detected: DetectedOut,
}

/// A rejected row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowErrorOut {
    pub line: u64,
    pub column: String,
    pub code: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
}

/// What was found out about the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DetectedOut {
    pub dialect: CsvDialect,
    pub preset: ImportPreset,
    pub mode: ImportMode,
    pub mapping: Vec<CsvColumn>,
}

/// A page of imports, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportsOut {
    pub data: Vec<ImportOut>,
    pub pagination: Pagination,
}

impl ImportOut {
    /// The job as it is shown at `now` for itself: with its first rejected rows and warnings.
    pub fn detailed(job: &ImportJob, rejects: &[RejectSummary], now: Timestamp) -> Self {
        let warnings = job.plan.warnings.iter().chain(&job.notes.warnings);
        Self {
            errors: Some(rejects.iter().map(RowErrorOut::from).collect()),
            warnings: Some(warnings.take(ImportNotes::MAX_WARNINGS).cloned().collect()),
            changes: job.run.dry_run.then(|| job.notes.changes.clone()),
            ..Self::listed(job, now)
        }
    }

    /// The job as it is shown at `now` in a list.
    pub fn listed(job: &ImportJob, now: Timestamp) -> Self {
        let running = job
            .started_at
            .map(|start| job.finished_at.unwrap_or(now).since(start));
        let millis = running.map_or(0, |time| {
            u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
        });
        Self {
            id: job.id.clone(),
            status: job.status,
            file_name: job.file_name.clone(),
            bytes_total: job.bytes_total,
            bytes_done: job.checkpoint.position.byte,
            rows: job.counts.rows,
            created: job.counts.created,
            updated: job.counts.updated,
            unchanged: job.counts.unchanged,
            skipped: job.counts.skipped,
            rejected: job.counts.rejected,
            skips: job.notes.skips,
            warned: job.notes.warned,
            without_key: job.notes.without_key,
            dry_run: job.run.dry_run,
            max_errors: job.run.max_errors.map(|limit| limit.to_string()),
            sha256: job.sha256.clone(),
            rows_per_second: (job.counts.rows * 1000).checked_div(millis).unwrap_or(0),
            created_at: job.created_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            error: job.error.clone(),
            errors: None,
            warnings: None,
            changes: None,
            detected: DetectedOut {
                dialect: job.plan.dialect,
                preset: job.plan.preset,
                mode: job.plan.mode,
                mapping: job.plan.columns.clone(),
            },
        }
    }
}

impl From<&RejectSummary> for RowErrorOut {
    fn from(reject: &RejectSummary) -> Self {
        Self {
            line: reject.line,
            column: reject.column.clone(),
            code: reject.code.clone(),
            message: reject.message.clone(),
            hint: reject.hint.clone(),
        }
    }
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
