//! `pm`, the command line of the product: parse, resolve the settings, run one command, and report
//! its outcome with the exit code.

mod args;
mod backend;
mod command;
mod commands;
mod error;
mod output;
mod session;
mod settings;
mod ui;

use std::process;

use crate::{
    command::Cli,
    error::ExitCode,
    session::{CommandSession, initial_ui},
    ui::{ColorChoice, Ui},
};

fn main() -> process::ExitCode {
    let outcome = command::parse().map_or_else(|exit| exit, run);
    process::ExitCode::from(outcome as u8)
}

fn run(cli: Cli) -> ExitCode {
    let color = cli.global.color.unwrap_or(ColorChoice::Auto);
    match CommandSession::open(&cli.global) {
        Ok(session) => report_outcome(&session.ui, command::run(cli.command, &session)),
        Err(error) => report_outcome(&initial_ui(&cli.global, color), Err(error)),
    }
}

fn report_outcome(ui: &Ui, outcome: error::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::Ok,
        Err(error) => {
            ui.error(&error);
            error.exit
        }
    }
}
