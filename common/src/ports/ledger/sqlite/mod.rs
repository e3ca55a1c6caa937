//! The ledger in one SQLite file: a transaction of the only writer reads the sums, adds to them and
//! writes them back, together with the topic's watermark.

mod apply;
mod reset;
mod rows;

use std::{path::Path, sync::Arc};

use async_trait::async_trait;

use self::rows::{CategoryRow, DayRow};
use super::Ledger;
use crate::{
    domain::{
        clock::Timestamp,
        error::{Error, Result},
        event::Event,
        port::Port,
        record::Topic,
        seller::SellerId,
        stats::{CategoryTotals, DayTotals, SellerRecount, SellerTotals},
    },
    engines::sqlite_db::{self, SqliteDb},
};

#[derive(Debug)]
struct SqliteLedger {
    database: SqliteDb,
}

/// Opens or creates the file.
pub(super) async fn connect(path: &Path) -> Result<Arc<dyn Ledger>> {
    let migrations = sqlx::migrate!("../migrations/embedded/ledger");
    let database = SqliteDb::open(Port::Ledger, path, &migrations).await?;
    Ok(Arc::new(SqliteLedger { database }))
}

#[async_trait]
impl Ledger for SqliteLedger {
    async fn ledger_apply(&self, seller: &SellerId, topic: Topic, events: &[Event]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let (seller, events) = (seller.clone(), events.to_vec());
        self.database
            .write(move |connection| {
                Box::pin(async move { apply::apply(connection, &seller, topic, &events).await })
            })
            .await
    }

    async fn ledger_totals(&self, seller: &SellerId) -> Result<(SellerTotals, Option<Timestamp>)> {
        let row = rows::totals(self.database.readers(), seller).await?;
        row.map_or_else(
            || Ok((SellerTotals::default(), None)),
            |row| {
                let changed = Timestamp::from_millis(row.last_updated);
                Ok((row.read()?, Some(changed)))
            },
        )
    }

    async fn ledger_categories(&self, seller: &SellerId) -> Result<Vec<CategoryTotals>> {
        let rows: Vec<CategoryRow> = sqlx::query_as(
            "SELECT category, active_products, total_quantity, total_value, price_sum
             FROM categories WHERE seller_id = ?1 AND active_products > 0 ORDER BY category",
        )
        .bind(seller.as_str())
        .fetch_all(self.database.readers())
        .await
        .map_err(failed)?;
        rows.into_iter().map(CategoryRow::read).collect()
    }

    async fn ledger_daily(
        &self,
        seller: &SellerId,
        from: &str,
        to: &str,
    ) -> Result<Vec<DayTotals>> {
        let rows: Vec<DayRow> = sqlx::query_as(
            "SELECT date, created, updated, deleted, low_stock, value_change
             FROM days WHERE seller_id = ?1 AND date BETWEEN ?2 AND ?3 ORDER BY date",
        )
        .bind(seller.as_str())
        .bind(from)
        .bind(to)
        .fetch_all(self.database.readers())
        .await
        .map_err(failed)?;
        rows.into_iter().map(DayRow::read).collect()
    }

    async fn ledger_reset(
        &self,
        seller: &SellerId,
        recount: &SellerRecount,
        at: Timestamp,
    ) -> Result<bool> {
        let (seller, recount) = (seller.clone(), recount.clone());
        self.database
            .write(move |connection| {
                Box::pin(async move { reset::reset(connection, &seller, &recount, at).await })
            })
            .await
    }

    async fn counted_sellers(&self) -> Result<Vec<SellerId>> {
        let all: Vec<String> = sqlx::query_scalar("SELECT seller_id FROM totals")
            .fetch_all(self.database.readers())
            .await
            .map_err(failed)?;
        let parsed = all.iter().map(|seller| SellerId::parse(seller));
        parsed
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| Error::Corrupt(error.to_string()))
    }

    async fn ping(&self) -> Result<()> {
        self.database.ping().await
    }

    async fn close(&self) {
        self.database.close().await;
    }

    async fn sweep(&self, day: &str) -> Result<()> {
        let day = day.to_owned();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    sqlx::query("DELETE FROM days WHERE date < ?1")
                        .bind(day)
                        .execute(connection)
                        .await
                        .map_err(failed)?;
                    Ok(())
                })
            })
            .await
    }
}

/// The error kind of an engine failure.
fn failed(error: sqlx::Error) -> Error {
    sqlite_db::failed(Port::Ledger, error)
}
