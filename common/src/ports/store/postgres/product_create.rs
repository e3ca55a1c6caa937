//! New products. Those that wait are stored together, of any seller: one transaction
//! and one commit for all of them.
//!
//! That is only a saving. When a group fails, each of its products is stored on its own, so that
//! the failure is the trouble of the one that caused it; and a group gives up quickly where it
//! would have to wait for someone else's transaction, so that no seller holds up another for long. A
//! group whose commit may be done did not fail: its products may be there, so none is stored again.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use futures_util::{StreamExt, stream};
use sqlx::{FromRow, PgConnection, Postgres, postgres::PgArguments, query::Query};
use tokio::sync::Notify;

use super::{
    batcher::{Batcher, PendingRequest, refuse, run_by_seller},
    connections::ConnectionPool,
    counters::{self, CounterDelta},
    failure::{DbResult, outcome_unknown},
    layout::TableLayout,
    outbox,
    product_write::write_failed,
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
/// A group waits for a lock of someone else's no longer than this. Set in the transaction: what is set
/// for the session stays on the coordinator of a cluster.
pub(super) const GROUP_BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '100ms'";
/// Products of a group that failed are stored on their own, so many at a time.
const MAX_SINGLE_INSERTS: usize = 8;

pub(super) type CreateBatcher = Batcher<(SellerId, NewProduct), Product>;
type PendingCreate = PendingRequest<(SellerId, NewProduct), Product>;

/// What storing takes.
#[derive(Debug, Clone)]
pub(super) struct BatchInserter {
    /// For groups; their transactions begin with `GROUP_BEGIN`.
    pub grouped: ConnectionPool,
    /// For a product on its own.
    pub single: ConnectionPool,
    pub committed: Arc<Notify>,
    pub rules: Rules,
    pub layout: TableLayout,
}

impl BatchInserter {
    /// Where new products wait.
    pub(super) fn batcher(self) -> CreateBatcher {
        let deadline = self.single.deadline();
        Batcher::new(MAX_IN_FLIGHT, deadline, outcome_unknown, move |group| {
            let creator = self.clone();
            async move {
                match creator.layout {
                    TableLayout::OneServer => creator.store(group).await,
                    TableLayout::Distributed => {
                        run_by_seller(group, |group| creator.clone().store(group)).await;
                    }
                }
            }
        })
    }

    async fn store(self, group: Vec<PendingCreate>) {
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
            Err(_) => drop(tokio::spawn(self.store_each(group))),
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
        let (rules, layout) = (self.rules, self.layout);
        let stored = connections
            .write(|mut session| async move { insert(&mut session, rules, layout, new).await })
            .await?;
        self.committed.notify_one();
        Ok(stored)
    }
}

/// Stores new products with their events; answers them in their order.
pub(super) async fn insert(
    connection: &mut PgConnection,
    rules: Rules,
    layout: TableLayout,
    new: &[&(SellerId, NewProduct)],
) -> DbResult<Vec<Product>> {
    let at = clock::now();
    let rows = match layout {
        TableLayout::OneServer => insert_rows(&mut *connection, rules, new, at).await?,
        TableLayout::Distributed => insert_seller_rows(&mut *connection, rules, new, at).await?,
    };
    let mut products = Vec::with_capacity(new.len());
    let mut events: BTreeMap<&SellerId, (Vec<EventDraft>, i64)> = BTreeMap::new();
    for ((seller, new), (id, sequence)) in new.iter().copied().zip(rows) {
        let product = new.clone().into_product(id, seller.clone(), at);
        let (drafts, last) = events.entry(seller).or_default();
        drafts.extend(event::created(&product, rules.context()));
        *last = sequence;
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

// What a product is given by its caller: the columns, their values, and the arrays that
// `bind_columns` binds.
macro_rules! given_columns {
    () => {
        "name, description, price, quantity, category, sku, low_stock_threshold, attributes"
    };
}
macro_rules! given_values {
    () => {
        "name, description, price, quantity, category, sku, low_stock_threshold, attributes::json"
    };
}
macro_rules! given_arrays {
    () => {
        "$2, $3, $4, $5, $6, $7, $8, $9"
    };
}

/// Binds the time as $1 and `given_arrays`.
fn bind_columns<'q>(
    statement: Query<'q, Postgres, PgArguments>,
    new: &[&'q (SellerId, NewProduct)],
    at: Timestamp,
) -> Query<'q, Postgres, PgArguments> {
    fn all<'n, T>(new: &[&'n (SellerId, NewProduct)], of: impl Fn(&'n NewProduct) -> T) -> Vec<T> {
        new.iter().map(|(_, new)| of(new)).collect()
    }
    statement
        .bind(PgMoment(at))
        .bind(all(new, |new| &new.name))
        .bind(all(new, |new| new.description.as_deref()))
        .bind(all(new, |new| PgCents(new.price.cents())))
        .bind(all(new, |new| new.quantity))
        .bind(all(new, |new| &new.category))
        .bind(all(new, |new| new.sku.as_deref()))
        .bind(all(new, |new| new.low_stock_threshold))
        .bind(all(new, |new| new.attributes.as_ref().map(json)))
}

/// How many events a new product has, which does not depend on its id.
fn event_count((seller, new): &(SellerId, NewProduct), rules: Rules, at: Timestamp) -> i64 {
    let product = new.clone().into_product(0, seller.clone(), at);
    let events = event::created_count(&product, rules.context());
    i64::try_from(events).unwrap_or(i64::MAX)
}

/// The sku to name in an error, where it can only be this one.
fn only_sku<'n>(new: &[&'n (SellerId, NewProduct)]) -> Option<&'n str> {
    match new {
        [(_, one)] => one.sku.as_deref(),
        _ => None,
    }
}

/// Each product's id and the last sequence of its seller.
type InsertedRow = (i64, i64);

/// Inserts the rows, then counts them for their sellers, in one trip. Products come in the order of
/// their keys, so that two groups that meet do so in the same order; the sellers' counters are locked
/// after all of them.
async fn insert_rows(
    connection: &mut PgConnection,
    rules: Rules,
    new: &[&(SellerId, NewProduct)],
    at: Timestamp,
) -> DbResult<Vec<InsertedRow>> {
    let sellers: Vec<&str> = new.iter().map(|(seller, _)| seller.as_str()).collect();
    let events: Vec<i64> = new.iter().map(|new| event_count(new, rules, at)).collect();
    let statement = sqlx::query(concat!(
        // The rows with their ids. Materialized: the ids are drawn once, however often it is read.
        "WITH given AS MATERIALIZED ( \
             SELECT *, nextval('products_id_seq') AS id \
             FROM unnest($10, $11, ",
        given_arrays!(),
        ") WITH ORDINALITY AS given (seller_id, events, ",
        given_columns!(),
        // Sorted by what may collide, in the order of bytes as every process sorts: two groups wait
        // for each other's skus in one order only.
        ", place)), \
         stored AS ( \
             INSERT INTO products (seller_id, id, version, created_at, updated_at, ",
        given_columns!(),
        ") SELECT seller_id, id, 1, $1, $1, ",
        given_values!(),
        " FROM given ORDER BY seller_id COLLATE \"C\", sku COLLATE \"C\", id \
             RETURNING seller_id, id), ",
        // After a restore a new seller begins above all numbers that were given before it.
        "passed AS MATERIALIZED (SELECT coalesce(max(sequence_floor), 0) AS floor FROM restores), ",
        // One row per seller, read from what was stored: so its lock comes after those of all products.
        // Sellers come in one order, too.
        "counted AS ( \
             INSERT INTO sellers (seller_id, sequence, live, deleted) \
             SELECT stored.seller_id, (SELECT floor FROM passed) + sum(events)::bigint, count(*), 0 \
             FROM stored JOIN given USING (id) \
             GROUP BY stored.seller_id ORDER BY stored.seller_id \
             ON CONFLICT (seller_id) DO UPDATE SET \
                 sequence = sellers.sequence + excluded.sequence - (SELECT floor FROM passed), \
                 live = sellers.live + excluded.live \
             RETURNING seller_id, sequence) ",
        // Answered in the order they were given in.
        "SELECT given.id, counted.sequence FROM given \
         JOIN counted ON counted.seller_id = given.seller_id ORDER BY place",
    ));
    let rows = bind_columns(statement, new, at).bind(sellers).bind(events);
    let rows = rows.fetch_all(connection).await;
    let rows = rows.map_err(|error| write_failed(error, only_sku(new)))?;
    let inserted = rows.iter().map(InsertedRow::from_row);
    Ok(inserted.collect::<sqlx::Result<_>>()?)
}

/// As `insert_rows`, for products of one seller: each statement goes to the node that has it. A
/// statement that writes two tables would go to all nodes.
async fn insert_seller_rows(
    connection: &mut PgConnection,
    rules: Rules,
    new: &[&(SellerId, NewProduct)],
    at: Timestamp,
) -> DbResult<Vec<InsertedRow>> {
    let Some((seller, _)) = new.first() else {
        return Ok(Vec::new());
    };
    let ids = counters::ids(&mut *connection, new.len()).await?;
    let statement = sqlx::query(concat!(
        "INSERT INTO products (seller_id, id, version, created_at, updated_at, ",
        given_columns!(),
        ") SELECT $10, id, 1, $1, $1, ",
        given_values!(),
        " FROM unnest($11, ",
        given_arrays!(),
        ") AS given (id, ",
        given_columns!(),
        ") ORDER BY sku COLLATE \"C\", id",
    ));
    bind_columns(statement, new, at)
        .bind(seller.as_str())
        .bind(&ids)
        .execute(&mut *connection)
        .await
        .map_err(|error| write_failed(error, only_sku(new)))?;
    let events: i64 = new.iter().map(|new| event_count(new, rules, at)).sum();
    let delta = CounterDelta {
        events: usize::try_from(events).unwrap_or_default(),
        live: i64::try_from(new.len()).unwrap_or(i64::MAX),
        deleted: 0,
    };
    let first = counters::take(connection, seller, delta).await?;
    let last = first + events - 1;
    Ok(ids.into_iter().map(|id| (id, last)).collect())
}
