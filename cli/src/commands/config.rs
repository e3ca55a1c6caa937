//! `pm config`: shows settings with their origins, and changes them.

use clap::Subcommand;
use pm_common::domain::seller::SellerId;
use serde_json::{Value, json};

use super::NO_PAGINATION;
use crate::{
    error::{Error, Result, unknown_name},
    output::{ColumnSpec, OutputFormat, ResourceSpec, ValueKind},
    session::CommandSession,
    settings::{ConfigFile, SETTING_KEYS, SettingOrigin, choice_name, parse_choice},
    ui::ColorChoice,
};

const SETTING_SPEC: ResourceSpec = ResourceSpec {
    name: "setting",
    id: "key",
    columns: &[
        ColumnSpec::table("key", ValueKind::Text),
        ColumnSpec::table("value", ValueKind::Text),
    ],
    none: "",
};

const SETTING_WITH_ORIGIN_SPEC: ResourceSpec = ResourceSpec {
    columns: &[
        ColumnSpec::table("key", ValueKind::Text),
        ColumnSpec::table("value", ValueKind::Text),
        ColumnSpec::table("origin", ValueKind::Text),
    ],
    ..SETTING_SPEC
};

/// Actions on settings.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show one setting
    Get {
        /// server, seller, output, color or context
        key: String,
    },
    /// Change a setting in the configuration file
    #[command(before_long_help = "Examples:
  pm config set seller shop-1
  pm config set server https://products.example.com
  pm config set output --unset")]
    Set {
        /// server, seller, output or color
        key: String,
        /// The new value
        #[arg(required_unless_present = "unset")]
        value: Option<String>,
        /// Remove the setting
        #[arg(long, conflicts_with = "value")]
        unset: bool,
    },
    /// Show every setting
    List {
        /// Show the origin of each value
        #[arg(long)]
        origin: bool,
    },
    /// Show the path of the configuration file
    Path,
}

/// Shows or changes settings; sends no request.
pub(crate) fn run(command: Command, session: &CommandSession) -> Result<()> {
    match command {
        Command::Get { key } => get(&key, session),
        Command::Set { key, value, .. } => set(&key, value.as_deref(), session),
        Command::List { origin } => {
            let noun = if origin {
                &SETTING_WITH_ORIGIN_SPEC
            } else {
                &SETTING_SPEC
            };
            let mut records = session.records(noun)?;
            for (key, value, origin) in resolved_settings(session) {
                records.push(&json!({"key": key, "value": value, "origin": origin.to_string()}))?;
            }
            records.finish(NO_PAGINATION)
        }
        Command::Path => session
            .ui
            .line(&session.settings.path.display().to_string()),
    }
}

fn resolved_settings(session: &CommandSession) -> Vec<(&'static str, Value, SettingOrigin)> {
    let settings = &session.settings;
    let optional = |found: Option<(String, SettingOrigin)>| match found {
        Some((value, origin)) => (json!(value), origin),
        None => (Value::Null, SettingOrigin::Default),
    };
    let text = |setting: &crate::settings::ResolvedSetting<String>| {
        (setting.value.clone(), setting.origin.clone())
    };
    let (seller, seller_origin) = optional(settings.seller.as_ref().map(text));
    let (context, context_origin) = optional(settings.context.as_ref().map(text));
    let output = settings.output.as_ref();
    let (output, output_origin) =
        optional(output.map(|output| (choice_name(output.value), output.origin.clone())));
    let color = json!(choice_name(settings.color.value));
    let server = settings.server.clone();
    vec![
        ("server", json!(server.value), server.origin),
        ("seller", seller, seller_origin),
        ("output", output, output_origin),
        ("color", color, settings.color.origin.clone()),
        ("context", context, context_origin),
    ]
}

fn get(key: &str, session: &CommandSession) -> Result<()> {
    let all = resolved_settings(session);
    let known: Vec<_> = all.iter().map(|(key, ..)| *key).collect();
    let Some((_, value, _)) = all.iter().find(|(name, ..)| *name == key) else {
        return Err(unknown_name("setting", key, &known));
    };
    match value {
        Value::String(text) => session.ui.line(text),
        _ => Err(Error::failure(format!("{key} is not set"))),
    }
}

fn set(key: &str, value: Option<&str>, session: &CommandSession) -> Result<()> {
    if key == "context" {
        return Err(Error::usage(
            "a context is chosen with `pm context use NAME`",
        ));
    }
    if !SETTING_KEYS.contains(&key) {
        return Err(unknown_name("setting", key, &SETTING_KEYS));
    }
    if let Some(value) = value {
        check_value(key, value)?;
    }
    ConfigFile::set(&session.settings.path, key, value)
}

/// Whether a value can be stored under a key.
pub(super) fn check_value(key: &str, value: &str) -> Result<()> {
    let refused = match key {
        "seller" => SellerId::parse(value).err().map(|error| error.to_string()),
        "output" => parse_choice::<OutputFormat>(value).err(),
        "color" => parse_choice::<ColorChoice>(value).err(),
        _ if value.starts_with("http://") || value.starts_with("https://") => None,
        _ => Some("it must start with http:// or https://".to_owned()),
    };
    match refused {
        None => Ok(()),
        Some(reason) => Err(Error::usage(format!(
            "{value:?} cannot be the {key}: {reason}"
        ))),
    }
}
