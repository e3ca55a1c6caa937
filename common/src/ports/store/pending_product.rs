//! A product while the rows of a batch are merged into it.

use crate::domain::{clock::Timestamp, product::Product, product_csv::ParsedRow};

/// A product on its way through the rows of the batch. As long as it is here, `after` has the
/// version it is stored with, so that it equals `before` when nothing is altered in the end.
#[derive(Debug)]
pub(super) struct PendingProduct {
    /// The last row that altered it, and whether that row has warnings.
    pub line: u64,
    pub is_warned: bool,
    pub before: Option<Product>,
    pub after: Product,
}

impl PendingProduct {
    pub(super) fn apply(&mut self, row: &ParsedRow, at: Timestamp) {
        if let Some(altered) = row.applied_to(&self.after, at) {
            let (version, updated_at) = (self.after.version, self.after.updated_at);
            self.after = Product {
                version,
                updated_at,
                ..altered
            };
        }
    }
}
