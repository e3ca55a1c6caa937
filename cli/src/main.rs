//! `pm`, the command line of the product: parse, settle the settings, run one command, and say
//! with the exit code how it went.

mod args;
mod backend;
mod command;
mod commands;
mod error;
mod output;
mod session;
mod settings;
mod ui;

use std::process::ExitCode;

use crate::{
    command::Cli,
    error::Exit,
    session::{Session, early_ui},
    ui::{Color, Ui},
};

fn main() -> ExitCode {
    let outcome = command::parse().map_or_else(|exit| exit, run);
    ExitCode::from(outcome as u8)
}

fn run(cli: Cli) -> Exit {
    let color = cli.global.color.unwrap_or(Color::Auto);
    match Session::open(&cli.global) {
        Ok(session) => told(&session.ui, command::run(cli.command, &session)),
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
