//! What went in otherwise than written, and why rows were left out: nothing is altered or lost in
//! silence.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A row that went in otherwise than its file says, or a remark on the file as a whole (line 1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowWarning {
    pub line: u64,
    /// The file's own name of the column; empty when it is the row or the file as a whole.
    pub column: String,
    /// For programs: `DUPLICATE_SKU`, `ATTRIBUTES_DROPPED`, …
    pub code: String,
    pub message: String,
}

/// Why a row was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// Another row of the file has the same key.
    Duplicate,
    /// The mode leaves known products alone.
    Existing,
    /// A parent whose variants are the products.
    Parent,
    /// A further image of a product.
    Image,
    /// Nothing but blank cells.
    Blank,
}

/// Skipped rows by their reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct SkipCounts {
    /// Rows with the key of another row of the file.
    pub duplicate: u64,
    /// Rows of known products, in the mode `skip`.
    pub existing: u64,
    /// Parents whose variants are the products.
    pub parent: u64,
    /// Rows that only add an image.
    pub image: u64,
    /// Rows of nothing but blank cells.
    pub blank: u64,
}

impl SkipCounts {
    /// Counts one more row.
    pub const fn add(&mut self, reason: SkipReason) {
        let count = match reason {
            SkipReason::Duplicate => &mut self.duplicate,
            SkipReason::Existing => &mut self.existing,
            SkipReason::Parent => &mut self.parent,
            SkipReason::Image => &mut self.image,
            SkipReason::Blank => &mut self.blank,
        };
        *count += 1;
    }

    /// All skipped rows.
    pub const fn total(&self) -> u64 {
        self.duplicate + self.existing + self.parent + self.image + self.blank
    }
}

impl std::ops::AddAssign for SkipCounts {
    fn add_assign(&mut self, other: Self) {
        self.duplicate += other.duplicate;
        self.existing += other.existing;
        self.parent += other.parent;
        self.image += other.image;
        self.blank += other.blank;
    }
}
