//! Which products: the filters that `products list` and `export` share.

use clap::Args;
use pm_common::domain::{money::Amount, query::ProductFilter};

/// Filters; a product has to match all of them.
#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct ProductFilterArgs {
    /// Only this category
    #[arg(long)]
    category: Option<String>,
    /// Only this sku
    #[arg(long)]
    sku: Option<String>,
    /// Only products with this text in name, description or sku
    #[arg(long, short = 'S', value_name = "TEXT")]
    search: Option<String>,
    /// At least this price
    #[arg(long, value_name = "PRICE")]
    min_price: Option<Amount>,
    /// At most this price
    #[arg(long, value_name = "PRICE")]
    max_price: Option<Amount>,
    /// At least this many in stock
    #[arg(long, value_name = "N")]
    min_quantity: Option<i64>,
    /// At most this many in stock
    #[arg(long, value_name = "N")]
    max_quantity: Option<i64>,
}

impl ProductFilterArgs {
    /// The filter that the flags describe.
    pub(crate) fn into_filter(self) -> ProductFilter {
        ProductFilter {
            category: self.category,
            sku: self.sku,
            text: self.search,
            min_quantity: self.min_quantity,
            max_quantity: self.max_quantity,
            min_price: self.min_price,
            max_price: self.max_price,
        }
    }
}
