//! What a list is in every dialect: orders, patterns, cursors, pages.

use sqlx::{Database, Encode, QueryBuilder, Type};

use crate::domain::{
    clock::Timestamp,
    error::Result,
    money::Amount,
    product::{FieldError, Product},
    query::{ListCursor, Page, ProductQuery, SortBy, SortOrder},
};

/// The LIKE pattern of a text anywhere in another. `\` escapes; both engines fold the case of ASCII
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

/// The terms of `ORDER BY`: total, ties are broken by id. A column is named after its sort.
pub(in crate::ports::store) fn order(sort_by: SortBy, sort_order: SortOrder) -> String {
    let column = sort_by.as_str();
    match sort_order {
        SortOrder::Asc => format!("{column}, id"),
        SortOrder::Desc => format!("{column} DESC, id DESC"),
    }
}

/// The key of a cursor, as what its list is sorted by.
pub(in crate::ports::store) enum CursorKey {
    Text(String),
    Price(Amount),
    Count(i64),
    Moment(Timestamp),
}

impl CursorKey {
    /// Refuses a cursor of another list.
    pub(in crate::ports::store) fn read(cursor: &ListCursor, query: &ProductQuery) -> Result<Self> {
        if (cursor.sort_by, cursor.sort_order) != (query.sort_by, query.sort_order) {
            return Err(refused(cursor, "belongs to a list with another sort order").into());
        }
        if query.sort_by == SortBy::Name {
            return Ok(Self::Text(cursor.key.clone()));
        }
        let number: i64 = cursor
            .key
            .parse()
            .map_err(|_| refused(cursor, "was not made by this list"))?;
        Ok(match query.sort_by {
            SortBy::Price => Self::Price(Amount::from_cents(number.into())),
            SortBy::CreatedAt | SortBy::UpdatedAt => Self::Moment(Timestamp::from_millis(number)),
            SortBy::Quantity | SortBy::Name => Self::Count(number),
        })
    }
}

/// ` AND (column, id) > (`: what comes after a cursor's key and id, which follow. Both columns are
/// compared as one, so that the index of the order finds the place.
pub(in crate::ports::store) fn after(query: &ProductQuery) -> String {
    let beyond = match query.sort_order {
        SortOrder::Asc => '>',
        SortOrder::Desc => '<',
    };
    format!(" AND ({}, id) {beyond} (", query.sort_by.as_str())
}

/// One row more than the page, to know whether more follow.
pub(in crate::ports::store) fn push_limit<DB: Database>(
    sql: &mut QueryBuilder<DB>,
    limit: u32,
    skip: u64,
) where
    i64: for<'a> Encode<'a, DB> + Type<DB>,
{
    sql.push(" LIMIT ")
        .push_bind(i64::from(limit) + 1)
        .push(" OFFSET ")
        .push_bind(i64::try_from(skip).unwrap_or(i64::MAX));
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
