//! The list of products: filters, order, numbered pages and cursors.

use std::sync::Arc;

use axum::extract::State;
use pm_common::{
    api::{ErrorOut, Pagination, ProductsOut},
    domain::{
        money::Amount,
        product::{Product, fields},
        query::{ListCursor, Page, PageStart, ProductFilter, ProductQuery, SortBy, SortOrder},
    },
};

use super::{HttpState, error::ApiResult, identity::RequestSeller, params::QueryParams, reply};

const LIMIT: u32 = 20;
const LIMIT_MAX: u32 = 100;

const SORTS: [(&str, SortBy); 5] = [
    ("created_at", SortBy::CreatedAt),
    ("name", SortBy::Name),
    ("price", SortBy::Price),
    ("quantity", SortBy::Quantity),
    ("updated_at", SortBy::UpdatedAt),
];
const ORDERS: [(&str, SortOrder); 2] = [("desc", SortOrder::Desc), ("asc", SortOrder::Asc)];

/// List products
///
/// All filters hold together; an empty value is no filter. Page by number, or faster by
/// `cursor` with the `next_cursor` of the page before.
#[utoipa::path(get, path = "/api/products", tag = "Products",
    params(
        ("page" = Option<u64>, Query, description = "From 1"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 unless told"),
        ("category" = Option<String>, Query, description = "Exactly this category"),
        ("sku" = Option<String>, Query, description = "Exactly this sku"),
        ("q" = Option<String>, Query, description = "Text in name, description or sku"),
        ("min_quantity" = Option<i64>, Query), ("max_quantity" = Option<i64>, Query),
        ("min_price" = Option<f64>, Query), ("max_price" = Option<f64>, Query),
        ("sort_by" = Option<String>, Query, description = "created_at, name, price, quantity or updated_at"),
        ("sort_order" = Option<String>, Query, description = "desc or asc"),
        ("cursor" = Option<String>, Query, description = "The next_cursor of the page before"),
        ("count" = Option<String>, Query, description = "exact, or none to leave the totals out"),
    ),
    responses(
        (status = 200, body = ProductsOut),
        (status = 400, body = ErrorOut, description = "VALIDATION_ERROR"),
    ))]
pub(super) async fn list(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    params: QueryParams,
) -> ApiResult {
    let (page, query) = query(params)?;
    let found = match &query {
        Some(query) => http.app.store.product_list(&seller, query).await?,
        None => Page {
            items: Vec::new(),
            total: Some(0),
            more: false,
        },
    };
    let limit = page.limit;
    let mut pagination = Pagination::new(page.number, limit, found.total);
    if let (true, Some(query), Some(last)) = (found.more, &query, found.items.last()) {
        pagination.next_cursor = Some(encode(&cursor_behind(last, query)));
    }
    if !page.count {
        (pagination.total, pagination.total_pages) = (None, None);
    }
    reply::ok(&ProductsOut {
        data: found.items,
        pagination,
    })
}

/// What the answer echoes.
struct Asked {
    number: u64,
    limit: u32,
    count: bool,
}

/// What to ask the store; no query when no product can pass the filters.
fn query(mut params: QueryParams) -> ApiResult<(Asked, Option<ProductQuery>)> {
    let (number, limit) = page(&mut params, LIMIT_MAX);
    let filter = filter(&mut params);
    let sort_by = params.word("sort_by", &SORTS, SortBy::default());
    let sort_order = params.word("sort_order", &ORDERS, SortOrder::default());
    let count = params.word("count", &[("exact", true), ("none", false)], true);
    let cursor = cursor(&mut params, sort_by, sort_order);
    params.finish()?;
    let query = filter.map(|filter| ProductQuery {
        filter,
        sort_by,
        sort_order,
        start: cursor.map_or(PageStart::Offset(offset(number, limit)), PageStart::After),
        limit,
        count,
    });
    let asked = Asked {
        number,
        limit,
        count,
    };
    Ok((asked, query))
}

/// `page` and `limit` of a numbered list.
pub(super) fn page(params: &mut QueryParams, limit_max: u32) -> (u64, u32) {
    let number = params.number("page", 1..=u64::MAX, 1);
    let limit = params.number("limit", 1..=limit_max, LIMIT);
    (number, limit)
}

/// Items before a page; every engine can count that far.
pub(super) fn offset(page: u64, limit: u32) -> u64 {
    (page - 1)
        .saturating_mul(u64::from(limit))
        .min(i64::MAX.unsigned_abs())
}

/// The filters; `None` when one has a value no product can have.
pub(super) fn filter(params: &mut QueryParams) -> Option<ProductFilter> {
    let category = params.text("category");
    let sku = params.text("sku");
    let text = params.text("q");
    let filter = ProductFilter {
        min_quantity: whole(params, "min_quantity"),
        max_quantity: whole(params, "max_quantity"),
        min_price: money(params, "min_price"),
        max_price: money(params, "max_price"),
        category,
        sku,
        text,
    };
    let possible = |text: &Option<String>, max: usize| {
        text.as_ref().is_none_or(|text| {
            text.trim() == text && !text.contains('\0') && text.chars().count() <= max
        })
    };
    let possible = possible(&filter.category, fields::CATEGORY_MAX)
        && possible(&filter.sku, fields::SKU_MAX)
        && filter.text.as_ref().is_none_or(|text| !text.contains('\0'));
    possible.then_some(filter)
}

/// A whole number of either sign; one beyond 64 bits counts as the nearest within.
fn whole(params: &mut QueryParams, name: &'static str) -> Option<i64> {
    let text = params.text(name)?;
    let digits = text.strip_prefix('-').unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        params.refuse(name, "type", "must be a whole number", &text);
        return None;
    }
    let nearest = if text.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    };
    Some(text.parse().unwrap_or(nearest))
}

/// A sum of at most two decimals; one beyond every price counts as just beyond.
fn money(params: &mut QueryParams, name: &'static str) -> Option<Amount> {
    /// More than any price, and little enough for every engine's integers.
    const BEYOND: i128 = 1 << 53;
    let text = params.text(name)?;
    match text.parse::<Amount>() {
        Ok(amount) => Some(Amount::from_cents(amount.cents().clamp(-BEYOND, BEYOND))),
        Err(pm_common::domain::money::PriceError::TooLarge) if text.starts_with('-') => {
            Some(Amount::from_cents(-BEYOND))
        }
        Err(pm_common::domain::money::PriceError::TooLarge) => Some(Amount::from_cents(BEYOND)),
        Err(_) => {
            let rest = "must be a plain number with at most 2 decimals";
            params.refuse(name, "type", rest, &text);
            None
        }
    }
}

fn cursor(params: &mut QueryParams, sort_by: SortBy, sort_order: SortOrder) -> Option<ListCursor> {
    let text = params.text("cursor")?;
    let read = decode(&text).filter(well_formed);
    match read {
        Some(cursor) if (cursor.sort_by, cursor.sort_order) == (sort_by, sort_order) => {
            return Some(cursor);
        }
        Some(_) => params.refuse("cursor", "sort", "belongs to another order", &text),
        None => params.refuse("cursor", "format", "is not one of ours", &text),
    }
    None
}

/// Behind the last product of a page.
fn cursor_behind(last: &Product, query: &ProductQuery) -> ListCursor {
    let key = match query.sort_by {
        SortBy::CreatedAt => last.created_at.millis().to_string(),
        SortBy::UpdatedAt => last.updated_at.millis().to_string(),
        SortBy::Name => last.name.clone(),
        SortBy::Price => last.price.cents().to_string(),
        SortBy::Quantity => last.quantity.to_string(),
    };
    ListCursor {
        sort_by: query.sort_by,
        sort_order: query.sort_order,
        key,
        id: last.id,
    }
}

/// Cursors come back from outside: their key must be of the kind its column has.
fn well_formed(cursor: &ListCursor) -> bool {
    match cursor.sort_by {
        SortBy::Name => !cursor.key.contains('\0'),
        SortBy::Quantity => cursor.key.parse::<i32>().is_ok(),
        _ => cursor.key.parse::<i64>().is_ok(),
    }
}

/// Opaque to callers: the JSON in hexadecimal.
fn encode(cursor: &ListCursor) -> String {
    let json = serde_json::to_vec(cursor).unwrap_or_default();
    json.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decode(text: &str) -> Option<ListCursor> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |b: u8| {
        char::from(b)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let bytes: Option<Vec<u8>> = pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? * 16 + digit(*low)?))
        .collect();
    if !rest.is_empty() {
        return None;
    }
    serde_json::from_slice(&bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> ApiResult<(Asked, Option<ProductQuery>)> {
        query(QueryParams::parse(text).unwrap())
    }

    #[test]
    fn pages_do_not_overflow() {
        let far = read("page=18446744073709551615&limit=100").unwrap();
        assert_eq!(far.0.number, u64::MAX);
        let start = far.1.unwrap().start;
        assert_eq!(start, PageStart::Offset(i64::MAX as u64));
        assert_eq!(offset(3, 20), 40);
        for bad in [
            "page=0",
            "page=18446744073709551616",
            "limit=0",
            "limit=101",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn impossible_filters_are_empty_and_broken_ones_refused() {
        let long = format!("category={}", "x".repeat(200));
        for empty in [long.as_str(), "sku=%00", "q=%00", "category=%20a"] {
            assert!(read(empty).unwrap().1.is_none(), "{empty}");
        }
        for bad in [
            "min_quantity=5.5",
            "min_quantity=-",
            "min_price=NaN",
            "max_price=1e3",
            "max_price=1.005",
            "sort_by=price;drop",
            "sort_order=DESC",
            "count=maybe",
            "limits=1",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let huge =
            "min_quantity=99999999999999999999&max_price=99999999999999999999999999999999999999999";
        let filter = read(huge).unwrap().1.unwrap().filter;
        assert_eq!(filter.min_quantity, Some(i64::MAX));
        assert_eq!(filter.max_price, Some(Amount::from_cents(1 << 53)));
    }

    #[test]
    fn cursors_come_back_and_belong_to_their_order() {
        let cursor = ListCursor {
            sort_by: SortBy::Name,
            sort_order: SortOrder::Asc,
            key: "Käse & \"Brot\"".into(),
            id: 7,
        };
        let text = encode(&cursor);
        assert_eq!(decode(&text), Some(cursor.clone()));
        let fits = read(&format!("sort_by=name&sort_order=asc&cursor={text}")).unwrap();
        assert_eq!(fits.1.unwrap().start, PageStart::After(cursor));
        assert!(read(&format!("cursor={text}")).is_err());
        for bad in ["x", "0", "00", "7b7d"] {
            assert!(read(&format!("cursor={bad}")).is_err(), "{bad}");
        }
        let forged = ListCursor {
            sort_by: SortBy::CreatedAt,
            sort_order: SortOrder::Desc,
            key: "now".into(),
            id: 1,
        };
        assert!(read(&format!("cursor={}", encode(&forged))).is_err());
    }
}
