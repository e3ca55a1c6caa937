//! New products.

use sqlx::SqliteConnection;

use super::{
    counters,
    product_write::{take, write},
};
use crate::{
    domain::{
        clock,
        error::Result,
        event,
        product::{NewProduct, Product},
        seller::SellerId,
    },
    ports::store::change::{Rules, Standing},
};

/// Stores a new product with its events.
pub(super) async fn create(
    connection: &mut SqliteConnection,
    rules: Rules,
    seller: &SellerId,
    new: NewProduct,
) -> Result<Product> {
    let mut product = new.into_product(0, seller.clone(), clock::now());
    // How many events there are does not depend on the id, so all numbers come in one trip.
    let events = event::created_count(&product, rules.context());
    let numbers = counters::take(connection, seller, take(Standing::ENTERS, 1, events)).await?;
    product.id = numbers.id;
    let drafts = event::created(&product, rules.context());
    write(connection, &product, None, drafts, numbers).await?;
    Ok(product)
}
