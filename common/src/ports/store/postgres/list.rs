//! Lists of products. SQL is put together from enums alone; every value is bound.

use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::{
    failure::DbResult,
    product_row::{decode_all, product_columns},
    types::{PgCents, PgMoment},
};
use crate::{
    domain::{
        error::Result,
        money::Amount,
        product::{Attributes, Product, ProductId},
        query::{ListCursor, Page, PageStart, ProductFilter, ProductQuery},
        seller::SellerId,
    },
    ports::store::{
        MAX_STEP_BYTES,
        column::from_json,
        sql::listing::{self, CursorKey},
    },
};

type PgQuery = QueryBuilder<Postgres>;

/// More than any price, in cents.
const MAX_PRICE_CENTS: i64 = 10_000_000_000;

/// One page in the order asked for, and the number of all matches.
pub(super) async fn page(
    connection: &mut PgConnection,
    seller: &SellerId,
    query: &ProductQuery,
) -> DbResult<Page<Product>> {
    let mut sql = page_sql(seller, query)?;
    let rows = sql.build().fetch_all(&mut *connection).await?;
    let mut page = listing::page(decode_all(&rows, seller)?, query.limit);
    if query.count {
        page.total = Some(counted(connection, count_sql(seller, &query.filter)).await?);
    }
    Ok(page)
}

fn page_sql(seller: &SellerId, query: &ProductQuery) -> Result<PgQuery> {
    let order = listing::order(query.sort_by, query.sort_order);
    let mut sql = PgQuery::new(concat!("SELECT ", product_columns!()));
    match &query.start {
        PageStart::Offset(skip @ 1..) => {
            // The page's ids come first, from an index where one serves: what is skipped is not read.
            sql.push(" FROM products JOIN (SELECT id AS picked");
            push_matches(&mut sql, seller, &query.filter);
            sql.push(" ORDER BY ").push(&order);
            listing::push_limit(&mut sql, query.limit, *skip);
            sql.push(") AS page ON id = picked WHERE seller_id = ")
                .push_bind(seller.as_str().to_owned())
                .push(" ORDER BY ")
                .push(&order);
        }
        start => {
            push_matches(&mut sql, seller, &query.filter);
            if let PageStart::After(cursor) = start {
                push_after(&mut sql, cursor, query)?;
            }
            sql.push(" ORDER BY ").push(&order);
            listing::push_limit(&mut sql, query.limit, 0);
        }
    }
    Ok(sql)
}

/// Matches with an id above `after`, by id.
pub(super) async fn scan(
    connection: &mut PgConnection,
    seller: &SellerId,
    filter: &ProductFilter,
    after: ProductId,
    limit: u32,
) -> DbResult<Vec<Product>> {
    let mut sql = PgQuery::new(concat!("SELECT ", product_columns!()));
    push_scan_step(&mut sql, seller, filter, "", after, limit);
    let rows = sql.build().fetch_all(connection).await?;
    Ok(decode_all(&rows, seller)?)
}

/// The attributes of matches with an id above `after`, by id.
pub(super) async fn scan_attributes(
    connection: &mut PgConnection,
    seller: &SellerId,
    filter: &ProductFilter,
    after: ProductId,
    limit: u32,
) -> DbResult<Vec<(ProductId, Attributes)>> {
    let mut sql = PgQuery::new("SELECT id, attributes::text");
    let having = " AND attributes IS NOT NULL";
    push_scan_step(&mut sql, seller, filter, having, after, limit);
    let rows: Vec<(ProductId, String)> = sql.build_query_as().fetch_all(connection).await?;
    let decode = |(id, json): (ProductId, String)| Ok((id, from_json(&json)?));
    rows.into_iter().map(decode).collect()
}

/// ` FROM products …`: matches with an id above `after` that hold as many bytes together as a step
/// may, one at least.
fn push_scan_step(
    sql: &mut PgQuery,
    seller: &SellerId,
    filter: &ProductFilter,
    having: &'static str,
    after: ProductId,
    limit: u32,
) {
    // The ids of the step come first, so that texts are sent for no product that does not fit.
    sql.push(" FROM products JOIN (SELECT id AS picked FROM (");
    // What the matches before this one take. It is 0 for the first one, which therefore always fits.
    sql.push("SELECT id, sum(bytes) OVER (ORDER BY id) - bytes AS before FROM (");
    // Only the columns without a bound of their own are measured.
    sql.push(
        "SELECT id, octet_length(name) + coalesce(octet_length(description), 0) \
         + coalesce(octet_length(attributes::text), 0) AS bytes",
    );
    push_matches(sql, seller, filter);
    // The limit is inside, so that no more matches are measured than may be answered.
    sql.push(having)
        .push(" AND id > ")
        .push_bind(after)
        .push(" ORDER BY id LIMIT ")
        .push_bind(i64::from(limit))
        .push(") AS found) AS step WHERE before < ")
        .push_bind(MAX_STEP_BYTES)
        // The seller once more: with it a row is found by the primary key, on its own node.
        .push(") AS step ON id = picked WHERE seller_id = ")
        .push_bind(seller.as_str().to_owned())
        .push(" ORDER BY id");
}

/// Products below the threshold that applies, fewest units first.
pub(super) async fn low_stock(
    connection: &mut PgConnection,
    seller: &SellerId,
    default_threshold: i32,
    offset: u64,
    limit: u32,
) -> DbResult<Page<Product>> {
    let low = |start: &str| {
        let mut sql = PgQuery::new(start);
        push_matches(&mut sql, seller, &ProductFilter::default());
        sql.push(" AND quantity < coalesce(low_stock_threshold, ")
            .push_bind(default_threshold)
            .push(")");
        sql
    };
    let mut sql = low(concat!("SELECT ", product_columns!()));
    sql.push(" ORDER BY quantity, id");
    listing::push_limit(&mut sql, limit, offset);
    let rows = sql.build().fetch_all(&mut *connection).await?;
    let mut page = listing::page(decode_all(&rows, seller)?, limit);
    page.total = Some(counted(connection, low("SELECT count(*)")).await?);
    Ok(page)
}

fn count_sql(seller: &SellerId, filter: &ProductFilter) -> PgQuery {
    if filter.is_empty() {
        let mut sql = PgQuery::new("SELECT live FROM sellers WHERE seller_id = ");
        sql.push_bind(seller.as_str().to_owned());
        return sql;
    }
    let mut sql = PgQuery::new("SELECT count(*)");
    push_matches(&mut sql, seller, filter);
    sql
}

async fn counted(connection: &mut PgConnection, mut sql: PgQuery) -> DbResult<u64> {
    let count: Option<i64> = sql.build_query_scalar().fetch_optional(connection).await?;
    Ok(count.unwrap_or(0).unsigned_abs())
}

/// ` FROM products WHERE …`: the seller's undeleted products that pass the filter.
fn push_matches(sql: &mut PgQuery, seller: &SellerId, filter: &ProductFilter) {
    sql.push(" FROM products WHERE seller_id = ")
        .push_bind(seller.as_str().to_owned())
        .push(" AND deleted_at IS NULL");
    if let Some(category) = &filter.category {
        sql.push(" AND category = ").push_bind(category.clone());
    }
    if let Some(sku) = &filter.sku {
        sql.push(" AND sku = ").push_bind(sku.clone());
    }
    for (condition, bound) in [
        (" AND quantity >= ", filter.min_quantity),
        (" AND quantity <= ", filter.max_quantity),
    ] {
        if let Some(bound) = bound {
            sql.push(condition).push_bind(bound);
        }
    }
    for (condition, bound) in [
        (" AND price >= ", filter.min_price),
        (" AND price <= ", filter.max_price),
    ] {
        if let Some(bound) = bound {
            sql.push(condition).push_bind(cents(bound));
        }
    }
    if let Some(text) = &filter.text {
        let pattern = listing::contains(text);
        for (start, column) in [(" AND (", "name"), (" OR ", "description"), (" OR ", "sku")] {
            sql.push(start)
                .push(column)
                .push(" ILIKE ")
                .push_bind(pattern.clone());
        }
        sql.push(")");
    }
}

/// A bound of prices; one that no price reaches stays out of reach.
fn cents(amount: Amount) -> PgCents {
    let cents = amount.cents().clamp(0, i128::from(MAX_PRICE_CENTS));
    PgCents(i64::try_from(cents).unwrap_or(MAX_PRICE_CENTS))
}

/// ` AND …`: only what comes after the cursor.
fn push_after(sql: &mut PgQuery, cursor: &ListCursor, query: &ProductQuery) -> Result<()> {
    let key = CursorKey::read(cursor, query)?;
    sql.push(listing::after(query));
    match key {
        CursorKey::Text(text) => sql.push_bind(text),
        CursorKey::Price(price) => sql.push_bind(cents(price)),
        CursorKey::Count(count) => sql.push_bind(count),
        CursorKey::Moment(moment) => sql.push_bind(PgMoment(moment)),
    };
    sql.push(", ").push_bind(cursor.id).push(")");
    Ok(())
}
