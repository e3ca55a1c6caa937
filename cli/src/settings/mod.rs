//! Where every setting comes from: flag, environment, context, file, default, in this order.

mod credentials;
mod file;

use std::{fmt, path::PathBuf};

use clap::ValueEnum;
use pm_common::domain::seller::SellerId;

pub(crate) use self::{
    credentials::CredentialStore,
    file::{ConfigFile, SETTING_KEYS, SettingValues},
};
use crate::{
    args::GlobalArgs,
    error::{Error, Result, unknown_name},
    output::OutputFormat,
    ui::ColorChoice,
};

/// Where the daemon listens by default.
pub(crate) const DEFAULT_SERVER: &str = "http://localhost:3001";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SettingOrigin {
    Flag(&'static str),
    Environment(&'static str),
    Context(String),
    File(PathBuf),
    Default,
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Context(name) => write!(f, "context {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value with its origin.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedSetting<T> {
    pub(crate) value: T,
    pub(crate) origin: SettingOrigin,
}

/// Every setting with its value and origin.
#[derive(Debug)]
pub(crate) struct ResolvedSettings {
    pub(crate) path: PathBuf,
    pub(crate) file: ConfigFile,
    pub(crate) context: Option<ResolvedSetting<String>>,
    pub(crate) server: ResolvedSetting<String>,
    pub(crate) seller: Option<ResolvedSetting<String>>,
    pub(crate) output: Option<ResolvedSetting<OutputFormat>>,
    pub(crate) color: ResolvedSetting<ColorChoice>,
}

impl ResolvedSettings {
    /// Reads the file and resolves every value.
    ///
    /// # Errors
    /// Exit code 2 when the file is not valid, or names a context that does not exist.
    pub(crate) fn load(global: &GlobalArgs) -> Result<Self> {
        let path = file::path()?;
        let file = ConfigFile::read(&path)?;
        let context = context(global, &file, &path)?;
        let sources = SettingSources {
            context: context.as_ref().map(|c| c.value.as_str()),
            file: &file,
            path: &path,
        };
        let server = sources.pick("server", ("--server", global.server.clone()), "PM_SERVER");
        let seller = sources.pick("seller", ("--seller", global.seller.clone()), "PM_SELLER");
        let output = sources.pick("output", ("--output", None), "PM_OUTPUT");
        let color = sources.pick("color", ("--color", None), "PM_COLOR");
        let output = match global.output {
            Some(format) => Some(flag("--output", format)),
            None => output.map(parsed::<OutputFormat>).transpose()?,
        };
        let color = match global.color {
            Some(color) => Some(flag("--color", color)),
            None => color.map(parsed::<ColorChoice>).transpose()?,
        };
        Ok(Self {
            server: server.unwrap_or_else(|| default(DEFAULT_SERVER.to_owned())),
            color: color.unwrap_or_else(|| default(ColorChoice::Auto)),
            context,
            seller,
            output,
            path,
            file,
        })
    }

    /// The seller, checked.
    ///
    /// # Errors
    /// Exit code 2 that says where the malformed id came from.
    pub(crate) fn seller_id(&self) -> Result<Option<SellerId>> {
        let parse = |setting: &ResolvedSetting<String>| {
            SellerId::parse(&setting.value).map_err(|error| {
                let (value, origin) = (&setting.value, &setting.origin);
                Error::usage(format!(
                    "{value:?} cannot be a seller id ({origin}): {error}"
                ))
            })
        };
        self.seller.as_ref().map(parse).transpose()
    }
}

fn flag<T>(name: &'static str, value: T) -> ResolvedSetting<T> {
    let origin = SettingOrigin::Flag(name);
    ResolvedSetting { value, origin }
}

fn default<T>(value: T) -> ResolvedSetting<T> {
    let origin = SettingOrigin::Default;
    ResolvedSetting { value, origin }
}

/// An environment variable; an empty one counts as absent.
pub(crate) fn environment(name: &'static str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn context(
    global: &GlobalArgs,
    file: &ConfigFile,
    path: &std::path::Path,
) -> Result<Option<ResolvedSetting<String>>> {
    let found = global
        .context
        .clone()
        .map(|name| flag("--context", name))
        .or_else(|| {
            let value = environment("PM_CONTEXT")?;
            let origin = SettingOrigin::Environment("PM_CONTEXT");
            Some(ResolvedSetting { value, origin })
        })
        .or_else(|| {
            let value = file.current_context.clone()?;
            let origin = SettingOrigin::File(path.to_owned());
            Some(ResolvedSetting { value, origin })
        });
    match found {
        // Another context can still be chosen when the current one no longer exists.
        Some(setting)
            if !file.contexts.contains_key(&setting.value)
                && !matches!(setting.origin, SettingOrigin::File(_)) =>
        {
            let known: Vec<_> = file.contexts.keys().map(String::as_str).collect();
            Err(
                unknown_name("context", &setting.value, &known).hint(format!(
                    "create it with `pm context create {}`",
                    setting.value
                )),
            )
        }
        other => Ok(other),
    }
}

/// The sources of a setting after its flag.
struct SettingSources<'a> {
    context: Option<&'a str>,
    file: &'a ConfigFile,
    path: &'a std::path::Path,
}

impl SettingSources<'_> {
    fn pick(
        &self,
        key: &str,
        (flag_name, given): (&'static str, Option<String>),
        variable: &'static str,
    ) -> Option<ResolvedSetting<String>> {
        if let Some(value) = given {
            return Some(flag(flag_name, value));
        }
        if let Some(value) = environment(variable) {
            let origin = SettingOrigin::Environment(variable);
            return Some(ResolvedSetting { value, origin });
        }
        if let Some(name) = self.context
            && let Some(value) = self.file.contexts.get(name).and_then(|c| c.get(key))
        {
            let origin = SettingOrigin::Context(name.to_owned());
            return Some(ResolvedSetting { value, origin });
        }
        let value = self.file.values().get(key)?;
        let origin = SettingOrigin::File(self.path.to_owned());
        Some(ResolvedSetting { value, origin })
    }
}

fn parsed<T: ValueEnum>(setting: ResolvedSetting<String>) -> Result<ResolvedSetting<T>> {
    let ResolvedSetting { value, origin } = setting;
    match parse_choice(&value) {
        Ok(value) => Ok(ResolvedSetting { value, origin }),
        Err(reason) => Err(Error::usage(format!("{value:?} ({origin}): {reason}"))),
    }
}

/// The choice that a setting names.
///
/// # Errors
/// A clause that lists the names.
pub(crate) fn parse_choice<T: ValueEnum>(text: &str) -> Result<T, String> {
    T::from_str(text, false).map_err(|_| {
        let names = T::value_variants().iter().cloned().map(choice_name);
        format!("it must be one of {}", names.collect::<Vec<_>>().join(", "))
    })
}

/// The name of a choice, the same in flags, in the environment and in the configuration file.
#[expect(
    clippy::needless_pass_by_value,
    reason = "choices are small, and `map` hands them over"
)]
pub(crate) fn choice_name<T: ValueEnum>(choice: T) -> String {
    let value = choice.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}
