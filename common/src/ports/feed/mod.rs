//! Port: live fan-out of notifications to the listeners of a seller. It is a hint: it may lose and
//! repeat notifications, so listeners check sequences and read the inbox.

mod local_channels;
mod memory;
mod redis;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    config::FeedConfig,
    domain::{error::Result, notification::Notification, seller::SellerId},
};

/// Opens the configured engine.
pub async fn connect(config: &FeedConfig) -> Result<Arc<dyn Feed>> {
    match config {
        FeedConfig::Memory => Ok(memory::connect()),
        FeedConfig::Redis(redis) => self::redis::connect(redis).await,
    }
}

#[async_trait]
pub trait Feed: Send + Sync + std::fmt::Debug {
    /// Sends each notification to all present listeners of its seller.
    async fn publish(&self, notifications: &[Arc<Notification>]) -> Result<()>;

    /// Subscribes to a seller: the listener receives what is published after this returns.
    async fn subscribe(&self, seller: &SellerId) -> Result<Box<dyn FeedListener>>;

    /// Wakes this process and all others on this engine. A wake-up may get lost, too.
    async fn send_wake_up(&self, wake_up: WakeUp) -> Result<()>;

    /// Receives wake-ups from now on.
    fn wake_ups(&self) -> Box<dyn WakeUpListener>;

    /// One cheap round trip.
    async fn ping(&self) -> Result<()>;
}

/// Work that a process polls for, and starts at once when it is woken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WakeUp {
    /// The outbox has messages that a process without the relay committed.
    Outbox,
    /// An import was queued.
    Imports,
}

/// What a listener receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedEvent {
    Notification(Arc<Notification>),
    /// Notifications may have been lost: read the inbox.
    Lagged,
}

#[async_trait]
pub trait FeedListener: Send + std::fmt::Debug {
    /// Waits for the next event. Safe to cancel.
    async fn next(&mut self) -> FeedEvent;
}

#[async_trait]
pub trait WakeUpListener: Send + std::fmt::Debug {
    /// Waits for the next wake-up. Safe to cancel. Several of them may arrive as one.
    async fn next(&mut self) -> WakeUp;
}
