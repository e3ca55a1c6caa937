//! `pm version`: the versions of the client and of the server.

use serde_json::{Value, json};

use super::NO_PAGINATION;
use crate::{
    error::Result,
    output::{ColumnSpec, ResourceSpec, ValueKind},
    session::CommandSession,
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
    /// Show only the client; send no request
    #[arg(long)]
    client: bool,
}

/// Prints the client even when the server cannot be reached.
pub(crate) async fn run(args: Args, session: &CommandSession) -> Result<()> {
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
