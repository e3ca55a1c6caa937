//! Import jobs: what is known about an import while it waits, runs and after it ended.

use serde::{Deserialize, Serialize};

use crate::domain::{
    clock::Timestamp,
    import_changes::ProductChange,
    product::ProductId,
    product_csv::{self, ErrorLimit, ImportOptions, RowWarning, SkipCounts},
    seller::SellerId,
};

/// An import's id, `imp_` and a time-ordered UUID in simple form.
pub type ImportId = String;

/// A fresh import id.
pub fn new_import_id() -> ImportId {
    format!("imp_{}", uuid::Uuid::now_v7().simple())
}

/// The state of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportStatus {
    Queued,
    Processing,
    Completed,
    Failed,
    Cancelled,
}

impl ImportStatus {
    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status with this wire name.
    pub fn from_name(name: &str) -> Option<Self> {
        use ImportStatus::{Cancelled, Completed, Failed, Processing, Queued};
        [Queued, Processing, Completed, Failed, Cancelled]
            .into_iter()
            .find(|status| status.as_str() == name)
    }

    /// Whether nothing will change any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// What became of the rows read so far: the last five add up to `rows`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportCounts {
    pub rows: u64,
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub skipped: u64,
    pub rejected: u64,
}

impl std::ops::AddAssign for ImportCounts {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.created += other.created;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.skipped += other.skipped;
        self.rejected += other.rejected;
    }
}

/// What people should know beside the counts: what went in otherwise than written, why rows were
/// skipped, and what a second import would create again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportNotes {
    /// Rows that went in otherwise than written.
    pub warned: u64,
    /// The first warnings.
    pub warnings: Vec<RowWarning>,
    /// They add up to `skipped`.
    pub skips: SkipCounts,
    /// Products created without a key.
    pub without_key: u64,
    /// Products that an undo deleted; they count as updated.
    pub deleted: u64,
    /// The first products that a dry run would alter.
    pub changes: Vec<ProductChange>,
}

impl ImportNotes {
    /// Warnings kept in full.
    pub const MAX_WARNINGS: usize = 100;

    /// Adds what one batch has to say.
    pub fn add(&mut self, batch: Self) {
        self.warned += batch.warned;
        self.skips += batch.skips;
        self.without_key += batch.without_key;
        self.deleted += batch.deleted;
        let free = Self::MAX_WARNINGS.saturating_sub(self.warnings.len());
        self.warnings.extend(batch.warnings.into_iter().take(free));
        let free = ProductChange::MAX_SAMPLE.saturating_sub(self.changes.len());
        self.changes.extend(batch.changes.into_iter().take(free));
    }
}

/// How many low-stock warnings an import caused, and the first 20 of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LowStockDigest {
    pub count: u64,
    pub first: Vec<LowStockEntry>,
}

/// One product of the digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LowStockEntry {
    pub product_id: ProductId,
    pub name: String,
    pub quantity: i32,
    pub threshold: i32,
}

impl LowStockDigest {
    /// Products named in full.
    pub const FIRST: usize = 20;

    /// Counts one more warning and keeps it when it is among the first.
    pub fn add(&mut self, warning: impl Into<LowStockEntry>) {
        self.count += 1;
        if self.first.len() < Self::FIRST {
            self.first.push(warning.into());
        }
    }
}

/// How an import runs, whatever its file says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// Everything but the change of products: counts, rejected rows and warnings are those of the
    /// real run.
    pub dry_run: bool,
    /// More rejected rows stop it.
    pub max_errors: Option<ErrorLimit>,
}

impl From<&ImportOptions> for RunOptions {
    fn from(options: &ImportOptions) -> Self {
        Self {
            dry_run: options.dry_run,
            max_errors: options.max_errors,
        }
    }
}

/// What a new import starts from; the upload is complete and safely in the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewImport {
    pub id: ImportId,
    pub file_name: String,
    pub bytes_total: u64,
    /// SHA-256 of the whole upload, lower-case hexadecimal.
    pub sha256: String,
    pub plan: product_csv::ImportPlan,
    pub run: RunOptions,
    /// The import that it undoes; then there is no upload.
    pub undo_of: Option<ImportId>,
    /// What becomes of it when the same bytes were imported before.
    pub on_repeat: product_csv::RepeatPolicy,
}

/// How far an import came: everything before it is committed, nothing after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Batches committed; the next one has this number.
    pub batch: u64,
    /// Where to read on.
    pub position: product_csv::FilePosition,
}

/// An import job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportJob {
    pub id: ImportId,
    pub seller_id: SellerId,
    pub status: ImportStatus,
    pub file_name: String,
    pub bytes_total: u64,
    pub sha256: String,
    pub plan: product_csv::ImportPlan,
    pub run: RunOptions,
    /// The import that it undoes.
    pub undo_of: Option<ImportId>,
    /// Its undo, which waits, runs or is complete.
    pub undone_by: Option<ImportId>,
    /// Whether that is complete.
    pub undone: bool,
    /// Whether what it changed is known.
    pub undo_kept: bool,
    pub checkpoint: Checkpoint,
    pub counts: ImportCounts,
    pub notes: ImportNotes,
    pub low_stock: LowStockDigest,
    /// Someone asked for an early end.
    pub cancel_requested: bool,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<String>,
}

/// One batch of an import, committed as a whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportBatch {
    /// The checkpoint this batch starts from; the store refuses any other than its own.
    pub from: Checkpoint,
    /// The position after the batch.
    pub to: product_csv::FilePosition,
    /// Rows to write, in file order.
    pub rows: Vec<product_csv::ParsedRow>,
    /// Rows that did not pass validation.
    pub rejects: Vec<product_csv::RejectedRow>,
    /// Rows that are left out on purpose.
    pub skips: SkipCounts,
}

/// What a committed batch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchOutcome {
    /// Committed; the job's counts so far.
    Committed(ImportCounts),
    /// Not committed: the job was cancelled, has ended, or another worker owns it now.
    Stopped,
}
