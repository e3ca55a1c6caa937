//! What a process does: all of it, or a part beside other processes on the same engines.

use anyhow::{Context, bail};
use pm_common::{config::Config, domain::port::Port};

/// One part of the daemon's work. Whatever the roles, health and metrics are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The REST API, events and the documentation.
    Api,
    /// Outbox to broker; one process at a time does it, the others stand by.
    Relay,
    /// Stores notifications and pushes them live.
    Notifications,
    /// Totals and the archive.
    Analytics,
    /// Runs imports.
    Imports,
}

impl Role {
    /// Every part: the whole product.
    pub const ALL: [Self; 5] = [
        Self::Api,
        Self::Relay,
        Self::Notifications,
        Self::Analytics,
        Self::Imports,
    ];

    /// The name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Relay => "relay",
            Self::Notifications => "notifications",
            Self::Analytics => "analytics",
            Self::Imports => "imports",
        }
    }

    /// The role with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// What `PMD_ROLES` asks for; all without it.
pub(crate) fn configured(config: &Config) -> anyhow::Result<Vec<Role>> {
    let Some(roles) = &config.roles else {
        return Ok(Role::ALL.to_vec());
    };
    let named = |name: &str| {
        Role::named(name.trim()).with_context(|| {
            let all = names(&Role::ALL.each_ref());
            format!("PMD_ROLES must be roles out of {all}, separated by commas, not {roles:?}")
        })
    };
    roles.split(',').map(named).collect()
}

/// The roles that share a port.
pub(crate) const fn sharing(port: Port) -> &'static [Role] {
    match port {
        Port::Store => &[Role::Api, Role::Relay, Role::Imports],
        Port::Broker => &[Role::Relay, Role::Notifications, Role::Analytics],
        Port::Feed | Port::Inbox => &[Role::Api, Role::Notifications],
        Port::Limiter => &[Role::Api],
        Port::Ledger => &[Role::Api, Role::Analytics],
        Port::Archive => &[Role::Api, Role::Imports],
    }
}

/// Refuses a split that an embedded engine would cut through: no other process could reach what
/// this one leaves there.
pub(crate) fn check(roles: &[Role], config: &Config) -> anyhow::Result<()> {
    for choice in config.choices().iter().filter(|choice| choice.embedded) {
        let sharing = sharing(choice.port).iter();
        let (here, elsewhere): (Vec<_>, Vec<_>) = sharing.partition(|role| roles.contains(role));
        if !here.is_empty() && !elsewhere.is_empty() {
            bail!(
                "--roles splits {} from {}, but the {} they share is {}, which other processes cannot reach; {}, so configure a server for it or run these roles together",
                names(&here),
                names(&elsewhere),
                choice.port,
                choice.engine,
                choice.why
            );
        }
    }
    Ok(())
}

fn names(roles: &[&Role]) -> String {
    let names: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> Config {
        let read = |name: &str| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Config::from_lookup(read).unwrap()
    }

    /// Red when: an empty variable is no role instead of all, or a wrong one is not named.
    #[test]
    fn roles_come_from_the_environment() {
        let roles = |text: &str| configured(&config(&[("PMD_ROLES", text)]));
        assert_eq!(roles("").unwrap(), Role::ALL);
        assert_eq!(roles("api, relay").unwrap(), [Role::Api, Role::Relay]);
        let refused = roles("api,foo").unwrap_err().to_string();
        assert!(refused.starts_with("PMD_ROLES"), "{refused}");
    }

    #[test]
    fn embedded_engines_hold_roles_together() {
        let embedded = config(&[]);
        assert!(check(&Role::ALL, &embedded).is_ok());
        let refused = check(&[Role::Api], &embedded).unwrap_err().to_string();
        assert!(refused.contains("DATABASE_URL"), "{refused}");
        let servers = config(&[
            ("POSTGRES_HOST", "db"),
            ("KAFKA_BROKERS", "kafka:9092"),
            ("REDIS_HOST", "cache"),
            ("AWS_ENDPOINT", "http://aws:4566"),
            ("S3_BUCKET_NAME", "archive"),
        ]);
        for role in Role::ALL {
            assert!(check(&[role], &servers).is_ok());
        }
        let half = config(&[("POSTGRES_HOST", "db")]);
        let together = [Role::Relay, Role::Notifications, Role::Analytics];
        assert!(check(&together, &half).is_err(), "the API reads the inbox");
    }
}
