//! New products. Those that wait are stored together, of any seller: one transaction
//! and one commit for all of them.
//!
//! That is only a saving. When a group fails, each of its products is stored on its own, so that
//! the failure is the trouble of the one that caused it; and a group gives up quickly where it
//! would have to wait for someone else's transaction, so that no seller holds up another for long. A
//! group whose commit may be done did not fail: its products may be there, so none is stored again.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use futures_util::{StreamExt, stream};
use sqlx::{PgConnection, Row, postgres::PgRow};
use tokio::sync::Notify;

use super::{
    batcher::{Batcher, PendingRequest},
    connections::ConnectionPool,
    failure::{DbResult, outcome_unknown, repeated},
    outbox,
    product_row::write_failed,
    types::{PgCents, PgMoment},
};
use crate::{
    domain::{
        clock::{self, Timestamp},
        error::{Error, Result},
        event::{self, EventDraft},
        product::{NewProduct, Product},
        seller::SellerId,
    },
    ports::store::{
        block::{self, Block},
        change::Rules,
        column::json,
    },
};

/// Groups under way at most.
pub(super) const MAX_IN_FLIGHT: usize = 2;
/// How long a group waits for a lock of someone else's.
pub(super) const GROUP_LOCK_TIMEOUT: &str = "100ms";
/// Products of a group that failed are stored on their own, so many at a time.
const MAX_SINGLE_INSERTS: usize = 8;

pub(super) type CreateBatcher = Batcher<(SellerId, NewProduct), Product>;
type PendingCreate = PendingRequest<(SellerId, NewProduct), Product>;

/// What storing takes.
#[derive(Debug, Clone)]
pub(super) struct BatchInserter {
    /// For groups; they wait for a lock no longer than `GROUP_LOCK_TIMEOUT`.
    pub grouped: ConnectionPool,
    /// For a product on its own.
    pub single: ConnectionPool,
    pub committed: Arc<Notify>,
    pub rules: Rules,
}

impl BatchInserter {
    /// Where new products wait.
    pub(super) fn batcher(self) -> CreateBatcher {
        let deadline = self.single.deadline();
        Batcher::new(MAX_IN_FLIGHT, deadline, outcome_unknown, move |group| {
            let creator = self.clone();
            async move { creator.store(group).await }
        })
    }

    async fn store(&self, group: Vec<PendingCreate>) {
        let started = Instant::now();
        let new: Vec<_> = group.iter().map(|pending| &pending.request).collect();
        match self.insert(&self.grouped, &new).await {
            Ok(products) => {
                for (pending, product) in group.into_iter().zip(products) {
                    pending.respond(Ok(product));
                }
            }
            Err(error @ Error::OutcomeUnknown { .. }) => refuse(group, &error),
            // There is no time left to try again.
            Err(error) if started.elapsed() > self.grouped.deadline() / 4 => refuse(group, &error),
            // The product that caused it may have to wait; the next group does not wait with it.
            Err(_) => drop(tokio::spawn(self.clone().store_each(group))),
        }
    }

    async fn store_each(self, group: Vec<PendingCreate>) {
        stream::iter(group)
            .for_each_concurrent(MAX_SINGLE_INSERTS, |pending| self.store_single(pending))
            .await;
    }

    async fn store_single(&self, pending: PendingCreate) {
        let stored = self.insert(&self.single, &[&pending.request]).await;
        pending.respond(stored.map(|mut products| products.remove(0)));
    }

    async fn insert(
        &self,
        connections: &ConnectionPool,
        new: &[&(SellerId, NewProduct)],
    ) -> Result<Vec<Product>> {
        let rules = self.rules;
        let stored = connections
            .write(|mut session| async move { insert(&mut session, rules, new).await })
            .await?;
        self.committed.notify_one();
        Ok(stored)
    }
}

fn refuse(group: Vec<PendingCreate>, error: &Error) {
    for pending in group {
        pending.respond(Err(repeated(error)));
    }
}

/// Stores new products with their events; answers them in their order.
pub(super) async fn insert(
    connection: &mut PgConnection,
    rules: Rules,
    new: &[&(SellerId, NewProduct)],
) -> DbResult<Vec<Product>> {
    let at = clock::now();
    let rows = insert_rows(&mut *connection, rules, new, at).await?;
    let mut products = Vec::with_capacity(new.len());
    let mut events: BTreeMap<&SellerId, (Vec<EventDraft>, i64)> = BTreeMap::new();
    for ((seller, new), row) in new.iter().copied().zip(&rows) {
        let product = new
            .clone()
            .into_product(row.try_get(0)?, seller.clone(), at);
        let (drafts, last) = events.entry(seller).or_default();
        drafts.extend(event::created(&product, rules.context()));
        *last = row.try_get(1)?;
        products.push(product);
    }
    let blocks: Vec<(&SellerId, Block)> = events
        .into_iter()
        .flat_map(|(seller, (drafts, last))| {
            let first = last + 1 - i64::try_from(drafts.len()).unwrap_or(i64::MAX);
            let blocks = block::pack(drafts, first, at, None);
            blocks.into_iter().map(move |block| (seller, block))
        })
        .collect();
    let rows = blocks.iter().map(|(seller, block)| (*seller, block));
    outbox::append_all(connection, rows, at).await?;
    Ok(products)
}

/// Inserts the rows, then counts them for their sellers, in one trip; answers each one's id and
/// the last sequence of its seller. Products come in the order of their keys, so that two groups
/// that meet do so in the same order; the sellers' counters are locked after all of them.
async fn insert_rows(
    connection: &mut PgConnection,
    rules: Rules,
    new: &[&(SellerId, NewProduct)],
    at: Timestamp,
) -> DbResult<Vec<PgRow>> {
    fn all<'n, T>(new: &[&'n (SellerId, NewProduct)], of: impl Fn(&'n NewProduct) -> T) -> Vec<T> {
        new.iter().map(|(_, new)| of(new)).collect()
    }
    // How many events there are does not depend on the id.
    let events = |(seller, new): &&(SellerId, NewProduct)| {
        let product = new.clone().into_product(0, seller.clone(), at);
        let events = event::created_count(&product, rules.context());
        i64::try_from(events).unwrap_or(i64::MAX)
    };
    let sellers: Vec<&str> = new.iter().map(|(seller, _)| seller.as_str()).collect();
    let sku = match new {
        [(_, one)] => one.sku.as_deref(),
        _ => None,
    };
    sqlx::query(
        "WITH given AS MATERIALIZED ( \
             SELECT *, nextval('products_id_seq') AS id \
             FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) WITH ORDINALITY \
             AS given (seller_id, name, description, price, quantity, category, sku, \
                       low_stock_threshold, attributes, events, place)), \
         stored AS ( \
             INSERT INTO products (seller_id, id, name, description, price, quantity, category, \
                 sku, low_stock_threshold, attributes, version, created_at, updated_at) \
             SELECT seller_id, id, name, description, price, quantity, category, sku, \
                 low_stock_threshold, attributes::json, 1, $11, $11 \
             FROM given ORDER BY seller_id COLLATE \"C\", sku COLLATE \"C\", id \
             RETURNING seller_id, id), \
         counted AS ( \
             INSERT INTO sellers (seller_id, sequence, live, deleted) \
             SELECT stored.seller_id, sum(events)::bigint, count(*), 0 \
             FROM stored JOIN given USING (id) \
             GROUP BY stored.seller_id ORDER BY stored.seller_id \
             ON CONFLICT (seller_id) DO UPDATE SET \
                 sequence = sellers.sequence + excluded.sequence, \
                 live = sellers.live + excluded.live \
             RETURNING seller_id, sequence) \
         SELECT given.id, counted.sequence FROM given \
         JOIN counted ON counted.seller_id = given.seller_id ORDER BY place",
    )
    .bind(sellers)
    .bind(all(new, |new| &new.name))
    .bind(all(new, |new| new.description.as_deref()))
    .bind(all(new, |new| PgCents(new.price.cents())))
    .bind(all(new, |new| new.quantity))
    .bind(all(new, |new| &new.category))
    .bind(all(new, |new| new.sku.as_deref()))
    .bind(all(new, |new| new.low_stock_threshold))
    .bind(all(new, |new| new.attributes.as_ref().map(json)))
    .bind(new.iter().map(events).collect::<Vec<i64>>())
    .bind(PgMoment(at))
    .fetch_all(connection)
    .await
    .map_err(|error| write_failed(error, sku))
}
