//! Which products: the filters that `products list` and `export` share.

use clap::Args;
use pm_common::{client::QueryPairs, domain::money::Amount};

use super::pair;

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
    /// As query parameters.
    pub(crate) fn pairs(&self) -> Vec<(String, String)> {
        let pairs = [
            pair("category", self.category.as_ref()),
            pair("sku", self.sku.as_ref()),
            pair("q", self.search.as_ref()),
            pair("min_price", self.min_price),
            pair("max_price", self.max_price),
            pair("min_quantity", self.min_quantity),
            pair("max_quantity", self.max_quantity),
        ];
        pairs.into_iter().flatten().collect()
    }
}

/// The query with another parameter.
pub(crate) fn with(query: &QueryPairs, name: &str, value: &str) -> Vec<(String, String)> {
    let mut query = query.to_vec();
    query.push((name.to_owned(), value.to_owned()));
    query
}
