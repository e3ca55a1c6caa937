//! What a dry run keeps between its batches: the products as its rows so far would leave them, by
//! sku, so that a later row with the same key counts as it would in the real run.

use sqlx::PgConnection;

use super::{connections::ConnectionPool, failure::DbResult};
use crate::{
    domain::{
        error::Result, import_job::ImportJob, product::Product, product_csv::ParsedRow,
        seller::SellerId,
    },
    ports::store::{
        batch::Merged,
        column::{from_json, json},
    },
};

/// Rows deleted by one statement: each has a deadline of its own.
const MAX_CLEARED_ROWS: i64 = 2000;

/// The products of these rows as the run's earlier batches would leave them, by sku.
pub(super) async fn known(
    connection: &mut PgConnection,
    job: &ImportJob,
    rows: &[ParsedRow],
) -> DbResult<Vec<Product>> {
    let skus = rows.iter().filter_map(|row| row.product.sku.as_deref());
    let skus: Vec<&str> = skus.collect();
    let staged: Vec<(String,)> = sqlx::query_as(
        "SELECT product FROM import_staged \
         WHERE seller_id = $1 AND import_id = $2 AND sku = ANY($3)",
    )
    .bind(job.seller_id.as_str())
    .bind(&job.id)
    .bind(skus)
    .fetch_all(connection)
    .await?;
    let staged = staged.into_iter();
    staged.map(|(product,)| Ok(from_json(&product)?)).collect()
}

/// Keeps what a batch would write. Products without a sku meet no later row.
pub(super) async fn keep(
    connection: &mut PgConnection,
    job: &ImportJob,
    merged: &Merged,
) -> DbResult<()> {
    let after = merged.writes.iter().map(|write| &write.after);
    let (skus, products): (Vec<&str>, Vec<String>) = after
        .filter_map(|product| Some((product.sku.as_deref()?, json(product))))
        .unzip();
    sqlx::query(
        "INSERT INTO import_staged (seller_id, import_id, sku, product) \
         SELECT $1, $2, sku, product FROM unnest($3, $4) AS given (sku, product) \
         ON CONFLICT (seller_id, import_id, sku) DO UPDATE SET product = excluded.product",
    )
    .bind(job.seller_id.as_str())
    .bind(&job.id)
    .bind(skus)
    .bind(products)
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets all of a run.
pub(super) async fn clear(connections: &ConnectionPool, seller: &SellerId, id: &str) -> Result<()> {
    loop {
        let deleted = connections.run(|mut session| async move {
            let done = sqlx::query(
                "DELETE FROM import_staged WHERE seller_id = $1 AND import_id = $2 \
                 AND sku IN (SELECT sku FROM import_staged \
                     WHERE seller_id = $1 AND import_id = $2 LIMIT $3)",
            )
            .bind(seller.as_str())
            .bind(id)
            .bind(MAX_CLEARED_ROWS)
            .execute(&mut *session)
            .await?;
            Ok(done.rows_affected())
        });
        if deleted.await? < MAX_CLEARED_ROWS.unsigned_abs() {
            return Ok(());
        }
    }
}
