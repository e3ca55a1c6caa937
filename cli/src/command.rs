//! The program `pm`: the grammar of its command line, and the dispatch from a parsed command to the
//! code that runs it.

use clap::{CommandFactory, Parser, Subcommand};

use crate::{
    args::GlobalArgs,
    commands::{
        api, auth, completions, config, context, events, export, health, help, import, imports,
        man, products, stats, version,
    },
    error::{Error, ExitCode, Result},
    session::{CommandSession, wait_for},
    ui::{ColorChoice, Ui},
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
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
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
    /// Export products as CSV
    Export(export::Args),
    /// Follow live events or read past ones
    #[command(subcommand)]
    Events(events::Command),
    /// Show totals of products and their changes
    #[command(subcommand)]
    Stats(stats::Command),
    /// Check the health of the server and its dependencies
    Health(health::Args),
    /// Manage contexts: named groups of settings
    #[command(subcommand)]
    Context(context::Command),
    /// Show and change settings
    #[command(subcommand)]
    Config(config::Command),
    /// Store and check the API key for a server
    #[command(subcommand)]
    Auth(auth::Command),
    /// Send a request to any endpoint of the API
    Api(api::Args),
    /// Generate shell completions
    Completions(completions::Args),
    /// Generate the manual pages
    Man(man::Args),
    /// Show the versions of client and server
    Version(version::Args),
    /// Show help for a command or a topic
    Help(help::Args),
}

/// Runs a command. Only commands that send requests start a runtime.
pub(crate) fn run(command: Command, session: &CommandSession) -> Result<()> {
    match command {
        Command::Products(command) => wait_for(products::run(command, session)),
        Command::Import(args) => wait_for(import::run(args, session)),
        Command::Imports(command) => wait_for(imports::run(command, session)),
        Command::Export(args) => wait_for(export::run(args, session)),
        Command::Events(command) => wait_for(events::run(command, session)),
        Command::Stats(command) => wait_for(stats::run(command, session)),
        Command::Health(args) => wait_for(health::run(args, session)),
        Command::Auth(command) => wait_for(auth::run(command, session)),
        Command::Api(args) => wait_for(api::run(args, session)),
        Command::Version(args) => wait_for(version::run(args, session)),
        Command::Context(command) => context::run(command, session),
        Command::Config(command) => config::run(command, session),
        Command::Completions(args) => completions::run(&args, Cli::command(), session),
        Command::Man(args) => man::run(&args, Cli::command(), session),
        Command::Help(args) => help::run(&args, Cli::command(), session),
    }
}

/// Reads the command line of this process.
///
/// # Errors
/// With the exit code when there is nothing to run. Help and version succeed; everything else
/// is a usage error, printed as JSON when the arguments ask for JSON.
pub(crate) fn parse() -> Result<Cli, ExitCode> {
    Cli::try_parse().map_err(|error| report_parse_error(&error))
}

fn report_parse_error(error: &clap::Error) -> ExitCode {
    if error.exit_code() == 0 {
        // A closed pipe is no failure: its reader needs no more.
        let _ = error.print();
        return ExitCode::Ok;
    }
    if asks_for_json(std::env::args_os()) {
        let text = error.to_string();
        let message = text.trim_start_matches("error: ").trim_end();
        let mut ui = Ui::new(ColorChoice::Never);
        ui.json_errors = true;
        ui.error(&Error::usage(message));
    } else {
        let _ = error.print();
    }
    ExitCode::Usage
}

fn asks_for_json(args: impl Iterator<Item = std::ffi::OsString>) -> bool {
    let args: Vec<_> = args
        .map(|arg| arg.to_string_lossy().into_owned())
        .take_while(|arg| arg != "--")
        .collect();
    let json = |format: &str| matches!(format, "json" | "jsonl");
    let separate = args
        .windows(2)
        .any(|pair| matches!(pair[0].as_str(), "-o" | "--output") && json(&pair[1]));
    let joined = |arg: &String| {
        let format = arg
            .strip_prefix("--output=")
            .or_else(|| arg.strip_prefix("-o"));
        format.is_some_and(|format| json(format.trim_start_matches('=')))
    };
    separate || args.iter().any(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_valid() {
        Cli::command().debug_assert();
    }

    /// Every command line of the help's examples, pipes taken apart.
    fn examples(command: &clap::Command) -> Vec<String> {
        let texts = [command.get_before_long_help(), command.get_after_help()];
        let texts = texts.into_iter().flatten().map(ToString::to_string);
        let lines = texts.flat_map(|text| {
            let parts = text.split(['\n', '|']).flat_map(|line| line.split("&&"));
            let parts = parts.map(|part| part.trim().to_owned());
            parts
                .filter(|part| part.starts_with("pm "))
                .collect::<Vec<_>>()
        });
        lines
            .chain(command.get_subcommands().flat_map(examples))
            .collect()
    }

    /// Splits a line as a shell does, as far as the examples need it: single quotes and redirections.
    fn words(line: &str) -> Vec<String> {
        let line = line.split(['>', '<']).next().unwrap_or_default();
        let quoted = line.split('\'').enumerate();
        let words = quoted.flat_map(|(place, part)| match place % 2 {
            1 => vec![part.to_owned()],
            _ => part.split_whitespace().map(str::to_owned).collect(),
        });
        words.collect()
    }

    #[test]
    fn the_examples_parse() {
        let examples = examples(&Cli::command());
        assert!(examples.len() > 30, "{examples:?}");
        for example in examples {
            let parsed = Cli::try_parse_from(words(&example));
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn a_request_for_json_is_seen_before_parsing() {
        let asks = |line: &str| asks_for_json(line.split(' ').map(Into::into));
        assert!(asks("pm products -o json list"));
        assert!(asks("pm products -ojsonl"));
        assert!(asks("pm --output=json"));
        assert!(!asks("pm products list -o csv"));
        assert!(!asks("pm -- -o json"));
    }
}
