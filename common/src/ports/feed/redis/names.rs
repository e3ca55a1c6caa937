//! The names of channels, and what is said on them besides notifications.

use super::Nudge;
use crate::domain::seller::SellerId;

/// The channels below a prefix.
#[derive(Debug, Clone)]
pub(super) struct Names {
    sellers: String,
    nudges: String,
}

impl Names {
    pub(super) fn below(prefix: &str) -> Self {
        Self {
            sellers: format!("{prefix}notifications:"),
            nudges: format!("{prefix}pmd:nudges"),
        }
    }

    pub(super) fn nudges(&self) -> &str {
        &self.nudges
    }

    pub(super) fn seller(&self, seller: &SellerId) -> String {
        format!("{}{seller}", self.sellers)
    }

    /// Whose channel it is.
    pub(super) fn seller_of(&self, channel: &str) -> Option<SellerId> {
        SellerId::parse(channel.strip_prefix(&self.sellers)?).ok()
    }
}

pub(super) const fn payload(nudge: Nudge) -> &'static [u8] {
    match nudge {
        Nudge::Outbox => b"outbox",
        Nudge::Imports => b"imports",
    }
}

pub(super) fn nudge(said: &[u8]) -> Option<Nudge> {
    [Nudge::Outbox, Nudge::Imports]
        .into_iter()
        .find(|nudge| payload(*nudge) == said)
}
