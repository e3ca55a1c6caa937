//! The products a batch of an import meets, and how it writes them: new ones by COPY, known ones
//! by one UPDATE for all.
//!
//! Locks are taken in the order of the ids, and new skus in their own order, so that two imports
//! of one seller wait for each other but never in a circle.

use std::{collections::HashMap, sync::Arc};

use sqlx::{PgConnection, Row};

use super::{
    copy::Rows,
    failure::{Attempt, Failure, failed},
    import_batch::Changes,
    import_row::stored,
    product_row::{self, product_columns, takes_a_sku},
    types::{Cents, Moment},
};
use crate::{
    csv::{ImportRow, Reject},
    import_job::ImportJob,
    product::Product,
    seller::SellerId,
    store::{
        batch::{Merged, apart},
        column::json,
    },
};

/// How products are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Plain,
    /// They stay as they are until the transaction ends.
    Locked,
}

/// The seller's live products that have a sku of these rows.
pub(super) async fn known(
    connection: &mut PgConnection,
    seller: &SellerId,
    rows: &[ImportRow],
    reading: Reading,
) -> Attempt<HashMap<String, Product>> {
    macro_rules! select {
        ($lock:literal) => {
            concat!(
                "SELECT ",
                product_columns!(),
                " FROM products WHERE seller_id = $1 AND sku = ANY($2) AND sku IS NOT NULL \
                 AND deleted_at IS NULL",
                $lock
            )
        };
    }
    let skus: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.product.sku.as_deref())
        .collect();
    if skus.is_empty() {
        return Ok(HashMap::new());
    }
    let select = match reading {
        Reading::Plain => select!(""),
        Reading::Locked => select!(" ORDER BY id FOR NO KEY UPDATE"),
    };
    let rows = sqlx::query(select)
        .bind(seller.as_str())
        .bind(skus)
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("sku")?, product_row::decode(row, seller)?)))
        .collect()
}

/// Locks the products that the batch changes. `false`: one is not what it was when it was read.
pub(super) async fn lock(
    connection: &mut PgConnection,
    seller: &SellerId,
    merged: &Merged,
) -> Attempt<bool> {
    let before = merged
        .writes
        .iter()
        .filter_map(|write| write.before.as_ref());
    let (ids, versions): (Vec<i64>, Vec<i64>) =
        before.map(|product| (product.id, product.version)).unzip();
    if ids.is_empty() {
        return Ok(true);
    }
    let locked: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT id, version FROM products WHERE seller_id = $1 AND id = ANY($2) \
         AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE",
    )
    .bind(seller.as_str())
    .bind(&ids)
    .fetch_all(connection)
    .await?;
    let read: HashMap<i64, i64> = ids.into_iter().zip(versions).collect();
    let stands = |(id, version): &(i64, i64)| read.get(id) == Some(version);
    Ok(locked.len() == read.len() && locked.iter().all(stands))
}

/// Writes the products of the batch, numbered and, as far as they are known, locked.
pub(super) async fn write(
    connection: &mut PgConnection,
    seller: &SellerId,
    changes: &Arc<Changes>,
) -> Attempt<()> {
    let (new, known) = apart({
        let changes = Arc::clone(changes);
        move || (new_rows(&changes.merged), Known::of(&changes.merged))
    })
    .await?;
    if let Some(rows) = new {
        let sent = rows.send(&mut *connection, COPY_PRODUCTS).await;
        sent.map_err(copy_failed)?;
    }
    if known.ids.is_empty() {
        return Ok(());
    }
    known.update(connection, seller).await
}

const COPY_PRODUCTS: &str = "COPY products (seller_id, id, name, description, price, quantity, \
    category, sku, low_stock_threshold, attributes, version, created_at, updated_at) \
    FROM STDIN (FORMAT binary)";

/// Someone else created a product with a sku of the batch after the batch had looked for it: the
/// next attempt finds it.
fn copy_failed(error: sqlx::Error) -> Failure {
    if takes_a_sku(&error) {
        Failure::Again(failed(&error))
    } else {
        error.into()
    }
}

/// The new products as rows of `COPY_PRODUCTS`, in the order of their skus.
fn new_rows(merged: &Merged) -> Option<Rows> {
    let writes = merged.writes.iter();
    let mut new: Vec<&Product> = writes
        .filter(|write| write.before.is_none())
        .map(|write| &write.after)
        .collect();
    if new.is_empty() {
        return None;
    }
    new.sort_by(|one, other| one.sku.cmp(&other.sku));
    let mut rows = Rows::new();
    for product in new {
        rows.row(13)
            .text(product.seller_id.as_str())
            .bigint(product.id)
            .text(&product.name)
            .text_or_null(product.description.as_deref())
            .cents(Cents(product.price.cents()))
            .int(product.quantity)
            .text(&product.category)
            .text_or_null(product.sku.as_deref())
            .int_or_null(product.low_stock_threshold)
            .text_or_null(product.attributes.as_ref().map(json).as_deref())
            .bigint(product.version)
            .moment(Moment(product.created_at))
            .moment(Moment(product.updated_at));
    }
    Some(rows)
}

/// The known products of a batch, a column each. An import leaves the sku alone: it has found the
/// product by it.
#[derive(Debug, Default)]
struct Known {
    ids: Vec<i64>,
    names: Vec<String>,
    descriptions: Vec<Option<String>>,
    prices: Vec<Cents>,
    quantities: Vec<i32>,
    categories: Vec<String>,
    thresholds: Vec<Option<i32>>,
    attributes: Vec<Option<String>>,
    versions: Vec<i64>,
    updated: Vec<Moment>,
}

impl Known {
    fn of(merged: &Merged) -> Self {
        let mut known = Self::default();
        for write in merged.writes.iter().filter(|write| write.before.is_some()) {
            let product = &write.after;
            known.ids.push(product.id);
            known.names.push(product.name.clone());
            known.descriptions.push(product.description.clone());
            known.prices.push(Cents(product.price.cents()));
            known.quantities.push(product.quantity);
            known.categories.push(product.category.clone());
            known.thresholds.push(product.low_stock_threshold);
            known.attributes.push(product.attributes.as_ref().map(json));
            known.versions.push(product.version);
            known.updated.push(Moment(product.updated_at));
        }
        known
    }

    async fn update(self, connection: &mut PgConnection, seller: &SellerId) -> Attempt<()> {
        sqlx::query(
            "UPDATE products SET name = given.name, description = given.description, \
             price = given.price, quantity = given.quantity, category = given.category, \
             low_stock_threshold = given.threshold, attributes = given.attributes::json, \
             version = given.version, updated_at = given.updated_at \
             FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11) AS given (id, name, \
             description, price, quantity, category, threshold, attributes, version, updated_at) \
             WHERE products.seller_id = $1 AND products.id = given.id",
        )
        .bind(seller.as_str())
        .bind(self.ids)
        .bind(self.names)
        .bind(self.descriptions)
        .bind(self.prices)
        .bind(self.quantities)
        .bind(self.categories)
        .bind(self.thresholds)
        .bind(self.attributes)
        .bind(self.versions)
        .bind(self.updated)
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// Keeps the rejected rows under their numbers.
pub(super) async fn copy_rejects(
    connection: &mut PgConnection,
    job: &ImportJob,
    rejects: Vec<(u64, Reject)>,
) -> Attempt<()> {
    const COPY: &str = "COPY import_rejects (seller_id, import_id, no, line, column_name, code, \
        message, hint, record) FROM STDIN (FORMAT binary)";
    if rejects.is_empty() {
        return Ok(());
    }
    let mut rows = Rows::new();
    for (no, reject) in rejects {
        rows.row(9)
            .text(job.seller_id.as_str())
            .text(&job.id)
            .bigint(stored(no))
            .bigint(stored(reject.line))
            .text(&reject.column)
            .text(&reject.code)
            .text(&reject.message)
            .text(&reject.hint)
            .bytes(&reject.record);
    }
    Ok(rows.send(connection, COPY).await?)
}
