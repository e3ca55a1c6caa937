//! Lists of products. SQL is put together from enums alone; every value is bound.

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{
    failure::failed,
    product_row::{decode_all, product_columns},
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

type Sql = QueryBuilder<Sqlite>;

/// One page in the order asked for, and the number of all matches.
pub(super) async fn page(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    query: &ProductQuery,
) -> Result<Page<Product>> {
    let mut sql = page_sql(seller, query)?;
    let rows = sql
        .build()
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
    let mut page = listing::page(decode_all(&rows, seller)?, query.limit);
    if query.count {
        let counted = counted(connection, count_sql(seller, &query.filter)).await?;
        page.total = Some(counted);
    }
    Ok(page)
}

fn page_sql(seller: &SellerId, query: &ProductQuery) -> Result<Sql> {
    let order = listing::order(query.sort_by, query.sort_order);
    // The page's ids come first, from an index where one serves: skipped products are not read.
    let mut sql = Sql::new(concat!(
        "SELECT ",
        product_columns!(),
        " FROM products JOIN (SELECT id AS picked"
    ));
    push_matches(&mut sql, seller, &query.filter);
    let skip = match &query.start {
        PageStart::Offset(skip) => *skip,
        PageStart::After(cursor) => {
            push_after(&mut sql, cursor, query)?;
            0
        }
    };
    sql.push(" ORDER BY ").push(&order);
    listing::push_limit(&mut sql, query.limit, skip);
    sql.push(") ON products.id = picked WHERE seller_id = ")
        .push_bind(seller.as_str().to_owned())
        .push(" ORDER BY ")
        .push(&order);
    Ok(sql)
}

/// Matches with an id above `after`, by id.
pub(super) async fn scan(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    filter: &ProductFilter,
    after: ProductId,
    limit: u32,
) -> Result<Vec<Product>> {
    let mut sql = Sql::new(concat!("SELECT ", product_columns!()));
    push_scan_step(&mut sql, seller, filter, "", after, limit);
    let rows = sql.build().fetch_all(connection).await.map_err(failed)?;
    decode_all(&rows, seller)
}

/// The attributes of matches with an id above `after`, by id.
pub(super) async fn scan_attributes(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    filter: &ProductFilter,
    after: ProductId,
    limit: u32,
) -> Result<Vec<(ProductId, Attributes)>> {
    let mut sql = Sql::new("SELECT id, attributes");
    let having = " AND attributes IS NOT NULL";
    push_scan_step(&mut sql, seller, filter, having, after, limit);
    let rows: Vec<(ProductId, String)> = sql
        .build_query_as()
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    let decode = |(id, json): (ProductId, String)| Ok((id, from_json(&json)?));
    rows.into_iter().map(decode).collect()
}

/// ` FROM products …`: matches with an id above `after` that hold as many bytes together as a step
/// may, one at least.
fn push_scan_step(
    sql: &mut Sql,
    seller: &SellerId,
    filter: &ProductFilter,
    having: &'static str,
    after: ProductId,
    limit: u32,
) {
    // The ids of the step come first, so that texts are read of no product that does not fit.
    sql.push(" FROM products JOIN (SELECT id AS picked FROM (");
    // What the matches before this one take. It is 0 for the first one, which therefore always fits.
    sql.push("SELECT id, sum(bytes) OVER (ORDER BY id) - bytes AS before FROM (");
    // Only the columns without a bound of their own are measured. SQLite knows the length of a text
    // from the head of its row, without its pages.
    sql.push(
        "SELECT id, octet_length(name) + coalesce(octet_length(description), 0) \
         + coalesce(octet_length(attributes), 0) AS bytes",
    );
    push_matches(sql, seller, filter);
    // The limit is inside, so that no more matches are measured than may be answered.
    sql.push(having)
        .push(" AND id > ")
        .push_bind(after)
        .push(" ORDER BY id LIMIT ")
        .push_bind(limit)
        .push(")) WHERE before < ")
        .push_bind(MAX_STEP_BYTES)
        // The seller once more: with it a row is found by the primary key.
        .push(") ON products.id = picked WHERE seller_id = ")
        .push_bind(seller.as_str().to_owned())
        .push(" ORDER BY id");
}

/// Products below the threshold that applies, fewest units first.
pub(super) async fn low_stock(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    default_threshold: i32,
    offset: u64,
    limit: u32,
) -> Result<Page<Product>> {
    let low = |start: &str| {
        let mut sql = Sql::new(start);
        push_matches(&mut sql, seller, &ProductFilter::default());
        sql.push(" AND quantity < coalesce(low_stock_threshold, ")
            .push_bind(default_threshold)
            .push(")");
        sql
    };
    let mut sql = low(concat!("SELECT ", product_columns!()));
    sql.push(" ORDER BY quantity, id");
    listing::push_limit(&mut sql, limit, offset);
    let rows = sql
        .build()
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
    let mut page = listing::page(decode_all(&rows, seller)?, limit);
    page.total = Some(counted(connection, low("SELECT count(*)")).await?);
    Ok(page)
}

fn count_sql(seller: &SellerId, filter: &ProductFilter) -> Sql {
    if filter.is_empty() {
        let mut sql = Sql::new("SELECT live FROM sellers WHERE seller_id = ");
        sql.push_bind(seller.as_str().to_owned());
        return sql;
    }
    let mut sql = Sql::new("SELECT count(*)");
    push_matches(&mut sql, seller, filter);
    sql
}

async fn counted(connection: &mut SqliteConnection, mut sql: Sql) -> Result<u64> {
    let count: Option<i64> = sql
        .build_query_scalar()
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    Ok(count.unwrap_or(0).unsigned_abs())
}

/// ` FROM products WHERE …`: the seller's undeleted products that pass the filter.
fn push_matches(sql: &mut Sql, seller: &SellerId, filter: &ProductFilter) {
    sql.push(" FROM products WHERE seller_id = ")
        .push_bind(seller.as_str().to_owned())
        .push(" AND deleted_at IS NULL");
    if let Some(category) = &filter.category {
        sql.push(" AND category = ").push_bind(category.clone());
    }
    if let Some(sku) = &filter.sku {
        sql.push(" AND sku IS NOT NULL AND sku = ")
            .push_bind(sku.clone());
    }
    let bounds = [
        (" AND quantity >= ", filter.min_quantity),
        (" AND quantity <= ", filter.max_quantity),
        (" AND price >= ", filter.min_price.map(cents)),
        (" AND price <= ", filter.max_price.map(cents)),
    ];
    for (condition, bound) in bounds {
        if let Some(bound) = bound {
            sql.push(condition).push_bind(bound);
        }
    }
    if let Some(text) = &filter.text {
        let pattern = listing::contains(text);
        for (start, column) in [(" AND (", "name"), (" OR ", "description"), (" OR ", "sku")] {
            sql.push(start)
                .push(column)
                .push(" LIKE ")
                .push_bind(pattern.clone())
                .push(r" ESCAPE '\'");
        }
        sql.push(")");
    }
}

/// A bound in cents; one that no price reaches stays out of reach.
fn cents(amount: Amount) -> i64 {
    let wide = amount.cents();
    i64::try_from(wide).unwrap_or(if wide < 0 { i64::MIN } else { i64::MAX })
}

/// ` AND …`: only what comes after the cursor.
fn push_after(sql: &mut Sql, cursor: &ListCursor, query: &ProductQuery) -> Result<()> {
    let key = CursorKey::read(cursor, query)?;
    sql.push(listing::after(query));
    match key {
        CursorKey::Text(text) => sql.push_bind(text),
        CursorKey::Price(price) => sql.push_bind(cents(price)),
        CursorKey::Count(count) => sql.push_bind(count),
        CursorKey::Moment(moment) => sql.push_bind(moment.millis()),
    };
    sql.push(", ").push_bind(cursor.id).push(")");
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Row};

    use super::*;
    use crate::{
        domain::{
            port::Port,
            query::{SortBy, SortOrder},
        },
        engines::sqlite_db::SqliteDb,
        ports::store::sqlite::MIGRATOR,
    };

    async fn plan(db: &SqliteDb, sql: Sql) -> String {
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", sql.sql().as_str()));
        let rows = sqlx::query(explain).fetch_all(db.readers()).await.unwrap();
        let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        steps.join("\n")
    }

    /// What a seller with a million products lists most must not read them all.
    #[tokio::test]
    async fn usual_lists_and_counts_are_read_from_their_index() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let db = SqliteDb::open(Port::Store, &path, &MIGRATOR).await.unwrap();
        let seller = SellerId::parse("a").unwrap();
        let category = ProductFilter {
            category: Some("c".to_owned()),
            ..ProductFilter::default()
        };
        for (filter, index) in [
            (ProductFilter::default(), "idx_products_seller_id"),
            (category.clone(), "idx_products_seller_category"),
        ] {
            let (sort_by, sort_order) = (SortBy::CreatedAt, SortOrder::Desc);
            let cursor = ListCursor {
                sort_by,
                sort_order,
                key: "1".to_owned(),
                id: 1,
            };
            for start in [PageStart::Offset(400), PageStart::After(cursor)] {
                let query = ProductQuery {
                    filter: filter.clone(),
                    sort_by,
                    sort_order,
                    start,
                    limit: 20,
                    count: false,
                };
                let plan = plan(&db, page_sql(&seller, &query).unwrap()).await;
                assert!(plan.contains(&format!("COVERING INDEX {index}")), "{plan}");
            }
        }
        let plan = plan(&db, count_sql(&seller, &category)).await;
        assert!(
            plan.contains("COVERING INDEX idx_products_seller_category"),
            "{plan}"
        );
    }
}
