//! Port: live fan-out of notifications to whoever listens for a seller. It is a hint: it may lose
//! and repeat, so listeners check sequences and read the inbox.

mod channels;
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
    /// Tells everyone who listens now.
    async fn publish(&self, seller: &SellerId, notification: Arc<Notification>) -> Result<()>;

    /// Listens from now on: what is published after this returns is heard.
    async fn subscribe(&self, seller: &SellerId) -> Result<Box<dyn Listener>>;

    /// Tells the other processes on this engine, as far as there are any, and this one. Like
    /// everything here it may get lost.
    async fn nudge(&self, nudge: Nudge) -> Result<()>;

    /// Hears nudges from now on.
    fn nudges(&self) -> Box<dyn Nudges>;

    /// One cheap round trip.
    async fn ping(&self) -> Result<()>;
}

/// What a process looks for by itself every now and then, and need not wait for when it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nudge {
    /// The outbox has messages, committed by a process that does not relay.
    Outbox,
    /// An import was queued.
    Imports,
}

/// What a listener hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Notification(Arc<Notification>),
    /// Something may have been lost: read the inbox.
    Lost,
}

#[async_trait]
pub trait Listener: Send + std::fmt::Debug {
    /// Waits for the next one. Safe to cancel.
    async fn next(&mut self) -> Heard;
}

#[async_trait]
pub trait Nudges: Send + std::fmt::Debug {
    /// Waits until something is to be looked at. Safe to cancel. Several nudges may be heard as one.
    async fn next(&mut self) -> Nudge;
}
