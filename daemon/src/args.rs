//! The command line of `pmd`.

use clap::{
    Parser, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};

use crate::roles::Role;

/// What `pmd` is asked to do. Settings come from the environment.
#[derive(Debug, Parser)]
#[command(
    name = "pmd",
    version,
    about = "The product-management daemon",
    long_about = "The product-management daemon: REST API, CSV import, live events and analytics.\n\n\
        Without any setting it runs the whole product in one process and keeps its files in the\n\
        data directory. Settings are environment variables; `pmd config` shows what they lead to.",
    after_help = "Examples:\n  pmd serve\n  PORT=8080 PMD_DATA_DIR=./data pmd serve\n  pmd config"
)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon until Ctrl-C or SIGTERM.
    Serve {
        /// What this process does, instead of PMD_ROLES, by default all; several processes on the
        /// same engines share the work.
        #[arg(
            long,
            value_delimiter = ',',
            value_name = "ROLE,…",
            value_parser = PossibleValuesParser::new(Role::ALL.map(Role::as_str))
                .try_map(|name| Role::named(&name).ok_or("not a role"))
        )]
        roles: Option<Vec<Role>>,
    },
    /// Bring the schema of every configured engine up to date, then end.
    Migrate,
    /// Say that the store was restored from a backup, before the daemons are started again.
    ///
    /// Needed where the broker was not restored to the same moment and is away when pmd starts; with a
    /// broker pmd sees it by itself. Numbers of events and products go on above all that were given,
    /// streams get a gap, and totals are counted anew.
    Restored,
    /// Show which engine serves what and why, and every setting; secrets are not shown.
    Config {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// API keys, for PMD_AUTH=keys.
    #[command(subcommand)]
    Keys(Keys),
}

/// What can be done with API keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Create a key for a seller and show it, this once.
    Create {
        /// The seller the key acts for.
        seller: String,
        /// What the key is for.
        #[arg(long, default_value = "")]
        name: String,
    },
    /// List a seller's keys, newest first.
    List {
        /// The seller.
        seller: String,
    },
    /// Revoke a key; running daemons notice within 5 seconds.
    Revoke {
        /// The seller.
        seller: String,
        /// The key's id, the middle part of `pmk_<id>_<secret>`.
        id: String,
    },
}
