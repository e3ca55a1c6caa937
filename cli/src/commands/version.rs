//! `pm version`: which client this is, and which server answers.

use serde_json::{Value, json};

use super::NO_PAGINATION;
use crate::{
    error::Result,
    output::{ColumnSpec, ResourceSpec, ValueKind},
    session::Session,
};

const VERSION_SPEC: ResourceSpec = ResourceSpec {
    name: "version",
    id: "part",
    columns: &[
        ColumnSpec::table("part", ValueKind::Text),
        ColumnSpec::table("version", ValueKind::Text),
        ColumnSpec::table("address", ValueKind::Text),
    ],
    none: "",
};

/// Arguments of `pm version`.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  pm version
  pm version --client")]
pub(crate) struct Args {
    /// Ask no server
    #[arg(long)]
    client: bool,
}

/// Shows the client first, so that it is seen even when the server is away.
pub(crate) async fn run(args: Args, session: &Session) -> Result<()> {
    let mut records = session.records(&VERSION_SPEC)?;
    let version = env!("CARGO_PKG_VERSION");
    records.push(&json!({"part": "client", "version": version, "address": Value::Null}))?;
    if args.client {
        return records.finish(NO_PAGINATION);
    }
    let client = session.client()?;
    match client.health().await {
        Ok(health) => {
            records.push(&json!({
                "part": "server",
                "version": health.version,
                "address": client.server(),
            }))?;
            records.finish(NO_PAGINATION)
        }
        Err(error) => {
            records.finish(NO_PAGINATION)?;
            Err(error.into())
        }
    }
}
