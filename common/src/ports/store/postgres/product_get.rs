//! Reads of one product. All that wait are read by one statement, on distributed tables by one for
//! each seller.

use std::collections::HashMap;

use sqlx::{Row, postgres::PgRow};

use super::{
    batcher::{Batcher, PendingRequest, refuse, run_by_seller},
    connections::ConnectionPool,
    failure::unavailable,
    layout::TableLayout,
    product_row::{self, product_columns},
};
use crate::domain::{
    error::Result,
    product::{Product, ProductId},
    seller::SellerId,
};

/// Statements under way at most; each keeps a backend busy, and more of them read no faster.
pub(super) const MAX_IN_FLIGHT: usize = 2;

pub(super) type GetBatcher = Batcher<(SellerId, ProductId), Option<Product>>;
type PendingGet = PendingRequest<(SellerId, ProductId), Option<Product>>;

/// Where reads wait. The connections are theirs alone.
pub(super) fn get_batcher(connections: ConnectionPool, layout: TableLayout) -> GetBatcher {
    Batcher::new(
        MAX_IN_FLIGHT,
        connections.deadline(),
        unavailable,
        move |group| {
            let connections = connections.clone();
            async move {
                match layout {
                    TableLayout::OneServer => answer(connections, layout, group).await,
                    TableLayout::Distributed => {
                        run_by_seller(group, |group| answer(connections.clone(), layout, group))
                            .await;
                    }
                }
            }
        },
    )
}

/// Answers a group; of distributed tables, one of a single seller.
async fn answer(connections: ConnectionPool, layout: TableLayout, group: Vec<PendingGet>) {
    let rows = match read(&connections, layout, &group).await {
        Ok(rows) => rows,
        Err(error) => return refuse(group, &error),
    };
    let rows: HashMap<(&str, ProductId), &PgRow> = rows.iter().filter_map(keyed).collect();
    for pending in group {
        let (seller, id) = &pending.request;
        let row = rows.get(&(seller.as_str(), *id));
        // A damaged row fails only the requests for it.
        let product = row.map(|row| product_row::decode(row, seller));
        pending.respond(product.transpose());
    }
}

fn keyed(row: &PgRow) -> Option<((&str, ProductId), &PgRow)> {
    let key = (row.try_get("seller_id").ok()?, row.try_get("id").ok()?);
    Some((key, row))
}

/// The undeleted products of a group on one server.
const READ_GROUP: &str = concat!(
    "SELECT seller_id, ",
    product_columns!(),
    // The pairs are joined, so that each is looked up by the primary key.
    " FROM unnest($1, $2) AS wanted (seller, wanted_id) \
     JOIN products ON seller_id = seller AND id = wanted_id ",
    // In this form no partial index of the seller's live products can be taken for as good as it.
    "WHERE (deleted_at IS NULL) IS TRUE"
);

/// Those of one seller: a distributed table asks only the node that has it.
const READ_SELLER_GROUP: &str = concat!(
    "SELECT seller_id, ",
    product_columns!(),
    " FROM products WHERE seller_id = $1 AND id = ANY($2) AND (deleted_at IS NULL) IS TRUE"
);

async fn read(
    connections: &ConnectionPool,
    layout: TableLayout,
    group: &[PendingGet],
) -> Result<Vec<PgRow>> {
    let sellers: &Vec<&str> = &group.iter().map(|a| a.request.0.as_str()).collect();
    let ids: &Vec<ProductId> = &group.iter().map(|a| a.request.1).collect();
    connections
        .run(|mut session| async move {
            let statement = match layout {
                TableLayout::OneServer => sqlx::query(READ_GROUP).bind(sellers),
                TableLayout::Distributed => {
                    sqlx::query(READ_SELLER_GROUP).bind(sellers.first().copied())
                }
            };
            Ok(statement.bind(ids).fetch_all(&mut *session).await?)
        })
        .await
}
