//! What a dry run keeps between its batches: the products as its rows so far would leave them, by
//! sku, so that a later row with the same key counts as it would in the real run.

use sqlx::SqliteConnection;

use super::bulk;
use crate::{
    domain::{
        error::Result, import_job::ImportJob, product::Product, product_csv::ParsedRow,
        seller::SellerId,
    },
    engines::sqlite_db::SqliteDb,
    ports::store::{
        batch::Merged,
        column::{from_json, json},
        sqlite::failure::failed,
    },
};

/// Rows deleted in one transaction, so that other writes get their turn.
const MAX_CLEARED_ROWS: i64 = 2000;

/// The products of these rows as the run's earlier batches would leave them, by sku.
pub(super) async fn known(
    connection: &mut SqliteConnection,
    job: &ImportJob,
    rows: &[ParsedRow],
) -> Result<Vec<Product>> {
    let skus = rows.iter().filter_map(|row| row.product.sku.as_deref());
    let skus: Vec<&str> = skus.collect();
    let staged: Vec<(String,)> = sqlx::query_as(
        "SELECT product FROM (SELECT DISTINCT value AS given FROM json_each(?)) \
         CROSS JOIN import_staged ON seller_id = ? AND import_id = ? AND sku = given",
    )
    .bind(json(&skus))
    .bind(job.seller_id.as_str())
    .bind(&job.id)
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let staged = staged.into_iter();
    staged.map(|(product,)| from_json(&product)).collect()
}

/// Keeps what a batch would write. Products without a sku meet no later row.
pub(super) async fn keep(
    connection: &mut SqliteConnection,
    job: &ImportJob,
    merged: Merged,
) -> Result<()> {
    const TABLE: bulk::BulkTable = bulk::BulkTable {
        head: "INSERT INTO import_staged (seller_id, import_id, sku, product) VALUES ",
        columns: 4,
        tail: " ON CONFLICT (seller_id, import_id, sku) DO UPDATE SET product = excluded.product",
    };
    let (seller, id) = (job.seller_id.as_str(), job.id.as_str());
    let products = merged.writes.into_iter().map(|write| write.after);
    let products: Vec<Product> = products.filter(|product| product.sku.is_some()).collect();
    bulk::insert(connection, &TABLE, products, |query, product| {
        let text = json(&product);
        query
            .bind(seller.to_owned())
            .bind(id.to_owned())
            .bind(product.sku)
            .bind(text)
    })
    .await
}

/// Forgets all of a run.
pub(super) async fn clear(db: &SqliteDb, seller: &SellerId, id: &str) -> Result<()> {
    loop {
        let (seller, id) = (seller.as_str().to_owned(), id.to_owned());
        let deleted = db.write(|connection| {
            Box::pin(async move {
                let done = sqlx::query(
                    "DELETE FROM import_staged WHERE (seller_id, import_id, sku) IN ( \
                     SELECT seller_id, import_id, sku FROM import_staged \
                     WHERE seller_id = ? AND import_id = ? LIMIT ?)",
                )
                .bind(seller)
                .bind(id)
                .bind(MAX_CLEARED_ROWS)
                .execute(connection)
                .await
                .map_err(failed)?;
                Ok(done.rows_affected())
            })
        });
        if deleted.await? < MAX_CLEARED_ROWS.unsigned_abs() {
            return Ok(());
        }
    }
}
