//! The seven ports by name, for everything that speaks of one: configuration, roles, errors and
//! messages. It does not know which engine serves a port.

use std::fmt;

/// One dependency of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Port {
    Store,
    Broker,
    Feed,
    Limiter,
    Inbox,
    Ledger,
    Archive,
}

impl Port {
    /// Every port, in the order in which they are listed for people.
    pub const ALL: [Self; 7] = [
        Self::Store,
        Self::Broker,
        Self::Feed,
        Self::Limiter,
        Self::Inbox,
        Self::Ledger,
        Self::Archive,
    ];

    /// The name in configuration and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Broker => "broker",
            Self::Feed => "feed",
            Self::Limiter => "limiter",
            Self::Inbox => "inbox",
            Self::Ledger => "ledger",
            Self::Archive => "archive",
        }
    }

    /// How a sentence for a client begins that must not name the engine.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Store => "The database",
            Self::Broker => "The event log",
            Self::Feed => "The live feed",
            Self::Limiter => "The rate limiter",
            Self::Inbox | Self::Ledger => "The store of events and analytics",
            Self::Archive => "The store of uploads",
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
