//! The configuration file: values for every command, and named contexts that override them.
//! Changes keep the file's comments and order.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use toml_edit::{DocumentMut, Item, Table, value};

use super::environment;
use crate::error::{Error, Result};

/// What can be set, in the file and in a context.
pub(crate) const SETTING_KEYS: [&str; 4] = ["server", "seller", "output", "color"];

/// Settings of the file itself or of one context.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingValues {
    pub(crate) server: Option<String>,
    pub(crate) seller: Option<String>,
    pub(crate) output: Option<String>,
    pub(crate) color: Option<String>,
}

impl SettingValues {
    /// The value of a key of [`SETTING_KEYS`].
    pub(crate) fn get(&self, key: &str) -> Option<String> {
        match key {
            "server" => self.server.clone(),
            "seller" => self.seller.clone(),
            "output" => self.output.clone(),
            "color" => self.color.clone(),
            _ => None,
        }
    }
}

/// The file as read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ConfigFile {
    pub(crate) current_context: Option<String>,
    server: Option<String>,
    seller: Option<String>,
    output: Option<String>,
    color: Option<String>,
    #[serde(default)]
    pub(crate) contexts: BTreeMap<String, SettingValues>,
}

/// Where the file is: `PM_CONFIG`, else `$XDG_CONFIG_HOME/pm/config.toml`, else
/// `~/.config/pm/config.toml`.
pub(super) fn path() -> Result<PathBuf> {
    if let Some(path) = environment("PM_CONFIG") {
        return Ok(path.into());
    }
    let base = environment("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".config")));
    base.map(|base| base.join("pm").join("config.toml"))
        .ok_or_else(|| {
            Error::usage("no home directory was found for the configuration")
                .hint("name the file with PM_CONFIG")
        })
}

impl ConfigFile {
    /// Reads the file; an absent one is empty.
    pub(super) fn read(path: &Path) -> Result<Self> {
        match fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map_err(|error| {
                let reason = error.to_string();
                Error::usage(format!(
                    "{} is not valid:\n{}",
                    path.display(),
                    reason.trim_end()
                ))
                .hint(format!(
                    "known keys: current-context, {}, [contexts.NAME]",
                    SETTING_KEYS.join(", ")
                ))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::file(path, "read", &error)),
        }
    }

    /// The values outside of any context.
    pub(super) fn values(&self) -> SettingValues {
        SettingValues {
            server: self.server.clone(),
            seller: self.seller.clone(),
            output: self.output.clone(),
            color: self.color.clone(),
        }
    }

    /// Sets a value for every command, or removes it.
    pub(crate) fn set(path: &Path, key: &str, new: Option<&str>) -> Result<()> {
        edit(path, |document| set_or_remove(document, key, new))
    }

    /// Makes a context the current one, or none.
    pub(crate) fn set_current_context(path: &Path, name: Option<&str>) -> Result<()> {
        Self::set(path, "current-context", name)
    }

    /// Creates or changes a context.
    pub(crate) fn put_context(path: &Path, name: &str, values: &SettingValues) -> Result<()> {
        edit(path, |document| {
            let contexts = document.entry("contexts").or_insert_with(|| {
                let mut table = Table::new();
                table.set_implicit(true);
                Item::Table(table)
            });
            let Some(contexts) = contexts.as_table_mut() else {
                return;
            };
            let context = contexts.entry(name).or_insert(Item::Table(Table::new()));
            if let Some(context) = context.as_table_mut() {
                for key in SETTING_KEYS {
                    if let Some(new) = values.get(key) {
                        context[key] = value(new);
                    }
                }
            }
        })
    }

    /// Deletes a context.
    pub(crate) fn remove_context(path: &Path, name: &str) -> Result<()> {
        edit(path, |document| {
            if let Some(contexts) = document.get_mut("contexts").and_then(Item::as_table_mut) {
                contexts.remove(name);
            }
            let current = document.get("current-context").and_then(Item::as_str);
            if current == Some(name) {
                document.remove("current-context");
            }
        })
    }
}

fn set_or_remove(document: &mut DocumentMut, key: &str, new: Option<&str>) {
    match new {
        Some(new) => document[key] = value(new),
        None => {
            document.remove(key);
        }
    }
}

/// Reads, changes and replaces the file in one step, so that a crash leaves the old or the new.
pub(super) fn edit(path: &Path, change: impl FnOnce(&mut DocumentMut)) -> Result<()> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Error::file(path, "read", &error)),
    };
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error| Error::usage(format!("{} is not valid:\n{error}", path.display())))?;
    change(&mut document);
    replace_file(path, document.to_string().as_bytes()).map_err(|e| Error::file(path, "write", &e))
}

/// The new file is only for its owner: it may hold a key.
fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    fs::create_dir_all(folder)?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(content)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_keep_comments_and_contexts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("config.toml");
        ConfigFile::set(&path, "server", Some("http://a:1")).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("# mine\n{text}")).unwrap();
        let shop = SettingValues {
            seller: Some("shop-1".to_owned()),
            ..SettingValues::default()
        };
        ConfigFile::put_context(&path, "shop", &shop).unwrap();
        ConfigFile::set_current_context(&path, Some("shop")).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("# mine\nserver = \"http://a:1\"\n"),
            "{text}"
        );
        let file = ConfigFile::read(&path).unwrap();
        assert_eq!(file.contexts["shop"], shop);
        assert_eq!(file.current_context.as_deref(), Some("shop"));

        ConfigFile::remove_context(&path, "shop").unwrap();
        let file = ConfigFile::read(&path).unwrap();
        assert!(file.contexts.is_empty() && file.current_context.is_none());
    }

    #[test]
    fn an_unknown_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "sever = \"http://a\"\n").unwrap();
        let error = ConfigFile::read(&path).unwrap_err();
        assert!(error.message.contains("sever"), "{}", error.message);
        assert_eq!(error.exit as u8, 2);
    }
}
