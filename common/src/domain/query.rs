//! What a list of products is asked for: filters, order, page.

use serde::{Deserialize, Serialize};

use crate::domain::money::Amount;

/// Which products of the seller; all filters hold together, absent ones always hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductFilter {
    /// Exactly this category.
    pub category: Option<String>,
    /// Exactly this sku.
    pub sku: Option<String>,
    /// This text somewhere in name, description or sku; ASCII letters in either case.
    pub text: Option<String>,
    /// Inclusive bounds.
    pub min_quantity: Option<i64>,
    pub max_quantity: Option<i64>,
    pub min_price: Option<Amount>,
    pub max_price: Option<Amount>,
}

impl ProductFilter {
    /// Whether every product passes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The sort key; ties are broken by id in the same direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortBy {
    #[default]
    CreatedAt,
    Name,
    Price,
    Quantity,
    UpdatedAt,
}

impl SortBy {
    /// Every sort by its name, which is also its column's.
    pub const NAMED: [(&'static str, Self); 5] = [
        ("created_at", Self::CreatedAt),
        ("name", Self::Name),
        ("price", Self::Price),
        ("quantity", Self::Quantity),
        ("updated_at", Self::UpdatedAt),
    ];

    pub const fn as_str(self) -> &'static str {
        let (name, _) = Self::NAMED[self as usize];
        name
    }
}

/// The direction of the sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortOrder {
    #[default]
    Desc,
    Asc,
}

impl SortOrder {
    pub const NAMED: [(&'static str, Self); 2] = [("desc", Self::Desc), ("asc", Self::Asc)];
}

/// Where a page starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageStart {
    /// Skip this many products.
    Offset(u64),
    /// Continue after this product.
    After(ListCursor),
}

/// The last product of a page: its sort key as text (integers in decimal) and its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListCursor {
    /// The sort the cursor belongs to; another one is refused.
    pub sort_by: SortBy,
    pub sort_order: SortOrder,
    /// Cents for a price, epoch milliseconds for a time.
    pub key: String,
    pub id: i64,
}

/// A whole list request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductQuery {
    pub filter: ProductFilter,
    pub sort_by: SortBy,
    pub sort_order: SortOrder,
    pub start: PageStart,
    /// 1 to 100.
    pub limit: u32,
    /// Whether the number of all matches is wanted.
    pub count: bool,
}

/// Products that are skipped by reading an index alone, as long as there are no more.
const MAX_INDEX_SKIP: u64 = 10_000;

impl ProductQuery {
    /// Whether an index gives the page and the number of matches; any other list reads all of the
    /// seller's products.
    pub fn is_indexed(&self) -> bool {
        let others = ProductFilter {
            category: None,
            ..self.filter.clone()
        };
        let near = match self.start {
            PageStart::Offset(skip) => skip <= MAX_INDEX_SKIP,
            PageStart::After(_) => true,
        };
        let by_index = others.is_empty() && self.sort_by == SortBy::CreatedAt && near;
        by_index || self.filter.sku.is_some()
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// All matches, when asked for.
    pub total: Option<u64>,
    /// Whether more follow.
    pub more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red when: a sort is added in another place of the enum than of its names.
    #[test]
    fn a_sort_has_one_name_everywhere() {
        for (name, sort_by) in SortBy::NAMED {
            assert_eq!(sort_by.as_str(), name);
            assert_eq!(serde_json::to_value(sort_by).unwrap(), name);
        }
        for (name, sort_order) in SortOrder::NAMED {
            assert_eq!(serde_json::to_value(sort_order).unwrap(), name);
        }
    }
}
