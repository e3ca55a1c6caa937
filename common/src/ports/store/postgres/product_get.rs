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
                    TableLayout::OneServer => answer(&connections, group).await,
                    TableLayout::Distributed => {
                        run_by_seller(group, |group| answer_seller(connections.clone(), group))
                            .await;
                    }
                }
            }
        },
    )
}

async fn answer(connections: &ConnectionPool, group: Vec<PendingGet>) {
    let rows = match read(connections, &group).await {
        Ok(rows) => rows,
        Err(error) => return refuse(group, &error),
    };
    let mut rows = rows.iter().peekable();
    for (place, pending) in (1_i64..).zip(group) {
        let row = rows.next_if(|row| row.try_get(12).is_ok_and(|at: i64| at == place));
        // A damaged row fails only the requests for it.
        let product = row.map(|row| product_row::decode(row, &pending.request.0));
        pending.respond(product.transpose());
    }
}

/// Answers a group of one seller.
async fn answer_seller(connections: ConnectionPool, group: Vec<PendingGet>) {
    let rows = match read_seller(&connections, &group).await {
        Ok(rows) => rows,
        Err(error) => return refuse(group, &error),
    };
    let with_id = |row| Some((PgRow::try_get::<ProductId, _>(row, 0).ok()?, row));
    let rows: HashMap<ProductId, &PgRow> = rows.iter().filter_map(with_id).collect();
    for pending in group {
        let (seller, id) = &pending.request;
        let row = rows.get(id);
        let product = row.map(|row| product_row::decode(row, seller));
        pending.respond(product.transpose());
    }
}

/// The undeleted products of one seller: the node that has it is asked alone.
async fn read_seller(connections: &ConnectionPool, group: &[PendingGet]) -> Result<Vec<PgRow>> {
    let seller = group.first().map(|pending| pending.request.0.as_str());
    let ids: &Vec<ProductId> = &group.iter().map(|a| a.request.1).collect();
    connections
        .run(|mut session| async move {
            let rows = sqlx::query(concat!(
                "SELECT ",
                product_columns!(),
                " FROM products WHERE seller_id = $1 AND id = ANY($2) \
                 AND (deleted_at IS NULL) IS TRUE"
            ))
            .bind(seller)
            .bind(ids)
            .fetch_all(&mut *session)
            .await?;
            Ok(rows)
        })
        .await
}

/// The undeleted products and their places in the group, in this order. With this form no
/// partial index of the seller's live products can be taken for as good as the primary key.
async fn read(connections: &ConnectionPool, group: &[PendingGet]) -> Result<Vec<PgRow>> {
    let sellers: &Vec<&str> = &group.iter().map(|a| a.request.0.as_str()).collect();
    let ids: &Vec<ProductId> = &group.iter().map(|a| a.request.1).collect();
    connections
        .run(|mut session| async move {
            let rows = sqlx::query(concat!(
                "SELECT ",
                product_columns!(),
                ", place FROM unnest($1, $2) WITH ORDINALITY AS wanted (seller, wanted_id, place) \
                 JOIN products ON seller_id = seller AND id = wanted_id \
                 WHERE (deleted_at IS NULL) IS TRUE ORDER BY place"
            ))
            .bind(sellers)
            .bind(ids)
            .fetch_all(&mut *session)
            .await?;
            Ok(rows)
        })
        .await
}
