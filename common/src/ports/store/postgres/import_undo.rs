//! Undoing an import: what its batches keep for that, and putting products back part by part, each
//! with its events in one transaction.

use std::collections::{HashMap, HashSet};

use sqlx::{PgConnection, Row};

use super::{
    counters::{self, CounterDelta},
    failure::DbResult,
    import_products,
    import_row::{self, lock},
    outbox,
    product_row::{self, product_columns},
    product_write,
    types::PgMoment,
};
use crate::{
    domain::{
        clock,
        import_job::{BatchOutcome, Checkpoint, ImportJob},
        product::ProductId,
        seller::SellerId,
    },
    ports::store::{
        block,
        change::Rules,
        column::{from_json, json, stored},
        undo::{
            ImportEffect, MAX_UNDO_PRODUCTS, UndoPlan, UndoRecords, UndoState, is_next, take_ids,
        },
    },
};

/// Keeps what an undo of the job needs of a batch. What was kept before of a product stays: it is
/// older.
pub(super) async fn record(
    connection: &mut PgConnection,
    job: &ImportJob,
    records: UndoRecords,
) -> DbResult<()> {
    if !records.created.is_empty() {
        let (first, last): (Vec<ProductId>, Vec<ProductId>) = records.created.into_iter().unzip();
        sqlx::query(
            "INSERT INTO import_created (seller_id, import_id, first_id, last_id) \
             SELECT $1, $2, first_id, last_id FROM unnest($3, $4) AS given (first_id, last_id)",
        )
        .bind(job.seller_id.as_str())
        .bind(&job.id)
        .bind(first)
        .bind(last)
        .execute(&mut *connection)
        .await?;
    }
    if records.updated.is_empty() {
        return Ok(());
    }
    let (mut ids, mut versions, mut former) = (Vec::new(), Vec::new(), Vec::new());
    for (id, version, fields) in records.updated {
        ids.push(id);
        versions.push(version);
        former.push(json(&fields));
    }
    sqlx::query(
        "INSERT INTO import_former AS known (seller_id, import_id, product_id, version, former) \
         SELECT $1, $2, product_id, version, former \
         FROM unnest($3, $4, $5) AS given (product_id, version, former) \
         ON CONFLICT (seller_id, import_id, product_id) DO UPDATE SET \
         version = excluded.version, \
         former = (excluded.former::jsonb || known.former::jsonb)::text",
    )
    .bind(job.seller_id.as_str())
    .bind(&job.id)
    .bind(ids)
    .bind(versions)
    .bind(former)
    .execute(connection)
    .await?;
    Ok(())
}

/// Puts the next products back, if the job is still this worker's and at this checkpoint.
pub(super) async fn commit(
    connection: &mut PgConnection,
    rules: Rules,
    seller: &SellerId,
    id: &str,
    worker: &str,
    from: &Checkpoint,
) -> DbResult<BatchOutcome> {
    let (lease_ms, job) = match lock(&mut *connection, seller, id).await? {
        Some(row) if row.is_held_by(worker) => (row.lease_ms, row.into_job()?),
        _ => return Ok(BatchOutcome::Stopped),
    };
    if !is_next(&job, from) {
        return Ok(BatchOutcome::Stopped);
    }
    let undone = job.undo_of.clone().unwrap_or_default();
    let effects = take_effects(&mut *connection, seller, &undone).await?;
    let state = state(&mut *connection, seller, &effects).await?;
    let mut plan = UndoPlan::new(job, rules, effects, state);
    for (product, deleted_at) in &plan.puts {
        product_write::update(&mut *connection, product, *deleted_at).await?;
    }
    let rejects = std::mem::take(&mut plan.rejects);
    import_products::write_rejects(&mut *connection, &plan.job, rejects).await?;
    import_row::save(&mut *connection, &plan.job, lease_ms, &plan.job.low_stock).await?;
    announce(connection, &mut plan).await?;
    Ok(BatchOutcome::Committed(plan.job.counts))
}

/// The events of the part, under the seller's counters, which are locked last.
async fn announce(connection: &mut PgConnection, plan: &mut UndoPlan) -> DbResult<()> {
    let drafts = std::mem::take(&mut plan.drafts);
    if drafts.is_empty() {
        return Ok(());
    }
    let seller = &plan.job.seller_id;
    let take = CounterDelta {
        events: drafts.len(),
        live: -plan.deleted,
        deleted: plan.deleted,
    };
    let first = counters::take(&mut *connection, seller, take).await?;
    let at = clock::now();
    let blocks = block::pack(drafts, first, at, Some(plan.group(first)));
    outbox::append(connection, seller, &blocks, at).await
}

/// The next records of what the import did; they are forgotten with this transaction.
async fn take_effects(
    connection: &mut PgConnection,
    seller: &SellerId,
    import: &str,
) -> DbResult<Vec<ImportEffect>> {
    let runs: Vec<(ProductId, ProductId)> = sqlx::query_as(
        "SELECT first_id, last_id FROM import_created WHERE seller_id = $1 AND import_id = $2 \
         ORDER BY first_id LIMIT $3",
    )
    .bind(seller.as_str())
    .bind(import)
    .bind(stored(MAX_UNDO_PRODUCTS as u64))
    .fetch_all(&mut *connection)
    .await?;
    let (created, rest) = take_ids(&runs);
    if let Some(last) = created.last() {
        forget_created(&mut *connection, seller, import, *last, rest).await?;
        let altered = take_altered(connection, seller, import, &created).await?;
        let versions: HashMap<_, _> = altered.iter().map(|one| (one.id, one.version)).collect();
        let created = created.into_iter().map(|id| ImportEffect {
            id,
            version: versions.get(&id).copied().unwrap_or(1),
            former: None,
        });
        return Ok(created.collect());
    }
    let ids: Vec<ProductId> = sqlx::query_scalar(
        "SELECT product_id FROM import_former WHERE seller_id = $1 AND import_id = $2 \
         ORDER BY product_id LIMIT $3",
    )
    .bind(seller.as_str())
    .bind(import)
    .bind(stored(MAX_UNDO_PRODUCTS as u64))
    .fetch_all(&mut *connection)
    .await?;
    take_altered(connection, seller, import, &ids).await
}

async fn forget_created(
    connection: &mut PgConnection,
    seller: &SellerId,
    import: &str,
    last: ProductId,
    rest: Option<(ProductId, ProductId)>,
) -> DbResult<()> {
    sqlx::query(
        "DELETE FROM import_created WHERE seller_id = $1 AND import_id = $2 AND first_id <= $3",
    )
    .bind(seller.as_str())
    .bind(import)
    .bind(last)
    .execute(&mut *connection)
    .await?;
    let Some((first, last)) = rest else {
        return Ok(());
    };
    sqlx::query(
        "INSERT INTO import_created (seller_id, import_id, first_id, last_id) \
         VALUES ($1, $2, $3, $4)",
    )
    .bind(seller.as_str())
    .bind(import)
    .bind(first)
    .bind(last)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes the records of those of these products that were altered.
async fn take_altered(
    connection: &mut PgConnection,
    seller: &SellerId,
    import: &str,
    ids: &[ProductId],
) -> DbResult<Vec<ImportEffect>> {
    let rows: Vec<(ProductId, i64, String)> = sqlx::query_as(
        "DELETE FROM import_former WHERE seller_id = $1 AND import_id = $2 \
         AND product_id = ANY($3) RETURNING product_id, version, former",
    )
    .bind(seller.as_str())
    .bind(import)
    .bind(ids)
    .fetch_all(connection)
    .await?;
    let effects = rows.into_iter().map(|(id, version, former)| {
        Ok(ImportEffect {
            id,
            version,
            former: Some(from_json(&former)?),
        })
    });
    effects.collect()
}

/// The products as they are now, locked.
async fn state(
    connection: &mut PgConnection,
    seller: &SellerId,
    effects: &[ImportEffect],
) -> DbResult<UndoState> {
    let ids: Vec<ProductId> = effects.iter().map(|effect| effect.id).collect();
    let skus: Vec<&str> = effects
        .iter()
        .filter_map(ImportEffect::former_sku)
        .collect();
    let rows = sqlx::query(concat!(
        "SELECT ",
        product_columns!(),
        ", deleted_at FROM products WHERE seller_id = $1 AND id = ANY($2) \
         ORDER BY id FOR NO KEY UPDATE"
    ))
    .bind(seller.as_str())
    .bind(ids)
    .fetch_all(&mut *connection)
    .await?;
    let mut products = HashMap::with_capacity(rows.len());
    for row in &rows {
        let deleted_at: Option<PgMoment> = row.try_get("deleted_at")?;
        let product = product_row::decode(row, seller)?;
        products.insert(product.id, (product, deleted_at.map(|moment| moment.0)));
    }
    let taken = taken(connection, seller, skus).await?;
    Ok(UndoState { products, taken })
}

/// Which of these skus live products have.
async fn taken(
    connection: &mut PgConnection,
    seller: &SellerId,
    skus: Vec<&str>,
) -> DbResult<HashSet<String>> {
    if skus.is_empty() {
        return Ok(HashSet::new());
    }
    let taken: Vec<String> = sqlx::query_scalar(
        "SELECT sku FROM products WHERE seller_id = $1 AND sku = ANY($2) AND sku IS NOT NULL \
         AND deleted_at IS NULL",
    )
    .bind(seller.as_str())
    .bind(skus)
    .fetch_all(connection)
    .await?;
    Ok(taken.into_iter().collect())
}
