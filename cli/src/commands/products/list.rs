//! `pm products list`: one page, or any number of products, page by page with a cursor.

use pm_common::{
    domain::query::{SortBy, SortOrder},
    request::{MAX_PAGE_SIZE, ProductListRequest},
};

use super::PRODUCT_SPEC;
use crate::{
    backend::retry_rate_limited,
    commands::{filter::ProductFilterArgs, wire_choice},
    error::Result,
    session::CommandSession,
};

/// Arguments of `pm products list`.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  pm products list --category Books --sort-by price --sort-order asc
  pm products list --max-quantity 5 --fields sku,name,quantity
  pm products list --all -o jsonl")]
pub(crate) struct Args {
    /// created_at, name, price, quantity or updated_at
    #[arg(long, value_parser = wire_choice::<SortBy>(SortBy::NAMED.map(|(name, _)| name)),
          hide_possible_values = true, value_name = "FIELD")]
    sort_by: Option<SortBy>,
    /// desc or asc
    #[arg(long, value_parser = wire_choice::<SortOrder>(SortOrder::NAMED.map(|(name, _)| name)),
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

/// Lists products; formats with one line per product print each page at once.
pub(super) async fn run(args: Args, session: &CommandSession) -> Result<()> {
    let mut records = session.records(&PRODUCT_SPEC)?;
    let backend = session.backend()?;
    let (shown, is_page) = (args.limit, args.page.is_some());
    if is_page && args.limit > MAX_PAGE_SIZE.into() {
        return Err(crate::error::Error::usage(format!(
            "--limit {} is too large for a page (at most {MAX_PAGE_SIZE})",
            args.limit
        ))
        .hint("leave out --page: as many pages as needed are fetched"));
    }
    let mut left = if args.all { u64::MAX } else { args.limit };
    let mut request = ProductListRequest {
        sort_by: args.sort_by.unwrap_or_default(),
        sort_order: args.sort_order.unwrap_or_default(),
        filter: args.filter.into_filter(),
        ..ProductListRequest::default()
    };
    request.page.number = args.page.unwrap_or(1);
    loop {
        request.page.limit = u32::try_from(left).map_or(MAX_PAGE_SIZE, |n| n.min(MAX_PAGE_SIZE));
        // Counting costs the server most of a page, and only one response shows it.
        request.count = left <= MAX_PAGE_SIZE.into() && request.cursor.is_none();
        let page = retry_rate_limited(async || backend.product_list(&request).await).await?;
        for product in &page.data {
            records.push(product)?;
        }
        left -= left.min(page.data.len() as u64);
        match &page.pagination.next_cursor {
            Some(cursor) if left > 0 && !is_page && !page.data.is_empty() => {
                request.cursor = Some(cursor.clone());
            }
            more => {
                if more.is_some() && records.is_human_readable() {
                    session.ui.note(&remainder(shown, page.pagination.total));
                }
                return records.finish(Some(&page.pagination));
            }
        }
    }
}

fn remainder(shown: u64, total: Option<u64>) -> String {
    match total {
        Some(total) => format!("{shown} of {total} products; --all shows every product"),
        None => "there are more products; --all shows every product".to_owned(),
    }
}
