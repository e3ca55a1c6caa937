//! `pm man`: the manual pages.

use std::path::PathBuf;

use crate::{
    error::{Error, Result},
    session::CommandSession,
};

/// Arguments of `pm man`.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  pm man | man -l -
  pm man --dir ~/.local/share/man/man1")]
pub(crate) struct Args {
    /// Write a page for every command into this directory
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// Writes the first page, or all pages.
pub(crate) fn run(args: &Args, grammar: clap::Command, session: &CommandSession) -> Result<()> {
    let command = with_examples(grammar);
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        let rendered = clap_mangen::Man::new(command).render(&mut page);
        rendered.map_err(|error| Error::failure(format!("cannot generate the page: {error}")))?;
        return session.ui.write(&page);
    };
    std::fs::create_dir_all(dir).map_err(|error| Error::file(dir, "create", &error))?;
    clap_mangen::generate_to(command, dir).map_err(|error| Error::file(dir, "write to", &error))
}

/// Pages have no place before the description: the examples go to the end.
fn with_examples(command: clap::Command) -> clap::Command {
    let examples = command.get_before_long_help().cloned();
    let command = match examples {
        Some(examples) => command.after_long_help(examples),
        None => command,
    };
    command.mut_subcommands(with_examples)
}
