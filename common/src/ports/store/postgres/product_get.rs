//! Reads of one product. All that wait are read by one statement.

use sqlx::{Row, postgres::PgRow};

use super::{
    batcher::{Batcher, PendingRequest},
    connections::ConnectionPool,
    failure::{repeated, unavailable},
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
pub(super) fn get_batcher(connections: ConnectionPool) -> GetBatcher {
    Batcher::new(
        MAX_IN_FLIGHT,
        connections.deadline(),
        unavailable,
        move |group| {
            let connections = connections.clone();
            async move { answer(&connections, group).await }
        },
    )
}

async fn answer(connections: &ConnectionPool, group: Vec<PendingGet>) {
    let rows = match read(connections, &group).await {
        Ok(rows) => rows,
        Err(error) => {
            for pending in group {
                pending.respond(Err(repeated(&error)));
            }
            return;
        }
    };
    let mut rows = rows.iter().peekable();
    for (place, pending) in (1_i64..).zip(group) {
        let row = rows.next_if(|row| row.try_get(12).is_ok_and(|at: i64| at == place));
        // A damaged row fails only the requests for it.
        let product = row.map(|row| product_row::decode(row, &pending.request.0));
        pending.respond(product.transpose());
    }
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
