//! What a list is in every dialect: orders, patterns, cursors, pages.

use crate::domain::{
    error::Result,
    product::{FieldError, Product},
    query::{ListCursor, Page, ProductQuery, SortBy, SortOrder},
};

/// The LIKE pattern of a text that may be anywhere. `\` escapes; both engines fold the case of ASCII
/// letters only.
pub(in crate::ports::store) fn contains(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// The column of a sort.
pub(in crate::ports::store) const fn column(sort_by: SortBy) -> &'static str {
    match sort_by {
        SortBy::CreatedAt => "created_at",
        SortBy::Name => "name",
        SortBy::Price => "price",
        SortBy::Quantity => "quantity",
        SortBy::UpdatedAt => "updated_at",
    }
}

/// The terms of `ORDER BY`: total, ties are broken by id.
pub(in crate::ports::store) const fn order(sort_by: SortBy, sort_order: SortOrder) -> &'static str {
    match (sort_by, sort_order) {
        (SortBy::CreatedAt, SortOrder::Asc) => "created_at, id",
        (SortBy::CreatedAt, SortOrder::Desc) => "created_at DESC, id DESC",
        (SortBy::Name, SortOrder::Asc) => "name, id",
        (SortBy::Name, SortOrder::Desc) => "name DESC, id DESC",
        (SortBy::Price, SortOrder::Asc) => "price, id",
        (SortBy::Price, SortOrder::Desc) => "price DESC, id DESC",
        (SortBy::Quantity, SortOrder::Asc) => "quantity, id",
        (SortBy::Quantity, SortOrder::Desc) => "quantity DESC, id DESC",
        (SortBy::UpdatedAt, SortOrder::Asc) => "updated_at, id",
        (SortBy::UpdatedAt, SortOrder::Desc) => "updated_at DESC, id DESC",
    }
}

/// Refuses a cursor of another list.
pub(in crate::ports::store) fn check(cursor: &ListCursor, query: &ProductQuery) -> Result<()> {
    if (cursor.sort_by, cursor.sort_order) == (query.sort_by, query.sort_order) {
        return Ok(());
    }
    Err(refused(cursor, "belongs to a list with another sort order").into())
}

/// The key of a cursor whose list is not sorted by text.
pub(in crate::ports::store) fn number(cursor: &ListCursor) -> Result<i64> {
    let number = cursor.key.parse();
    Ok(number.map_err(|_| refused(cursor, "was not made by this list"))?)
}

fn refused(cursor: &ListCursor, why: &'static str) -> FieldError {
    FieldError::new("cursor", "format", why, &cursor.key)
}

/// A page of products that were read with one more than its `limit`.
pub(in crate::ports::store) fn page(mut items: Vec<Product>, limit: u32) -> Page<Product> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    Page {
        items,
        total: None,
        more,
    }
}
