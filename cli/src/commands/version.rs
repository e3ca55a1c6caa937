//! `pm version`: which client this is, and which server answers.

use serde_json::{Value, json};

use super::ALONE;
use crate::{
    error::Result,
    output::{Column, Kind, Noun},
    session::Session,
};

const NOUN: Noun = Noun {
    name: "version",
    id: "part",
    columns: &[
        Column::table("part", Kind::Text),
        Column::table("version", Kind::Text),
        Column::table("address", Kind::Text),
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
    let mut listing = session.listing(&NOUN)?;
    let version = env!("CARGO_PKG_VERSION");
    listing.push(&json!({"part": "client", "version": version, "address": Value::Null}))?;
    if args.client {
        return listing.finish(ALONE);
    }
    let client = session.client()?;
    match client.health().await {
        Ok(health) => {
            listing.push(&json!({
                "part": "server",
                "version": health.version,
                "address": client.server(),
            }))?;
            listing.finish(ALONE)
        }
        Err(error) => {
            listing.finish(ALONE)?;
            Err(error.into())
        }
    }
}
