//! The products a batch of an import meets, and how it writes them: new ones by COPY, known ones
//! by one UPDATE for all.
//!
//! Locks are taken in the order of the skus, first those of known products, then those of new
//! ones, so that two imports of one seller wait for each other but never in a circle.

use std::{collections::HashMap, sync::Arc};

use sqlx::PgConnection;

use super::{
    bulk::CopyRows,
    failure::{DbFailure, DbResult, failed},
    product_row::{decode_all, product_columns},
    product_write::takes_a_sku,
    types::{PgCents, PgMoment},
};
use crate::{
    domain::{
        import_job::ImportJob,
        product::{Product, ProductId},
        product_csv::{ParsedRow, RejectedRow},
        seller::SellerId,
    },
    ports::store::{
        batch::{Merged, apart},
        batch_keys::{KnownProducts, row_ids},
        column::{json, stored},
    },
};

/// How products are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LockMode {
    Plain,
    /// They stay as they are until the transaction ends.
    Locked,
}

/// The seller's live products that have an id or a sku of these rows.
pub(super) async fn known(
    connection: &mut PgConnection,
    seller: &SellerId,
    rows: &[ParsedRow],
    lock_mode: LockMode,
) -> DbResult<KnownProducts> {
    let mut known = KnownProducts::default();
    known.extend(find_ids(&mut *connection, seller, row_ids(rows), lock_mode).await?);
    let skus = known.unknown_skus(rows);
    known.extend(find(connection, seller, skus, lock_mode).await?);
    Ok(known)
}

/// Locks the products that the batch changes. `false`: one is not what it was when it was read.
pub(super) async fn lock(
    connection: &mut PgConnection,
    seller: &SellerId,
    merged: &Merged,
) -> DbResult<bool> {
    let before = merged
        .writes
        .iter()
        .filter_map(|write| write.before.as_ref());
    let skus = before.clone().filter_map(|product| product.sku.as_deref());
    let mut locked = find(&mut *connection, seller, skus.collect(), LockMode::Locked).await?;
    let bare = before.clone().filter(|product| product.sku.is_none());
    let mut ids: Vec<ProductId> = bare.map(|product| product.id).collect();
    ids.sort_unstable();
    locked.extend(find_ids(connection, seller, ids, LockMode::Locked).await?);
    let locked: HashMap<ProductId, Product> = locked
        .into_iter()
        .map(|product| (product.id, product))
        .collect();
    let is_unchanged = |product: &Product| locked.get(&product.id) == Some(product);
    Ok(before.into_iter().all(is_unchanged))
}

/// The seller's live products with these skus.
///
/// Each is looked up on its own, in the order of the skus. The planner may not do otherwise: it
/// knows little of a table that is being filled or of a seller that is new, takes any index of the
/// seller for as good as that of the skus, and then reads all products of the seller for each sku.
/// So the sku is asked for as a range in its order, which only its own index gives without sorting,
/// and sorting is switched off on these connections.
async fn find(
    connection: &mut PgConnection,
    seller: &SellerId,
    mut skus: Vec<&str>,
    lock_mode: LockMode,
) -> DbResult<Vec<Product>> {
    macro_rules! select {
        ($lock:literal) => {
            concat!(
                // Lateral: one look-up for each sku, in the order given.
                "SELECT found.* FROM unnest($2) AS given (sku) CROSS JOIN LATERAL (SELECT ",
                product_columns!(),
                // A range that holds one sku, so that the order below is not taken for given.
                " FROM products WHERE seller_id = $1 AND products.sku >= given.sku \
                 AND products.sku <= given.sku ",
                // The conditions of the partial index of live skus.
                "AND products.sku IS NOT NULL AND deleted_at IS NULL ",
                // Only that index has this order; there is at most one such product.
                "ORDER BY products.sku LIMIT 1",
                // The row is locked where it is found: in the order of the skus.
                $lock,
                ") AS found"
            )
        };
    }
    skus.sort_unstable();
    skus.dedup();
    if !any_between(&mut *connection, seller, &skus).await? {
        return Ok(Vec::new());
    }
    let select = match lock_mode {
        LockMode::Plain => select!(""),
        LockMode::Locked => select!(" FOR NO KEY UPDATE"),
    };
    let rows = sqlx::query(select)
        .bind(seller.as_str())
        .bind(skus)
        .fetch_all(connection)
        .await?;
    Ok(decode_all(&rows, seller)?)
}

/// The seller's live products with these ids, in their order.
async fn find_ids(
    connection: &mut PgConnection,
    seller: &SellerId,
    ids: Vec<ProductId>,
    lock_mode: LockMode,
) -> DbResult<Vec<Product>> {
    macro_rules! select {
        ($lock:literal) => {
            concat!(
                "SELECT found.* FROM unnest($2) AS given (id) CROSS JOIN LATERAL (SELECT ",
                product_columns!(),
                " FROM products WHERE seller_id = $1 AND products.id >= given.id \
                 AND products.id <= given.id AND deleted_at IS NULL ORDER BY products.id LIMIT 1",
                $lock,
                ") AS found"
            )
        };
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let select = match lock_mode {
        LockMode::Plain => select!(""),
        LockMode::Locked => select!(" FOR NO KEY UPDATE"),
    };
    let rows = sqlx::query(select)
        .bind(seller.as_str())
        .bind(ids)
        .fetch_all(connection)
        .await?;
    Ok(decode_all(&rows, seller)?)
}

/// Whether the seller has any live product with a sku from the first to the last of these. Files of
/// new products are often sorted, or the seller's first: one look saves thousands.
async fn any_between(
    connection: &mut PgConnection,
    seller: &SellerId,
    skus: &[&str],
) -> DbResult<bool> {
    let (Some(first), Some(last)) = (skus.first(), skus.last()) else {
        return Ok(false);
    };
    let next: Option<String> = sqlx::query_scalar(
        "SELECT sku FROM products WHERE seller_id = $1 AND sku >= $2 AND sku IS NOT NULL \
         AND deleted_at IS NULL ORDER BY sku LIMIT 1",
    )
    .bind(seller.as_str())
    .bind(first)
    .fetch_optional(connection)
    .await?;
    Ok(next.is_some_and(|next| next.as_str() <= *last))
}

/// Writes the products of the batch, numbered and, as far as they are known, locked.
pub(super) async fn write(
    connection: &mut PgConnection,
    seller: &SellerId,
    merged: &Arc<Merged>,
) -> DbResult<()> {
    let (new, known) = apart({
        let merged = Arc::clone(merged);
        move || (new_rows(&merged), KnownColumns::of(&merged))
    })
    .await?;
    if let Some(rows) = new {
        let sent = rows.send(&mut *connection, COPY_PRODUCTS).await;
        sent.map_err(write_failed)?;
    }
    if known.ids.is_empty() {
        return Ok(());
    }
    known.update(connection, seller).await
}

const COPY_PRODUCTS: &str = "COPY products (seller_id, id, name, description, price, quantity, \
    category, sku, low_stock_threshold, attributes, version, created_at, updated_at) \
    FROM STDIN (FORMAT binary)";

/// Someone else created a product with a sku of the batch after the batch had looked for it: it is
/// found when the batch is tried again.
fn write_failed(error: sqlx::Error) -> DbFailure {
    if takes_a_sku(&error) {
        DbFailure::Retryable(failed(&error))
    } else {
        error.into()
    }
}

/// The new products as rows of `COPY_PRODUCTS`, in the order of their skus.
fn new_rows(merged: &Merged) -> Option<CopyRows> {
    let writes = merged.writes.iter();
    let mut new: Vec<&Product> = writes
        .filter(|write| write.before.is_none())
        .map(|write| &write.after)
        .collect();
    if new.is_empty() {
        return None;
    }
    new.sort_by(|one, other| one.sku.cmp(&other.sku));
    let mut rows = CopyRows::new();
    for product in new {
        rows.row(13)
            .text(product.seller_id.as_str())
            .bigint(product.id)
            .text(&product.name)
            .text_or_null(product.description.as_deref())
            .cents(PgCents(product.price.cents()))
            .int(product.quantity)
            .text(&product.category)
            .text_or_null(product.sku.as_deref())
            .int_or_null(product.low_stock_threshold)
            .text_or_null(product.attributes.as_ref().map(json).as_deref())
            .bigint(product.version)
            .moment(PgMoment(product.created_at))
            .moment(PgMoment(product.updated_at));
    }
    Some(rows)
}

/// The known products of a batch, a column each.
#[derive(Debug, Default)]
struct KnownColumns {
    ids: Vec<i64>,
    names: Vec<String>,
    descriptions: Vec<Option<String>>,
    prices: Vec<PgCents>,
    quantities: Vec<i32>,
    categories: Vec<String>,
    skus: Vec<Option<String>>,
    thresholds: Vec<Option<i32>>,
    attributes: Vec<Option<String>>,
    versions: Vec<i64>,
    created: Vec<PgMoment>,
    updated: Vec<PgMoment>,
}

impl KnownColumns {
    fn of(merged: &Merged) -> Self {
        let mut known = Self::default();
        for write in merged.writes.iter().filter(|write| write.before.is_some()) {
            let product = &write.after;
            known.ids.push(product.id);
            known.names.push(product.name.clone());
            known.descriptions.push(product.description.clone());
            known.prices.push(PgCents(product.price.cents()));
            known.quantities.push(product.quantity);
            known.categories.push(product.category.clone());
            known.skus.push(product.sku.clone());
            known.thresholds.push(product.low_stock_threshold);
            known.attributes.push(product.attributes.as_ref().map(json));
            known.versions.push(product.version);
            known.created.push(PgMoment(product.created_at));
            known.updated.push(PgMoment(product.updated_at));
        }
        known
    }

    /// An insert that always meets its row: unlike for an UPDATE with a join, there is one plan,
    /// by primary key. The sku stays, but for a product that had none.
    async fn update(self, connection: &mut PgConnection, seller: &SellerId) -> DbResult<()> {
        sqlx::query(concat!(
            "INSERT INTO products (seller_id, id, name, description, price, quantity, category, sku, \
             low_stock_threshold, attributes, version, created_at, updated_at) \
             SELECT $1, id, name, description, price, quantity, category, sku, threshold, \
             attributes::json, version, created_at, updated_at \
             FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) AS given (id, name, \
             description, price, quantity, category, sku, threshold, attributes, version, \
             created_at, updated_at) ",
            // Every row is there and locked. Its creation time is given for the form only: the
            // column may not be null.
            "ON CONFLICT (seller_id, id) DO UPDATE SET name = excluded.name, \
             description = excluded.description, price = excluded.price, \
             quantity = excluded.quantity, category = excluded.category, sku = excluded.sku, \
             low_stock_threshold = excluded.low_stock_threshold, \
             attributes = excluded.attributes, version = excluded.version, \
             updated_at = excluded.updated_at",
        ))
        .bind(seller.as_str())
        .bind(self.ids)
        .bind(self.names)
        .bind(self.descriptions)
        .bind(self.prices)
        .bind(self.quantities)
        .bind(self.categories)
        .bind(self.skus)
        .bind(self.thresholds)
        .bind(self.attributes)
        .bind(self.versions)
        .bind(self.created)
        .bind(self.updated)
        .execute(connection)
        .await
        .map_err(write_failed)?;
        Ok(())
    }
}

/// Keeps the rejected rows under their numbers.
pub(super) async fn write_rejects(
    connection: &mut PgConnection,
    job: &ImportJob,
    rejects: Vec<(u64, RejectedRow)>,
) -> DbResult<()> {
    const COPY: &str = "COPY import_rejects (seller_id, import_id, no, line, column_name, code, \
        message, hint, record) FROM STDIN (FORMAT binary)";
    if rejects.is_empty() {
        return Ok(());
    }
    let mut rows = CopyRows::new();
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
