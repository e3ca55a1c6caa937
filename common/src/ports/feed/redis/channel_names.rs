//! The names of Redis' channels, and the payloads of wake-ups.

use super::WakeUp;
use crate::domain::seller::SellerId;

/// The channels under a prefix.
#[derive(Debug, Clone)]
pub(super) struct RedisChannelNames {
    sellers: String,
    wake_ups: String,
}

impl RedisChannelNames {
    pub(super) fn new(prefix: &str) -> Self {
        Self {
            sellers: format!("{prefix}notifications:"),
            wake_ups: format!("{prefix}pmd:nudges"),
        }
    }

    pub(super) fn wake_ups(&self) -> &str {
        &self.wake_ups
    }

    pub(super) fn seller(&self, seller: &SellerId) -> String {
        format!("{}{seller}", self.sellers)
    }

    /// The seller of a channel.
    pub(super) fn seller_of(&self, channel: &str) -> Option<SellerId> {
        SellerId::parse(channel.strip_prefix(&self.sellers)?).ok()
    }
}

pub(super) const fn payload(wake_up: WakeUp) -> &'static [u8] {
    match wake_up {
        WakeUp::Outbox => b"outbox",
        WakeUp::Imports => b"imports",
    }
}

pub(super) fn parse_wake_up(bytes: &[u8]) -> Option<WakeUp> {
    [WakeUp::Outbox, WakeUp::Imports]
        .into_iter()
        .find(|wake_up| payload(*wake_up) == bytes)
}
