//! The list of products: filters, order, numbered pages and cursors.

use std::sync::Arc;

use axum::extract::State;
use pm_common::{
    api::{ErrorOut, Pagination, ProductsOut},
    domain::{
        money::Amount,
        product::{Product, fields},
        query::{ListCursor, Page, PageStart, ProductFilter, ProductQuery, SortBy},
    },
    request::{PageRequest, ProductListRequest, QueryReader},
};

use super::{HttpState, error::ApiResult, identity::RequestSeller, params::QueryParams, reply};

/// More cents than any price has, and few enough for every engine's integers.
const CENTS_BEYOND_PRICES: i128 = 1 << 53;

/// List products
///
/// All filters hold together; an empty value is no filter. Page by number, or faster by
/// `cursor` with the `next_cursor` of the page before.
#[utoipa::path(get, path = "/api/products", tag = "Products",
    params(
        ("page" = Option<u64>, Query, description = "From 1"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default"),
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
    let (request, query) = query(params)?;
    let found = match &query {
        Some(query) => http.app.store.product_list(&seller, query).await?,
        None => Page {
            items: Vec::new(),
            total: Some(0),
            more: false,
        },
    };
    let page = request.page;
    let mut pagination = Pagination::new(page.number, page.limit, found.total);
    if let (true, Some(query), Some(last)) = (found.more, &query, found.items.last()) {
        pagination.next_cursor = Some(encode(&cursor_after(last, query)));
    }
    if !request.count {
        (pagination.total, pagination.total_pages) = (None, None);
    }
    reply::ok(&ProductsOut {
        data: found.items,
        pagination,
    })
}

/// What to ask the store; no query when no product can pass the filters.
fn query(params: QueryParams) -> ApiResult<(ProductListRequest, Option<ProductQuery>)> {
    let (request, cursor) = params.read(|reader| {
        let request = ProductListRequest::read(reader);
        let cursor = cursor(reader, &request);
        (request, cursor)
    })?;
    let query = possible(request.filter.clone()).map(|filter| ProductQuery {
        filter,
        sort_by: request.sort_by,
        sort_order: request.sort_order,
        start: cursor.map_or(PageStart::Offset(offset(request.page)), PageStart::After),
        limit: request.page.limit,
        count: request.count,
    });
    Ok((request, query))
}

/// Items before a page; every engine can count that far.
pub(super) fn offset(page: PageRequest) -> u64 {
    (page.number - 1)
        .saturating_mul(u64::from(page.limit))
        .min(i64::MAX.unsigned_abs())
}

/// The filter with bounds that every engine can hold; `None` when one of its values is one that no
/// product can have.
pub(super) fn possible(filter: ProductFilter) -> Option<ProductFilter> {
    let fits = |text: &Option<String>, max: usize| {
        text.as_ref().is_none_or(|text| {
            text.trim() == text && !text.contains('\0') && text.chars().count() <= max
        })
    };
    let is_possible = fits(&filter.category, fields::CATEGORY_MAX)
        && fits(&filter.sku, fields::SKU_MAX)
        && filter.text.as_ref().is_none_or(|text| !text.contains('\0'));
    is_possible.then(|| ProductFilter {
        min_price: filter.min_price.map(clamped),
        max_price: filter.max_price.map(clamped),
        ..filter
    })
}

/// A sum beyond every price counts as just beyond.
fn clamped(amount: Amount) -> Amount {
    let cents = amount.cents();
    Amount::from_cents(cents.clamp(-CENTS_BEYOND_PRICES, CENTS_BEYOND_PRICES))
}

/// The cursor, if it is one of ours and of this order.
fn cursor(reader: &mut QueryReader, request: &ProductListRequest) -> Option<ListCursor> {
    let text = request.cursor.as_ref()?;
    let order = (request.sort_by, request.sort_order);
    match decode(text).filter(well_formed) {
        Some(cursor) if (cursor.sort_by, cursor.sort_order) == order => return Some(cursor),
        Some(_) => reader.refuse("cursor", "sort", "belongs to another order", text),
        None => reader.refuse("cursor", "format", "is not one of ours", text),
    }
    None
}

/// The cursor after the last product of a page.
fn cursor_after(last: &Product, query: &ProductQuery) -> ListCursor {
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
    use pm_common::domain::query::SortOrder;

    use super::*;

    fn read(text: &str) -> ApiResult<(ProductListRequest, Option<ProductQuery>)> {
        query(QueryParams::parse(text).unwrap())
    }

    #[test]
    fn pages_do_not_overflow() {
        let far = read("page=18446744073709551615&limit=100").unwrap();
        assert_eq!(far.0.page.number, u64::MAX);
        let start = far.1.unwrap().start;
        assert_eq!(start, PageStart::Offset(i64::MAX as u64));
        let third = PageRequest {
            number: 3,
            limit: 20,
        };
        assert_eq!(offset(third), 40);
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
