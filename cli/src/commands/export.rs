//! `pm export`: all products as CSV, to standard output or to a file that is replaced atomically.

use pm_common::request::ExportRequest;

use crate::{error::Result, output::thousands, session::CommandSession};

use super::{download, filter::ProductFilterArgs};

/// Arguments of `pm export`.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  pm export products.csv
  pm export --category Books | wc -l
  pm export --bom for-excel.csv

An existing file is replaced only after the export is complete.")]
pub(crate) struct Args {
    /// File to write; - is standard output
    #[arg(default_value = "-", value_name = "FILE")]
    file: String,
    /// Begin with a byte order mark, without which Excel garbles umlauts
    #[arg(long)]
    bom: bool,
    #[command(flatten)]
    filter: ProductFilterArgs,
}

/// Streams the export.
pub(crate) async fn run(args: Args, session: &CommandSession) -> Result<()> {
    let request = ExportRequest {
        filter: args.filter.into_filter(),
        bom: args.bom,
    };
    let answer = session.backend()?.product_export(&request).await?;
    let bytes = download::save(&session.ui, answer, &args.file).await?;
    if args.file != "-" {
        let bytes = thousands(bytes);
        session
            .ui
            .note(&format!("{bytes} bytes written to {}", args.file));
    }
    Ok(())
}
