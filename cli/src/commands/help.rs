//! `pm help`: help for a command, or for a topic that belongs to no single command.

use pm_common::domain::message_text::closest_word;

use crate::{
    error::{Error, Result},
    session::CommandSession,
};

const HELP_TOPICS: [(&str, &str); 5] = [
    ("exit-codes", include_str!("../topics/exit-codes.txt")),
    ("environment", include_str!("../topics/environment.txt")),
    ("csv", include_str!("../topics/csv.txt")),
    ("formatting", include_str!("../topics/formatting.txt")),
    ("glossary", include_str!("../topics/glossary.txt")),
];

/// Arguments of `pm help`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A command, or one of: exit-codes, environment, csv, formatting, glossary
    #[arg(value_name = "COMMAND or TOPIC")]
    path: Vec<String>,
}

/// Prints the help.
pub(crate) fn run(args: &Args, mut grammar: clap::Command, session: &CommandSession) -> Result<()> {
    if let [topic] = args.path.as_slice()
        && let Some((_, text)) = HELP_TOPICS.iter().find(|(name, _)| name == topic)
    {
        return session.ui.write(text.as_bytes());
    }
    grammar.build();
    let mut found = &mut grammar;
    for name in &args.path {
        let known: Vec<String> = found
            .get_subcommands()
            .map(|command| command.get_name().to_owned())
            .chain(HELP_TOPICS.iter().map(|(name, _)| (*name).to_owned()))
            .collect();
        found = found.find_subcommand_mut(name).ok_or_else(|| {
            let error = Error::usage(format!("there is no help for {name:?}"));
            match closest_word(name, known.iter().map(String::as_str)) {
                Some(other) => error.hint(format!("did you mean `pm help {other}`?")),
                None => error.hint("`pm help` lists the commands"),
            }
        })?;
    }
    let text = found.render_long_help();
    let text = if session.ui.out.terminal {
        text.ansi().to_string()
    } else {
        text.to_string()
    };
    session.ui.write(text.as_bytes())
}
