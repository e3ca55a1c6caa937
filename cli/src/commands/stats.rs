//! `pm stats`: totals, by category, by day, and what is running out.

use clap::Subcommand;

use super::{ALONE, pair};
use crate::{
    error::{Error, Result},
    output::{Column, Kind, Noun},
    session::Session,
};

const SUMMARY: Noun = Noun {
    name: "summary",
    id: "totalProducts",
    columns: &[
        Column::table("totalProducts", Kind::Number),
        Column::table("activeProducts", Kind::Number),
        Column::table("deletedProducts", Kind::Number),
        Column::table("totalValue", Kind::Money),
        Column::table("lowStockCount", Kind::Number),
        Column::table("lastUpdated", Kind::Time),
    ],
    none: "",
};

const CATEGORY: Noun = Noun {
    name: "category",
    id: "category",
    columns: &[
        Column::table("category", Kind::Text),
        Column::table("activeProducts", Kind::Number),
        Column::table("totalQuantity", Kind::Number),
        Column::table("totalValue", Kind::Money),
        Column::table("averagePrice", Kind::Money),
    ],
    none: "No category has products.",
};

const DAY: Noun = Noun {
    name: "day",
    id: "date",
    columns: &[
        Column::table("date", Kind::Text),
        Column::table("created", Kind::Number),
        Column::table("updated", Kind::Number),
        Column::table("deleted", Kind::Number),
        Column::table("lowStock", Kind::Number),
        Column::table("valueChange", Kind::Money),
    ],
    none: "Nothing happened on these days.",
};

const LOW_STOCK: Noun = Noun {
    name: "product",
    id: "productId",
    columns: &[
        Column::table("productId", Kind::Text),
        Column::table("sku", Kind::Text),
        Column::table("name", Kind::Text),
        Column::table("category", Kind::Text),
        Column::table("quantity", Kind::Number),
        Column::table("threshold", Kind::Number),
    ],
    none: "No product is low on stock.",
};

/// Which figures.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Totals over all products
    Summary,
    /// Totals by category
    Categories,
    /// What happened, day by day
    #[command(before_long_help = "Examples:
  pm stats daily --from 2026-01-01 --to 2026-01-31
  pm stats daily -o csv")]
    Daily {
        /// First day, yyyy-mm-dd
        #[arg(long, value_name = "DAY", value_parser = day)]
        from: Option<String>,
        /// Last day, yyyy-mm-dd
        #[arg(long, value_name = "DAY", value_parser = day)]
        to: Option<String>,
    },
    /// Products below their threshold, fewest units first
    LowStock {
        /// Which page
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
        page: u64,
        /// Products on a page
        #[arg(long, short = 'L', default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
    },
}

/// Shows the figures.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    match command {
        Command::Summary => {
            let listing = session.listing(&SUMMARY)?;
            listing.single(&session.backend()?.stats_summary().await?)
        }
        Command::Categories => {
            let mut listing = session.listing(&CATEGORY)?;
            for category in session.backend()?.stats_categories().await?.data {
                listing.push(&category)?;
            }
            listing.finish(ALONE)
        }
        Command::Daily { from, to } => daily(from, to, session).await,
        Command::LowStock { page, limit } => {
            let mut listing = session.listing(&LOW_STOCK)?;
            let query = [pair("page", Some(page)), pair("limit", Some(limit))];
            let query: Vec<_> = query.into_iter().flatten().collect();
            let answer = session.backend()?.stats_low_stock(&query).await?;
            for product in &answer.data {
                listing.push(product)?;
            }
            listing.finish(Some(&answer.pagination))
        }
    }
}

async fn daily(from: Option<String>, to: Option<String>, session: &Session) -> Result<()> {
    if let (Some(from), Some(to)) = (&from, &to)
        && from > to
    {
        return Err(Error::usage(format!("--from {from} is after --to {to}")));
    }
    let mut listing = session.listing(&DAY)?;
    let query: Vec<_> = [pair("from", from), pair("to", to)]
        .into_iter()
        .flatten()
        .collect();
    for day in session.backend()?.stats_daily(&query).await?.data {
        listing.push(&day)?;
    }
    listing.finish(ALONE)
}

fn day(text: &str) -> Result<String, String> {
    let date = text.parse::<jiff::civil::Date>();
    date.map(|date| date.to_string())
        .map_err(|_| "it must be a day such as 2026-01-31".to_owned())
}
