//! Keys, apart from the configuration: from the environment, from a file it names, or from
//! `credentials.toml`, which only its owner may read.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use toml_edit::{Item, Table, value};

use super::{SettingOrigin, environment, file};
use crate::error::{Error, Result};

/// A key and its origin. The key is never printed.
pub(crate) struct ApiToken {
    pub(crate) secret: String,
    pub(crate) origin: SettingOrigin,
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.origin)
    }
}

/// The stored keys, by server address.
#[derive(Debug)]
pub(crate) struct CredentialStore {
    pub(crate) path: PathBuf,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialFile {
    #[serde(default)]
    tokens: BTreeMap<String, String>,
}

impl CredentialStore {
    /// The file beside the configuration.
    pub(crate) fn beside(config: &Path) -> Self {
        let path = config.with_file_name("credentials.toml");
        Self { path }
    }

    /// The key for a server: `PM_TOKEN`, the file named by `PM_TOKEN_FILE`, or the stored one.
    ///
    /// # Errors
    /// When a file cannot be read, or others may read the stored keys.
    pub(crate) fn token(&self, server: &str) -> Result<Option<ApiToken>> {
        if let Some(secret) = environment("PM_TOKEN") {
            let origin = SettingOrigin::Environment("PM_TOKEN");
            return Ok(Some(ApiToken { secret, origin }));
        }
        if let Some(path) = environment("PM_TOKEN_FILE") {
            let path = PathBuf::from(path);
            let text = fs::read_to_string(&path)
                .map_err(|e| Error::file(&path, "read the token in", &e))?;
            return Ok(Some(ApiToken {
                secret: text.trim().to_owned(),
                origin: SettingOrigin::Environment("PM_TOKEN_FILE"),
            }));
        }
        let mut stored = self.read()?;
        let token = stored.tokens.remove(server).map(|secret| ApiToken {
            secret,
            origin: SettingOrigin::File(self.path.clone()),
        });
        Ok(token)
    }

    fn read(&self) -> Result<CredentialFile> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(CredentialFile::default());
            }
            Err(error) => return Err(Error::file(&self.path, "read", &error)),
        };
        self.check_mode()?;
        toml::from_str(&text).map_err(|_| {
            // The parser would quote the line, and the line may be a key.
            Error::failure(format!("{} is not valid", self.path.display()))
                .hint("remove it and store the keys again with `pm auth login --token-stdin`")
        })
    }

    #[cfg(unix)]
    fn check_mode(&self) -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let metadata = fs::metadata(&self.path).map_err(|e| Error::file(&self.path, "read", &e))?;
        if metadata.permissions().mode() & 0o077 == 0 {
            return Ok(());
        }
        let path = self.path.display();
        Err(
            Error::failure(format!("others may read the keys in {path}"))
                .hint(format!("chmod 600 {path}")),
        )
    }

    #[cfg(not(unix))]
    fn check_mode(&self) -> Result<()> {
        Ok(())
    }

    /// Stores a key, or removes it.
    pub(crate) fn store(&self, server: &str, secret: Option<&str>) -> Result<()> {
        file::edit(&self.path, |document| {
            let tokens = document
                .entry("tokens")
                .or_insert(Item::Table(Table::new()));
            if let Some(tokens) = tokens.as_table_mut() {
                match secret {
                    Some(secret) => tokens[server] = value(secret),
                    None => {
                        tokens.remove(server);
                    }
                }
            }
        })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn keys_are_for_their_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let credentials = CredentialStore::beside(&folder.path().join("config.toml"));
        credentials.store("http://a", Some("k1")).unwrap();
        credentials.store("http://b", Some("k2")).unwrap();
        let mode = fs::metadata(&credentials.path)
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(credentials.read().unwrap().tokens["http://a"], "k1");
        credentials.store("http://a", None).unwrap();
        assert!(!credentials.read().unwrap().tokens.contains_key("http://a"));

        fs::set_permissions(&credentials.path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = credentials.read().err().unwrap();
        assert!(error.hints[0].starts_with("chmod 600"), "{:?}", error.hints);
    }
}
