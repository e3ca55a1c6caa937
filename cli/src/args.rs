//! The grammar: flags of every command, and the commands. What belongs to one command only is
//! beside that command.

use clap::{Args, Parser, Subcommand};

use crate::{
    commands::{
        api, auth, completions, config, context, events, export, health, help, import, imports,
        man, products, stats, version,
    },
    output::Format,
    ui::Color,
};

/// Manage products, imports and events of a pmd server
#[derive(Debug, Parser)]
#[command(
    name = "pm",
    version,
    disable_help_subcommand = true,
    infer_long_args = false,
    max_term_width = 100,
    after_help = "Examples:
  pm products list --category Books
  pm import products.csv
  pm events tail --type LowStockWarning
  pm help exit-codes"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Format of the output [PM_OUTPUT]
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        hide_possible_values = true,
        value_name = "FORMAT",
        help = "table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]"
    )]
    pub(crate) output: Option<Format>,
    /// Only these fields, in this order
    #[arg(long, global = true, value_delimiter = ',', value_name = "A,B")]
    pub(crate) fields: Vec<String>,
    /// Address of the server [PM_SERVER, default http://localhost:3001]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Whose products [PM_SELLER]
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) seller: Option<String>,
    /// A named group of settings [PM_CONTEXT]
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
    pub(crate) color: Option<Color>,
    /// Data and errors only
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Show every request with its id on standard error
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Answer every question with yes
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List, show and change products
    #[command(subcommand, visible_aliases = ["product", "p"])]
    Products(products::Command),
    /// Import products from CSV files
    Import(import::Args),
    /// List, follow and cancel imports
    #[command(subcommand)]
    Imports(imports::Command),
    /// Write all products as CSV
    Export(export::Args),
    /// Read what happened, live or from the past
    #[command(subcommand)]
    Events(events::Command),
    /// Totals of the products and their changes
    #[command(subcommand)]
    Stats(stats::Command),
    /// Ask the server how it and its dependencies are
    Health(health::Args),
    /// Named groups of settings
    #[command(subcommand)]
    Context(context::Command),
    /// Settings and where they come from
    #[command(subcommand)]
    Config(config::Command),
    /// Store and check the key for a server
    #[command(subcommand)]
    Auth(auth::Command),
    /// Send any request to the API
    Api(api::Args),
    /// Write completions for a shell
    Completions(completions::Args),
    /// Write the manual pages
    Man(man::Args),
    /// Show the versions of client and server
    Version(version::Args),
    /// Show the help of a command or a topic
    Help(help::Args),
}
