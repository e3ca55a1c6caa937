//! The products a batch of an import meets, and how it writes them: new and known ones alike, many
//! with one statement.

use std::sync::Arc;

use sqlx::SqliteConnection;

use super::{
    bulk,
    failure::failed,
    product_row::{decode_all, product_columns},
    product_write::{self, put_product},
};
use crate::{
    domain::{
        error::Result,
        import_job::ImportJob,
        product::Product,
        product_csv::{ParsedRow, RejectedRow},
        seller::SellerId,
    },
    ports::store::{
        batch_keys::{KnownProducts, row_ids},
        column::{json, stored},
    },
};

/// The seller's live products that have an id or a sku of these rows.
pub(super) async fn known(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    rows: &[ParsedRow],
) -> Result<KnownProducts> {
    let mut known = KnownProducts::default();
    let ids = row_ids(rows);
    if !ids.is_empty() {
        const BY_ID: &str = concat!(
            "SELECT ",
            product_columns!(),
            " FROM json_each(?) CROSS JOIN products \
             ON seller_id = ? AND products.id = json_each.value AND deleted_at IS NULL"
        );
        known.extend(find(&mut *connection, seller, BY_ID, json(&ids)).await?);
    }
    let skus = known.unknown_skus(rows);
    if !skus.is_empty() {
        const BY_SKU: &str = concat!(
            "SELECT ",
            product_columns!(),
            // CROSS JOIN keeps the order of the tables: the skus are read, and each one is looked up.
            // Both conditions of the partial index of live skus are named; without them it cannot serve.
            " FROM json_each(?) CROSS JOIN products \
             ON seller_id = ? AND sku = json_each.value AND sku IS NOT NULL AND deleted_at IS NULL"
        );
        known.extend(find(connection, seller, BY_SKU, json(&skus)).await?);
    }
    Ok(known)
}

/// The products that a statement finds by keys in JSON.
async fn find(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    select: &'static str,
    keys: String,
) -> Result<Vec<Product>> {
    let rows = sqlx::query(select)
        .bind(keys)
        .bind(seller.as_str())
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    decode_all(&rows, seller)
}

/// Writes many undeleted products of one seller, new or known, in their order.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    products: Vec<Product>,
) -> Result<()> {
    const TABLE: bulk::BulkTable = bulk::BulkTable {
        head: put_product!(head),
        columns: 14,
        tail: put_product!(tail),
    };
    let seller: Arc<str> = seller.as_str().into();
    bulk::insert(connection, &TABLE, products, |query, product| {
        product_write::bind(query, Arc::clone(&seller), product, None)
    })
    .await
}

/// Keeps the rejected rows under their numbers.
pub(super) async fn write_rejects(
    connection: &mut SqliteConnection,
    job: &ImportJob,
    rejects: Vec<(u64, RejectedRow)>,
) -> Result<()> {
    const TABLE: bulk::BulkTable = bulk::BulkTable {
        head: "INSERT INTO import_rejects (seller_id, import_id, no, line, column_name, code, \
               message, hint, record) VALUES ",
        columns: 9,
        tail: "",
    };
    let (seller, id) = (job.seller_id.as_str(), job.id.as_str());
    bulk::insert(connection, &TABLE, rejects, |query, (no, reject)| {
        query
            .bind(seller.to_owned())
            .bind(id.to_owned())
            .bind(stored(no))
            .bind(stored(reject.line))
            .bind(reject.column)
            .bind(reject.code)
            .bind(reject.message)
            .bind(reject.hint)
            .bind(reject.record)
    })
    .await
}
