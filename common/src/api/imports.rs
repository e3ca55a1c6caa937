//! Import jobs as the API shows them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Pagination;
use crate::domain::{
    clock::Timestamp,
    import_changes::ProductChange,
    import_job::{ImportJob, ImportNotes, ImportStatus},
    product_csv::{
        CsvColumn, CsvDialect, ImportMode, ImportPreset, RejectSummary, RowWarning, SkipCounts,
    },
};

/// The answer to an upload, a cancel and an undo.
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
    /// Whether what it changed was put back.
    #[serde(default)]
    pub undone: bool,
    /// Its undo, which waits, runs or is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<String>,
    /// Only of an undo: the import whose changes it puts back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo_of: Option<String>,
    /// Only of an undo: products it deleted. They are among `updated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<u64>,
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
            undone: job.undone,
            undone_by: job.undone_by.clone(),
            undo_of: job.undo_of.clone(),
            deleted: job.undo_of.as_ref().map(|_| job.notes.deleted),
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
