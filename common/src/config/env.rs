//! Reading the environment. A variable that is set but empty counts as not set; every wrong value
//! is reported at once, by name.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use super::{
    ArchiveConfig, Auth, BrokerConfig, Config, FeedConfig, InboxConfig, LedgerConfig,
    LimiterConfig, StoreConfig,
};
use crate::limiter::Limits;

const PARTITIONS: u32 = 4;

/// Which variables choose a server engine, by port.
const ENGINES: [(&str, &str, &[&str]); 7] = [
    ("store", "PostgreSQL", &["POSTGRES_HOST", "DATABASE_URL"]),
    ("broker", "Kafka", &["KAFKA_BROKERS"]),
    ("feed", "Redis", &["REDIS_HOST", "REDIS_URL"]),
    ("limiter", "Redis", &["REDIS_HOST", "REDIS_URL"]),
    (
        "inbox",
        "DynamoDB",
        &["DYNAMODB_ENDPOINT", "AWS_ENDPOINT", "NOTIFICATIONS_TABLE"],
    ),
    (
        "ledger",
        "DynamoDB",
        &["DYNAMODB_ENDPOINT", "AWS_ENDPOINT", "NOTIFICATIONS_TABLE"],
    ),
    ("archive", "S3", &["S3_BUCKET_NAME"]),
];

/// What is wrong with the environment, one sentence per variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// Why a port runs embedded.
pub(super) fn why_embedded(port: &str) -> String {
    let variables = ENGINES
        .iter()
        .find(|(name, ..)| *name == port)
        .map(|(_, _, all)| *all);
    match variables.unwrap_or_default() {
        [] => String::new(),
        [one] => format!("{one} is not set"),
        [first, second] => format!("neither {first} nor {second} is set"),
        [rest @ .., last] => format!("none of {} and {last} is set", rest.join(", ")),
    }
}

/// Looks variables up and gathers what is wrong with them.
struct Reader<F> {
    lookup: F,
    errors: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    }

    /// A number within bounds, or its default.
    fn number<T>(&mut self, name: &str, default: T, least: T, most: T) -> T
    where
        T: FromStr + PartialOrd + fmt::Display + Copy,
    {
        let Some(text) = self.text(name) else {
            return default;
        };
        match text.parse::<T>() {
            Ok(number) if number >= least && number <= most => number,
            _ => {
                let sentence =
                    format!("{name} must be a whole number from {least} to {most}, not {text:?}");
                self.errors.push(sentence);
                default
            }
        }
    }

    fn auth(&mut self) -> Auth {
        match self.text("PMD_AUTH").as_deref() {
            None | Some("header") => Auth::Header,
            Some("keys") => Auth::Keys,
            Some(other) => {
                self.errors
                    .push(format!("PMD_AUTH must be header or keys, not {other:?}"));
                Auth::Keys
            }
        }
    }

    /// An engine that this version cannot use must not be passed over in silence.
    fn refuse_servers(&mut self) {
        for (port, engine, variables) in ENGINES {
            for name in variables {
                if self.text(name).is_some() {
                    self.errors.push(format!(
                        "{name} asks for {engine} as the {port}, which this version does not have; unset it to use the embedded one"
                    ));
                }
            }
        }
    }

    fn data_dir(&self) -> PathBuf {
        let under = |base: String, rest: &str| PathBuf::from(base).join(rest);
        self.text("PMD_DATA_DIR")
            .map(PathBuf::from)
            .or_else(|| self.text("XDG_DATA_HOME").map(|base| under(base, "pmd")))
            .or_else(|| {
                self.text("HOME")
                    .map(|base| under(base, ".local/share/pmd"))
            })
            .unwrap_or_else(|| PathBuf::from("pmd-data"))
    }
}

impl Config {
    /// Reads the process' environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads variables from anywhere.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut env = Reader {
            lookup,
            errors: Vec::new(),
        };
        env.refuse_servers();
        let data_dir = env.data_dir();
        let limits = Limits {
            standard: env.number("RATE_LIMIT_STANDARD", 100, 1, 10_000_000),
            bulk: env.number("RATE_LIMIT_BULK", 5, 1, 10_000_000),
        };
        let low_stock_threshold = env.number("LOW_STOCK_THRESHOLD", 10, 0, i32::MAX);
        let cors_origins = env
            .text("CORS_ORIGINS")
            .filter(|text| text != "*")
            .map(|text| {
                text.split(',')
                    .map(|origin| origin.trim().to_owned())
                    .collect()
            });
        let config = Self {
            host: env.text("HOST").unwrap_or_else(|| "localhost".to_owned()),
            port: env.number("PORT", 3001, 0, u16::MAX),
            auth: env.auth(),
            cors_origins,
            import_max_bytes: env.number("IMPORT_MAX_BYTES", 1 << 30, 1, 1 << 50),
            low_stock_threshold,
            archive_batch_size: env.number("ARCHIVE_BATCH_SIZE", 10_000, 1, 1_000_000),
            archive_interval: Duration::from_secs(env.number(
                "ARCHIVE_INTERVAL_SECONDS",
                60,
                1,
                86_400,
            )),
            store: StoreConfig::Sqlite {
                path: data_dir.join("store.db"),
                low_stock_threshold,
            },
            broker: BrokerConfig::Embedded {
                path: data_dir.join("log.db"),
                partitions: PARTITIONS,
            },
            feed: FeedConfig::Memory,
            limiter: LimiterConfig::Memory { limits },
            inbox: InboxConfig::Sqlite {
                path: data_dir.join("inbox.db"),
            },
            ledger: LedgerConfig::Sqlite {
                path: data_dir.join("ledger.db"),
            },
            archive: ArchiveConfig::Directory {
                path: data_dir.join("archive"),
            },
            data_dir,
        };
        if env.errors.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(env.errors))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_lookup(|name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_need_no_setting() {
        let config = read(&[("HOME", "/home/ann"), ("PORT", " ")]).unwrap();
        assert_eq!((config.port, config.host.as_str()), (3001, "localhost"));
        assert_eq!(config.data_dir, PathBuf::from("/home/ann/.local/share/pmd"));
        assert_eq!(config.auth, Auth::Header);
        assert!(
            config
                .choices()
                .iter()
                .all(|choice| choice.engine.starts_with("embedded"))
        );
    }

    #[test]
    fn every_wrong_value_is_named() {
        let wrong = [
            ("PORT", "70000"),
            ("PMD_AUTH", "none"),
            ("RATE_LIMIT_BULK", "0"),
        ];
        let ConfigError(sentences) = read(&wrong).unwrap_err();
        let named = |name: &str| sentences.iter().filter(|s| s.starts_with(name)).count();
        assert_eq!(
            (named("PORT"), named("PMD_AUTH"), named("RATE_LIMIT_BULK")),
            (1, 1, 1)
        );
    }

    #[test]
    fn an_engine_it_cannot_use_is_refused() {
        let ConfigError(sentences) = read(&[("REDIS_URL", "redis://cache")]).unwrap_err();
        assert!(sentences[0].contains("REDIS_URL") && sentences[0].contains("Redis"));
    }
}
