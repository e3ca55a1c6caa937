//! The flags that every command takes. What belongs to one command only is beside that command.

use clap::Args;

use crate::{output::OutputFormat, ui::ColorChoice};

/// Flags of every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        hide_possible_values = true,
        value_name = "FORMAT"
    )]
    pub(crate) output: Option<OutputFormat>,
    /// Show only these fields, in this order
    #[arg(long, global = true, value_delimiter = ',', value_name = "A,B")]
    pub(crate) fields: Vec<String>,
    /// Address of the server [PM_SERVER, default http://localhost:3001]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// The seller whose products to use [PM_SELLER]
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) seller: Option<String>,
    /// The context to use: a named group of settings [PM_CONTEXT]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]
    #[arg(
        long,
        global = true,
        value_enum,
        hide_possible_values = true,
        value_name = "WHEN"
    )]
    pub(crate) color: Option<ColorChoice>,
    /// Print data and errors only
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Show each request and its id on standard error
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Answer yes to every question
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
}
