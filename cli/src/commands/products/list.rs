//! `pm products list`: one page, or any number of products, page by page with a cursor.

use pm_common::domain::query::{SortBy, SortOrder};

use super::PRODUCT_SPEC;
use crate::{
    backend::retry_rate_limited,
    commands::{
        filter::{self, ProductFilterArgs},
        pair, wire_choice, wire_name,
    },
    error::Result,
    session::CommandSession,
};

/// The server's largest page.
const MAX_PAGE_SIZE: u64 = 100;

const SORT_FIELDS: [&str; 5] = ["created_at", "name", "price", "quantity", "updated_at"];

/// Arguments of `pm products list`.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  pm products list --category Books --sort-by price --sort-order asc
  pm products list --max-quantity 5 --fields sku,name,quantity
  pm products list --all -o jsonl")]
pub(crate) struct Args {
    /// created_at, name, price, quantity or updated_at
    #[arg(long, value_parser = wire_choice::<SortBy>(SORT_FIELDS),
          hide_possible_values = true, value_name = "FIELD")]
    sort_by: Option<SortBy>,
    /// desc or asc
    #[arg(long, value_parser = wire_choice::<SortOrder>(["desc", "asc"]),
          hide_possible_values = true, value_name = "ORDER")]
    sort_order: Option<SortOrder>,
    /// Maximum number of products
    #[arg(long, short = 'L', default_value_t = 20, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// List every product
    #[arg(long, conflicts_with_all = ["limit", "page"])]
    all: bool,
    /// Page number, from 1, with --limit products per page
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    page: Option<u64>,
    #[command(flatten)]
    filter: ProductFilterArgs,
}

impl Args {
    fn query(&self) -> Vec<(String, String)> {
        let mut query = self.filter.pairs();
        query.extend(pair("sort_by", self.sort_by.map(|by| wire_name(&by))));
        query.extend(pair("sort_order", self.sort_order.map(|by| wire_name(&by))));
        query
    }
}

/// Lists products; formats with one line per product print each page at once.
pub(super) async fn run(args: Args, session: &CommandSession) -> Result<()> {
    let mut records = session.records(&PRODUCT_SPEC)?;
    let backend = session.backend()?;
    let query = args.query();
    let mut left = if args.all { u64::MAX } else { args.limit };
    let mut place = pair("page", args.page);
    if args.page.is_some() && args.limit > MAX_PAGE_SIZE {
        return Err(crate::error::Error::usage(format!(
            "--limit {} is too large for a page (at most {MAX_PAGE_SIZE})",
            args.limit
        ))
        .hint("leave out --page: as many pages as needed are fetched"));
    }
    loop {
        let mut wanted = filter::with(&query, "limit", &left.min(MAX_PAGE_SIZE).to_string());
        // Counting costs the server most of a page, and only one response shows it.
        if left > MAX_PAGE_SIZE || place.as_ref().is_some_and(|(name, _)| name == "cursor") {
            wanted = filter::with(&wanted, "count", "none");
        }
        wanted.extend(place);
        let page = retry_rate_limited(async || backend.product_list(&wanted).await).await?;
        for product in &page.data {
            records.push(product)?;
        }
        left -= left.min(page.data.len() as u64);
        match &page.pagination.next_cursor {
            Some(cursor) if left > 0 && args.page.is_none() && !page.data.is_empty() => {
                place = pair("cursor", Some(cursor));
            }
            more => {
                if more.is_some() && records.is_human_readable() {
                    session.ui.note(&remainder(&args, page.pagination.total));
                }
                return records.finish(Some(&page.pagination));
            }
        }
    }
}

fn remainder(args: &Args, total: Option<u64>) -> String {
    match total {
        Some(total) => format!(
            "{} of {total} products; --all shows every product",
            args.limit
        ),
        None => "there are more products; --all shows every product".to_owned(),
    }
}
