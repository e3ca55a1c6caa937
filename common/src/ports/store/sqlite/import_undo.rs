//! Undoing an import: what its batches keep for that, and putting products back part by part, each
//! with its events in one transaction.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use sqlx::{Row, SqliteConnection};

use super::{
    bulk,
    counters::{self, SqliteCounterDelta},
    import_products,
    import_row::{self, find},
    outbox,
    product_row::{self, product_columns},
    product_write::{bind, put_product},
};
use crate::{
    domain::{
        clock::{self, Timestamp},
        error::Result,
        import_job::{BatchOutcome, Checkpoint, ImportJob},
        product::{Product, ProductId},
        seller::SellerId,
    },
    ports::store::{
        block,
        change::Rules,
        column::{from_json, json, stored},
        sqlite::failure::failed,
        undo::{
            ImportEffect, MAX_UNDO_PRODUCTS, UndoPlan, UndoRecords, UndoState, is_next, take_ids,
        },
    },
};

/// Keeps what an undo of the job needs of a batch. What was kept before of a product stays: it is
/// older.
pub(super) async fn record(
    connection: &mut SqliteConnection,
    job: &ImportJob,
    records: UndoRecords,
) -> Result<()> {
    const CREATED: bulk::BulkTable = bulk::BulkTable {
        head: "INSERT INTO import_created (seller_id, import_id, first_id, last_id) VALUES ",
        columns: 4,
        tail: "",
    };
    const FORMER: bulk::BulkTable = bulk::BulkTable {
        head: "INSERT INTO import_former (seller_id, import_id, product_id, version, former) VALUES ",
        columns: 5,
        tail: " ON CONFLICT (seller_id, import_id, product_id) DO UPDATE SET \
               version = excluded.version, former = json_patch(excluded.former, former)",
    };
    let seller: Arc<str> = job.seller_id.as_str().into();
    let id: Arc<str> = job.id.as_str().into();
    let created = records.created;
    bulk::insert(connection, &CREATED, created, |query, (first, last)| {
        let (seller, id) = (Arc::clone(&seller), Arc::clone(&id));
        query.bind(seller).bind(id).bind(first).bind(last)
    })
    .await?;
    let updated = records.updated;
    bulk::insert(
        connection,
        &FORMER,
        updated,
        |query, (product, version, former)| {
            let (seller, id) = (Arc::clone(&seller), Arc::clone(&id));
            let query = query.bind(seller).bind(id).bind(product).bind(version);
            query.bind(json(&former))
        },
    )
    .await
}

/// Puts the next products back, if the job is still this worker's and at this checkpoint.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    rules: Rules,
    seller: &SellerId,
    id: &str,
    worker: &str,
    from: &Checkpoint,
) -> Result<BatchOutcome> {
    let job = match find(&mut *connection, seller, id).await? {
        Some(row) if row.is_held_by(worker) => row.into_job()?,
        _ => return Ok(BatchOutcome::Stopped),
    };
    if !is_next(&job, from) {
        return Ok(BatchOutcome::Stopped);
    }
    let undone = job.undo_of.clone().unwrap_or_default();
    let effects = take_effects(&mut *connection, seller, &undone).await?;
    let state = state(&mut *connection, seller, &effects).await?;
    let mut plan = UndoPlan::new(job, rules, effects, state);
    write(&mut *connection, &mut plan).await?;
    import_products::write_rejects(&mut *connection, &plan.job, plan.rejects).await?;
    import_row::save(connection, &plan.job, clock::now()).await?;
    Ok(BatchOutcome::Committed(plan.job.counts))
}

async fn write(connection: &mut SqliteConnection, plan: &mut UndoPlan) -> Result<()> {
    const TABLE: bulk::BulkTable = bulk::BulkTable {
        head: put_product!(head),
        columns: 14,
        tail: put_product!(tail),
    };
    if plan.puts.is_empty() {
        return Ok(());
    }
    let seller = plan.job.seller_id.clone();
    let drafts = std::mem::take(&mut plan.drafts);
    let take = SqliteCounterDelta {
        events: drafts.len(),
        blocks: block::blocks(drafts.len()),
        live: -plan.deleted,
        deleted: plan.deleted,
        ..SqliteCounterDelta::default()
    };
    let numbers = counters::take(&mut *connection, &seller, take).await?;
    let at = clock::now();
    let group = plan.group(numbers.sequence);
    let blocks = block::pack(drafts, numbers.sequence, at, Some(group));
    let owner: Arc<str> = seller.as_str().into();
    let puts = std::mem::take(&mut plan.puts);
    bulk::insert(
        &mut *connection,
        &TABLE,
        puts,
        |query, (product, deleted_at)| bind(query, Arc::clone(&owner), product, deleted_at),
    )
    .await?;
    outbox::append(connection, &seller, numbers.block, blocks, at).await
}

/// The next records of what the import did; they are forgotten with this transaction.
async fn take_effects(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    import: &str,
) -> Result<Vec<ImportEffect>> {
    let runs: Vec<(ProductId, ProductId)> = sqlx::query_as(
        "SELECT first_id, last_id FROM import_created WHERE seller_id = ? AND import_id = ? \
         ORDER BY first_id LIMIT ?",
    )
    .bind(seller.as_str())
    .bind(import)
    .bind(stored(MAX_UNDO_PRODUCTS as u64))
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    let (created, rest) = take_ids(&runs);
    if let Some(last) = created.last() {
        forget_created(&mut *connection, seller, import, *last, rest).await?;
        let altered = altered(&mut *connection, seller, import, Some(&created)).await?;
        let versions: HashMap<_, _> = altered.iter().map(|one| (one.id, one.version)).collect();
        let created = created.into_iter().map(|id| ImportEffect {
            id,
            version: versions.get(&id).copied().unwrap_or(1),
            former: None,
        });
        return Ok(created.collect());
    }
    altered(connection, seller, import, None).await
}

async fn forget_created(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    import: &str,
    last: ProductId,
    rest: Option<(ProductId, ProductId)>,
) -> Result<()> {
    sqlx::query(
        "DELETE FROM import_created WHERE seller_id = ? AND import_id = ? AND first_id <= ?",
    )
    .bind(seller.as_str())
    .bind(import)
    .bind(last)
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    let Some((first, last)) = rest else {
        return Ok(());
    };
    sqlx::query(
        "INSERT INTO import_created (seller_id, import_id, first_id, last_id) VALUES (?, ?, ?, ?)",
    )
    .bind(seller.as_str())
    .bind(import)
    .bind(first)
    .bind(last)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Takes the records of altered products: of these, or the next ones.
async fn altered(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    import: &str,
    ids: Option<&[ProductId]>,
) -> Result<Vec<ImportEffect>> {
    let rows: Vec<(ProductId, i64, String)> = sqlx::query_as(
        "DELETE FROM import_former WHERE seller_id = ?1 AND import_id = ?2 AND product_id IN ( \
             SELECT product_id FROM import_former WHERE seller_id = ?1 AND import_id = ?2 \
             AND (?3 IS NULL OR product_id IN (SELECT value FROM json_each(?3))) \
             ORDER BY product_id LIMIT ?4) \
         RETURNING product_id, version, former",
    )
    .bind(seller.as_str())
    .bind(import)
    .bind(ids.map(|ids| json(&ids)))
    .bind(stored(MAX_UNDO_PRODUCTS as u64))
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let effects = rows.into_iter().map(|(id, version, former)| {
        Ok(ImportEffect {
            id,
            version,
            former: Some(from_json(&former)?),
        })
    });
    effects.collect()
}

/// The products as they are now.
async fn state(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    effects: &[ImportEffect],
) -> Result<UndoState> {
    let ids: Vec<ProductId> = effects.iter().map(|effect| effect.id).collect();
    let skus: Vec<&str> = effects
        .iter()
        .filter_map(ImportEffect::former_sku)
        .collect();
    let rows = sqlx::query(concat!(
        "SELECT ",
        product_columns!(),
        ", deleted_at FROM json_each(?) AS given CROSS JOIN products \
         ON seller_id = ? AND products.id = given.value"
    ))
    .bind(json(&ids))
    .bind(seller.as_str())
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    let products = rows.iter().map(|row| {
        let deleted_at: Option<i64> = row.try_get("deleted_at").map_err(failed)?;
        let product: Product = product_row::decode(row, seller)?;
        Ok((
            product.id,
            (product, deleted_at.map(Timestamp::from_millis)),
        ))
    });
    Ok(UndoState {
        products: products.collect::<Result<_>>()?,
        taken: taken(connection, seller, &skus).await?,
    })
}

/// Which of these skus live products have.
async fn taken(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    skus: &[&str],
) -> Result<HashSet<String>> {
    if skus.is_empty() {
        return Ok(HashSet::new());
    }
    let taken: Vec<String> = sqlx::query_scalar(
        "SELECT sku FROM json_each(?) AS given CROSS JOIN products \
         ON seller_id = ? AND sku = given.value AND sku IS NOT NULL AND deleted_at IS NULL",
    )
    .bind(json(&skus))
    .bind(seller.as_str())
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    Ok(taken.into_iter().collect())
}
