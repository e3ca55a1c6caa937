//! The ledger's rows: how sums are stored, read back and added to.

use sqlx::{FromRow, SqliteConnection, SqliteExecutor};

use super::failed;
use crate::domain::{
    clock::Timestamp,
    error::{Error, Result},
    money::Amount,
    seller::SellerId,
    stats::{CategoryTotals, DayTotals, SellerTotals},
};

#[derive(FromRow)]
pub(super) struct TotalsRow {
    total_products: i64,
    active_products: i64,
    deleted_products: i64,
    total_value: String,
    low_stock_count: i64,
    pub(super) last_updated: i64,
}

#[derive(FromRow)]
pub(super) struct CategoryRow {
    category: String,
    active_products: i64,
    total_quantity: i64,
    total_value: String,
    price_sum: String,
}

#[derive(FromRow)]
pub(super) struct DayRow {
    date: String,
    created: i64,
    updated: i64,
    deleted: i64,
    low_stock: i64,
    value_change: String,
}

impl TotalsRow {
    pub(super) fn read(self) -> Result<SellerTotals> {
        Ok(SellerTotals {
            total_products: self.total_products,
            active_products: self.active_products,
            deleted_products: self.deleted_products,
            total_value: amount(&self.total_value)?,
            low_stock_count: self.low_stock_count,
        })
    }
}

impl CategoryRow {
    pub(super) fn read(self) -> Result<CategoryTotals> {
        Ok(CategoryTotals {
            category: self.category,
            active_products: self.active_products,
            total_quantity: self.total_quantity,
            total_value: amount(&self.total_value)?,
            price_sum: amount(&self.price_sum)?,
        })
    }
}

impl DayRow {
    pub(super) fn read(self) -> Result<DayTotals> {
        Ok(DayTotals {
            date: self.date,
            created: self.created,
            updated: self.updated,
            deleted: self.deleted,
            low_stock: self.low_stock,
            value_change: amount(&self.value_change)?,
        })
    }
}

/// The seller's totals; `None` before the first event.
pub(super) async fn totals(
    reader: impl SqliteExecutor<'_>,
    seller: &SellerId,
) -> Result<Option<TotalsRow>> {
    sqlx::query_as(
        "SELECT total_products, active_products, deleted_products, total_value, low_stock_count,
                last_updated
         FROM totals WHERE seller_id = ?1",
    )
    .bind(seller.as_str())
    .fetch_optional(reader)
    .await
    .map_err(failed)
}

/// `newest` is the time of the latest event in the difference.
pub(super) async fn add_totals(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    difference: &SellerTotals,
    newest: Timestamp,
) -> Result<()> {
    let stored = totals(&mut *connection, seller).await?;
    let mut changed = newest.millis();
    let mut sum = SellerTotals::default();
    if let Some(row) = stored {
        // Topics arrive in any interleaving; time does not go back.
        changed = changed.max(row.last_updated);
        sum = row.read()?;
    }
    sum += difference;
    sqlx::query(
        "INSERT OR REPLACE INTO totals (seller_id, total_products, active_products,
             deleted_products, total_value, low_stock_count, last_updated)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(seller.as_str())
    .bind(sum.total_products)
    .bind(sum.active_products)
    .bind(sum.deleted_products)
    .bind(text(sum.total_value))
    .bind(sum.low_stock_count)
    .bind(changed)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

pub(super) async fn add_category(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    difference: &CategoryTotals,
) -> Result<()> {
    let stored: Option<CategoryRow> = sqlx::query_as(
        "SELECT category, active_products, total_quantity, total_value, price_sum
         FROM categories WHERE seller_id = ?1 AND category = ?2",
    )
    .bind(seller.as_str())
    .bind(&difference.category)
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed)?;
    let mut sum = difference.clone();
    if let Some(row) = stored {
        sum += &row.read()?;
    }
    sqlx::query(
        "INSERT OR REPLACE INTO categories (seller_id, category, active_products, total_quantity,
             total_value, price_sum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(seller.as_str())
    .bind(&sum.category)
    .bind(sum.active_products)
    .bind(sum.total_quantity)
    .bind(text(sum.total_value))
    .bind(text(sum.price_sum))
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

pub(super) async fn add_day(
    connection: &mut SqliteConnection,
    seller: &SellerId,
    difference: &DayTotals,
) -> Result<()> {
    let stored: Option<DayRow> = sqlx::query_as(
        "SELECT date, created, updated, deleted, low_stock, value_change
         FROM days WHERE seller_id = ?1 AND date = ?2",
    )
    .bind(seller.as_str())
    .bind(&difference.date)
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed)?;
    let mut sum = difference.clone();
    if let Some(row) = stored {
        sum += &row.read()?;
    }
    sqlx::query(
        "INSERT OR REPLACE INTO days (seller_id, date, created, updated, deleted, low_stock,
             value_change)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(seller.as_str())
    .bind(&sum.date)
    .bind(sum.created)
    .bind(sum.updated)
    .bind(sum.deleted)
    .bind(sum.low_stock)
    .bind(text(sum.value_change))
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The stored form: whole cents.
fn text(amount: Amount) -> String {
    amount.cents().to_string()
}

fn amount(text: &str) -> Result<Amount> {
    let cents = text.parse().map(Amount::from_cents);
    cents.map_err(|_| Error::Corrupt(format!("{text:?} is not an amount in cents")))
}
