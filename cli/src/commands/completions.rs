//! `pm completions`: scripts that complete commands, flags and values in a shell.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap_complete::Shell;

use crate::{
    error::{Error, Result},
    session::CommandSession,
};

const SUPPORTED_SHELLS: [Shell; 4] = [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell];

/// Arguments of `pm completions`.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  pm completions bash > ~/.local/share/bash-completion/completions/pm
  pm completions zsh > ~/.zfunc/_pm
  pm completions --dir completions")]
pub(crate) struct Args {
    /// The shell
    #[arg(required_unless_present = "dir", value_parser = supported_shell())]
    shell: Option<Shell>,
    /// Write a file for every shell into this directory
    #[arg(long, conflicts_with = "shell")]
    dir: Option<PathBuf>,
}

fn supported_shell() -> impl TypedValueParser<Value = Shell> {
    PossibleValuesParser::new(SUPPORTED_SHELLS.map(|shell| shell.to_string()))
        .try_map(|name| name.parse::<Shell>())
}

/// Writes one script, or all scripts.
pub(crate) fn run(args: &Args, mut grammar: clap::Command, session: &CommandSession) -> Result<()> {
    if let Some(shell) = args.shell {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut grammar, "pm", &mut script);
        return session.ui.write(&script);
    }
    if let Some(dir) = &args.dir {
        std::fs::create_dir_all(dir).map_err(|error| Error::file(dir, "create", &error))?;
        for shell in SUPPORTED_SHELLS {
            clap_complete::generate_to(shell, &mut grammar, "pm", dir)
                .map_err(|error| Error::file(dir, "write to", &error))?;
        }
    }
    Ok(())
}
