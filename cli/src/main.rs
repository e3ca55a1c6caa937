//! `pm`, the command line of the product: parse, settle the settings, run one command, and say
//! with the exit code how it went.

mod args;
mod backend;
mod commands;
mod error;
mod output;
mod session;
mod settings;
mod ui;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    args::Cli,
    error::{Error, Exit},
    session::{Session, early_ui},
    ui::{Color, Ui},
};

fn main() -> ExitCode {
    let outcome = match Cli::try_parse() {
        Ok(cli) => run(cli),
        Err(error) => misunderstood(&error),
    };
    ExitCode::from(outcome as u8)
}

fn run(cli: Cli) -> Exit {
    let color = cli.global.color.unwrap_or(Color::Auto);
    match Session::open(&cli.global) {
        Ok(session) => told(&session.ui, commands::run(cli.command, &session)),
        Err(error) => told(&early_ui(&cli.global, color), Err(error)),
    }
}

fn told(ui: &Ui, outcome: error::Result<()>) -> Exit {
    match outcome {
        Ok(()) => Exit::Ok,
        Err(error) => {
            ui.error(&error);
            error.exit
        }
    }
}

/// Help and version are answers; everything else is a usage error, as JSON for those who asked
/// for JSON.
fn misunderstood(error: &clap::Error) -> Exit {
    if error.exit_code() == 0 {
        // The reader of a closed pipe has seen enough.
        let _ = error.print();
        return Exit::Ok;
    }
    if asks_for_json(std::env::args_os()) {
        let text = error.to_string();
        let message = text.trim_start_matches("error: ").trim_end();
        let mut ui = Ui::new(Color::Never);
        ui.json_errors = true;
        ui.error(&Error::usage(message));
    } else {
        let _ = error.print();
    }
    Exit::Usage
}

fn asks_for_json(args: impl Iterator<Item = std::ffi::OsString>) -> bool {
    let args: Vec<_> = args
        .map(|arg| arg.to_string_lossy().into_owned())
        .take_while(|arg| arg != "--")
        .collect();
    let json = |format: &str| matches!(format, "json" | "jsonl");
    let apart = args
        .windows(2)
        .any(|pair| matches!(pair[0].as_str(), "-o" | "--output") && json(&pair[1]));
    let joined = |arg: &String| {
        let format = arg
            .strip_prefix("--output=")
            .or_else(|| arg.strip_prefix("-o"));
        format.is_some_and(|format| json(format.trim_start_matches('=')))
    };
    apart || args.iter().any(joined)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_grammar_holds_together() {
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

    /// Splits as a shell does, as far as the examples go: single quotes and redirections.
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
    fn the_examples_are_understood() {
        let examples = examples(&Cli::command());
        assert!(examples.len() > 30, "{examples:?}");
        for example in examples {
            let parsed = Cli::try_parse_from(words(&example));
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn knows_who_wants_json_before_parsing() {
        let asks = |line: &str| asks_for_json(line.split(' ').map(Into::into));
        assert!(asks("pm products -o json list"));
        assert!(asks("pm products -ojsonl"));
        assert!(asks("pm --output=json"));
        assert!(!asks("pm products list -o csv"));
        assert!(!asks("pm -- -o json"));
    }
}
