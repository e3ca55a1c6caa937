//! `pm context`: named groups of settings, for work with several shops or servers.

use clap::Subcommand;
use serde_json::json;

use super::{NO_PAGINATION, config};
use crate::{
    error::{Error, Result, unknown_name},
    output::{ColumnSpec, ResourceSpec, ValueKind},
    session::CommandSession,
    settings::{ConfigFile, SETTING_KEYS, SettingValues},
};

const CONTEXT_SPEC: ResourceSpec = ResourceSpec {
    name: "context",
    id: "name",
    columns: &[
        ColumnSpec::table("current", ValueKind::Text),
        ColumnSpec::table("name", ValueKind::Text),
        ColumnSpec::table("server", ValueKind::Text),
        ColumnSpec::table("seller", ValueKind::Text),
        ColumnSpec::wide("output", ValueKind::Text),
        ColumnSpec::wide("color", ValueKind::Text),
    ],
    none: "There are no contexts. Create one with `pm context create NAME --server URL --seller ID`.",
};

/// Actions on contexts.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the contexts
    #[command(visible_alias = "ls")]
    List,
    /// Make a context the current context
    Use {
        /// Name of the context; - for none
        name: String,
    },
    /// Show a context
    Show {
        /// Name of the context [default: the current context]
        name: Option<String>,
    },
    /// Create a context from --server, --seller, --output and --color
    #[command(before_long_help = "Examples:
  pm context create shop --server https://products.example.com --seller shop-1
  pm context use shop")]
    Create {
        /// Name of the context
        name: String,
        /// Change the context if it exists
        #[arg(long)]
        force: bool,
    },
    /// Delete a context
    #[command(visible_alias = "rm")]
    Delete {
        /// Name of the context
        name: String,
    },
}

/// Shows or changes contexts; sends no request.
pub(crate) fn run(command: Command, session: &CommandSession) -> Result<()> {
    let (file, path) = (&session.settings.file, &session.settings.path);
    match command {
        Command::List => {
            let mut records = session.records(&CONTEXT_SPEC)?;
            for name in file.contexts.keys() {
                records.push(&record(session, name)?)?;
            }
            records.finish(NO_PAGINATION)
        }
        Command::Use { name } if name == "-" => ConfigFile::set_current_context(path, None),
        Command::Use { name } => {
            existing_context(file, &name)?;
            ConfigFile::set_current_context(path, Some(&name))
        }
        Command::Show { name } => {
            let current = session.settings.context.as_ref();
            let name = name.or_else(|| current.map(|setting| setting.value.clone()));
            let Some(name) = name else {
                return Err(Error::failure("there is no current context")
                    .hint("`pm context use NAME` chooses one"));
            };
            session
                .records(&CONTEXT_SPEC)?
                .single(&record(session, &name)?)
        }
        Command::Create { name, force } => create(&name, force, session),
        Command::Delete { name } => {
            existing_context(file, &name)?;
            ConfigFile::remove_context(path, &name)
        }
    }
}

fn existing_context<'a>(file: &'a ConfigFile, name: &str) -> Result<&'a SettingValues> {
    file.contexts.get(name).ok_or_else(|| {
        let known: Vec<_> = file.contexts.keys().map(String::as_str).collect();
        unknown_name("context", name, &known)
    })
}

fn record(session: &CommandSession, name: &str) -> Result<serde_json::Value> {
    let values = existing_context(&session.settings.file, name)?;
    let current = session.settings.context.as_ref();
    let is_current = current.is_some_and(|current| current.value == name);
    Ok(json!({
        "name": name,
        "current": is_current.then_some("*"),
        "server": values.server,
        "seller": values.seller,
        "output": values.output,
        "color": values.color,
    }))
}

/// Takes only flags, not values from the environment or another context.
fn create(name: &str, force: bool, session: &CommandSession) -> Result<()> {
    let settings = &session.settings;
    if settings.file.contexts.contains_key(name) && !force {
        return Err(Error::new(
            crate::error::ExitCode::Conflict,
            format!("the context {name:?} exists already"),
        )
        .hint("--force changes it"));
    }
    let values = session.flag_values.clone();
    if values == SettingValues::default() {
        return Err(Error::usage("a context needs at least one setting")
            .hint(format!("pm context create {name} --server URL --seller ID")));
    }
    for key in SETTING_KEYS {
        if let Some(value) = values.get(key) {
            config::check_value(key, &value)?;
        }
    }
    ConfigFile::put_context(&settings.path, name, &values)
}
