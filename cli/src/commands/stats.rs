//! `pm stats`: totals, also by category and by day, and products low on stock.

use clap::Subcommand;
use pm_common::{
    domain::clock::Timestamp,
    request::{DailyRequest, PageRequest, day_start},
};

use super::NO_PAGINATION;
use crate::{
    error::{Error, Result},
    output::{ColumnSpec, ResourceSpec, ValueKind},
    session::CommandSession,
};

const SUMMARY_SPEC: ResourceSpec = ResourceSpec {
    name: "summary",
    id: "totalProducts",
    columns: &[
        ColumnSpec::table("totalProducts", ValueKind::Number),
        ColumnSpec::table("activeProducts", ValueKind::Number),
        ColumnSpec::table("deletedProducts", ValueKind::Number),
        ColumnSpec::table("totalValue", ValueKind::Money),
        ColumnSpec::table("lowStockCount", ValueKind::Number),
        ColumnSpec::table("lastUpdated", ValueKind::Time),
    ],
    none: "",
};

const CATEGORY_SPEC: ResourceSpec = ResourceSpec {
    name: "category",
    id: "category",
    columns: &[
        ColumnSpec::table("category", ValueKind::Text),
        ColumnSpec::table("activeProducts", ValueKind::Number),
        ColumnSpec::table("totalQuantity", ValueKind::Number),
        ColumnSpec::table("totalValue", ValueKind::Money),
        ColumnSpec::table("averagePrice", ValueKind::Money),
    ],
    none: "No category has products.",
};

const DAY_SPEC: ResourceSpec = ResourceSpec {
    name: "day",
    id: "date",
    columns: &[
        ColumnSpec::table("date", ValueKind::Text),
        ColumnSpec::table("created", ValueKind::Number),
        ColumnSpec::table("updated", ValueKind::Number),
        ColumnSpec::table("deleted", ValueKind::Number),
        ColumnSpec::table("lowStock", ValueKind::Number),
        ColumnSpec::table("valueChange", ValueKind::Money),
    ],
    none: "There were no changes on these days.",
};

const LOW_STOCK_SPEC: ResourceSpec = ResourceSpec {
    name: "product",
    id: "productId",
    columns: &[
        ColumnSpec::table("productId", ValueKind::Text),
        ColumnSpec::table("sku", ValueKind::Text),
        ColumnSpec::table("name", ValueKind::Text),
        ColumnSpec::table("category", ValueKind::Text),
        ColumnSpec::table("quantity", ValueKind::Number),
        ColumnSpec::table("threshold", ValueKind::Number),
    ],
    none: "No product is low on stock.",
};

/// The statistics.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Totals over all products
    Summary,
    /// Totals by category
    Categories,
    /// Changes by day
    #[command(before_long_help = "Examples:
  pm stats daily --from 2026-01-01 --to 2026-01-31
  pm stats daily -o csv")]
    Daily {
        /// First day, yyyy-mm-dd
        #[arg(long, value_name = "DAY", value_parser = day)]
        from: Option<Timestamp>,
        /// Last day, yyyy-mm-dd
        #[arg(long, value_name = "DAY", value_parser = day)]
        to: Option<Timestamp>,
    },
    /// Products below their threshold, fewest units first
    LowStock {
        /// Page number
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
        page: u64,
        /// Products per page
        #[arg(long, short = 'L', default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
    },
}

/// Shows the statistics.
pub(crate) async fn run(command: Command, session: &CommandSession) -> Result<()> {
    match command {
        Command::Summary => {
            let records = session.records(&SUMMARY_SPEC)?;
            records.single(&session.backend()?.stats_summary().await?)
        }
        Command::Categories => {
            let mut records = session.records(&CATEGORY_SPEC)?;
            for category in session.backend()?.stats_categories().await?.data {
                records.push(&category)?;
            }
            records.finish(NO_PAGINATION)
        }
        Command::Daily { from, to } => daily(from, to, session).await,
        Command::LowStock { page, limit } => {
            let mut records = session.records(&LOW_STOCK_SPEC)?;
            let page = PageRequest {
                number: page,
                limit,
            };
            let answer = session.backend()?.stats_low_stock(page).await?;
            for product in &answer.data {
                records.push(product)?;
            }
            records.finish(Some(&answer.pagination))
        }
    }
}

async fn daily(
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    session: &CommandSession,
) -> Result<()> {
    if let (Some(from), Some(to)) = (&from, &to)
        && from > to
    {
        let (from, to) = (from.day(), to.day());
        return Err(Error::usage(format!("--from {from} is after --to {to}")));
    }
    let mut records = session.records(&DAY_SPEC)?;
    let request = DailyRequest { from, to };
    for day in session.backend()?.stats_daily(request).await?.data {
        records.push(&day)?;
    }
    records.finish(NO_PAGINATION)
}

/// The start of a day.
fn day(text: &str) -> Result<Timestamp, String> {
    let date = text.parse::<jiff::civil::Date>().ok();
    date.and_then(|date| day_start(&date.to_string()))
        .ok_or_else(|| "it must be a day such as 2026-01-31".to_owned())
}
