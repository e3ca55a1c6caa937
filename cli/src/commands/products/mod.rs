//! `pm products`: list, show and change products.

mod change;
mod list;

use clap::Subcommand;
use pm_common::domain::product::ProductId;
use serde::Serialize;

use super::{NO_PAGINATION, key_value};
use crate::{
    error::{Error, Result},
    output::{ColumnSpec, ResourceSpec, ValueKind},
    session::CommandSession,
};

const PRODUCT_SPEC: ResourceSpec = ResourceSpec {
    name: "product",
    id: "id",
    columns: &[
        ColumnSpec::table("id", ValueKind::Number),
        ColumnSpec::table("sku", ValueKind::Text),
        ColumnSpec::table("name", ValueKind::Text),
        ColumnSpec::table("category", ValueKind::Text),
        ColumnSpec::table("price", ValueKind::Money),
        ColumnSpec::table("quantity", ValueKind::Number),
        ColumnSpec::table("updated_at", ValueKind::Time),
        ColumnSpec::wide("low_stock_threshold", ValueKind::Number),
        ColumnSpec::wide("version", ValueKind::Number),
        ColumnSpec::wide("created_at", ValueKind::Time),
        ColumnSpec::wide("description", ValueKind::Text),
        ColumnSpec::named("attributes", ValueKind::Text),
        ColumnSpec::named("seller_id", ValueKind::Text),
    ],
    none: "No products match.",
};

/// Actions on products.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List products
    #[command(visible_alias = "ls")]
    List(list::Args),
    /// Show products
    Get {
        /// Product ids
        #[arg(required = true, value_parser = product_id)]
        ids: Vec<ProductId>,
    },
    /// Create a product
    Create(change::CreateArgs),
    /// Change fields of a product; other fields keep their values
    Update(change::UpdateArgs),
    /// Delete products; `pm products restore` brings them back
    #[command(
        visible_alias = "rm",
        before_long_help = "Examples:
  pm products delete 17
  pm products delete 17 18 --yes"
    )]
    Delete {
        /// Product ids
        #[arg(required = true, value_parser = product_id)]
        ids: Vec<ProductId>,
        /// Only if the product still has this version
        #[arg(long, value_name = "VERSION")]
        if_version: Option<i64>,
    },
    /// Restore deleted products
    Restore {
        /// Product ids
        #[arg(required = true, value_parser = product_id)]
        ids: Vec<ProductId>,
    },
    /// Add to or take from the stock of a product, atomically
    #[command(before_long_help = "Examples:
  pm products stock 17 +12 --reason delivery
  pm products stock 17 -1")]
    Stock {
        /// Product id
        #[arg(value_parser = product_id)]
        id: ProductId,
        /// Units to add; negative to take away
        #[arg(allow_negative_numbers = true)]
        delta: String,
        /// Reason for the change
        #[arg(long)]
        reason: Option<String>,
    },
}

/// A product id from the command line.
fn product_id(text: &str) -> Result<ProductId, String> {
    let id = text.parse().ok().filter(|id| *id > 0);
    id.ok_or_else(|| {
        "an id is a whole number such as 17; `pm products list --sku SKU` finds it".to_owned()
    })
}

/// Runs the action.
pub(crate) async fn run(command: Command, session: &CommandSession) -> Result<()> {
    match command {
        Command::List(args) => list::run(args, session).await,
        Command::Create(args) => change::create(args, session).await,
        Command::Update(args) => change::update(args, session).await,
        Command::Stock { id, delta, reason } => change::stock(id, delta, reason, session).await,
        Command::Get { ids } => {
            let backend = session.backend()?;
            show_each(session, &ids, async |id| backend.product_get(id).await).await
        }
        Command::Restore { ids } => {
            let backend = session.backend()?;
            show_each(session, &ids, async |id| backend.product_restore(id).await).await
        }
        Command::Delete { ids, if_version } => delete(&ids, if_version, session).await,
    }
}

/// Shows the result of a call for each id; stops at the first failure.
async fn show_each<T: Serialize>(
    session: &CommandSession,
    ids: &[ProductId],
    call: impl AsyncFn(ProductId) -> Result<T>,
) -> Result<()> {
    let mut records = session.records(&PRODUCT_SPEC)?;
    if let [id] = ids {
        return records.single(&call(*id).await?);
    }
    for id in ids {
        records.push(&call(*id).await?)?;
    }
    records.finish(NO_PAGINATION)
}

async fn delete(ids: &[ProductId], version: Option<i64>, session: &CommandSession) -> Result<()> {
    if version.is_some() && ids.len() > 1 {
        return Err(Error::usage("--if-version is for one product")
            .hint("give one id, or leave the version out"));
    }
    let backend = session.backend()?;
    let which: Vec<_> = ids.iter().map(ToString::to_string).collect();
    let noun = if ids.len() == 1 {
        "product"
    } else {
        "products"
    };
    session
        .ui
        .confirm(&format!("Delete {noun} {}?", which.join(", ")))?;
    for id in ids {
        let deleted = backend.product_delete(*id, version).await?.deleted_id;
        session.ui.note(&format!("product {deleted} was deleted"));
    }
    Ok(())
}
