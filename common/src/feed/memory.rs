//! The feed inside one process: a broadcast channel per seller that someone listens for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use tokio::sync::broadcast::{self, error::RecvError};

use super::{Feed, Heard, Listener, Nudge, Nudges};
use crate::{error::Result, notification::Notification, seller::SellerId};

/// Notifications a listener may be behind before it has to read the inbox. The channel has room
/// for all of them from the start: 4 KiB for each seller that someone listens for.
const CAPACITY: usize = 128;

type Sender = broadcast::Sender<Arc<Notification>>;

#[derive(Debug)]
struct MemoryFeed {
    channels: Arc<Mutex<HashMap<SellerId, Sender>>>,
    nudges: broadcast::Sender<Nudge>,
}

impl MemoryFeed {
    fn new() -> Self {
        Self {
            channels: Arc::default(),
            nudges: broadcast::channel(CAPACITY).0,
        }
    }
}

pub(super) fn connect() -> Arc<dyn Feed> {
    Arc::new(MemoryFeed::new())
}

#[async_trait]
impl Feed for MemoryFeed {
    async fn publish(&self, seller: &SellerId, notification: Arc<Notification>) -> Result<()> {
        if let Some(channel) = lock(&self.channels).get(seller) {
            // Nobody listening any more is fine.
            let _ = channel.send(notification);
        }
        Ok(())
    }

    async fn subscribe(&self, seller: &SellerId) -> Result<Box<dyn Listener>> {
        let receiver = lock(&self.channels)
            .entry(seller.clone())
            .or_insert_with(|| broadcast::channel(CAPACITY).0)
            .subscribe();
        Ok(Box::new(MemoryListener {
            seller: seller.clone(),
            receiver: Some(receiver),
            channels: Arc::clone(&self.channels),
        }))
    }

    async fn nudge(&self, nudge: Nudge) -> Result<()> {
        let _ = self.nudges.send(nudge);
        Ok(())
    }

    fn nudges(&self) -> Box<dyn Nudges> {
        Box::new(MemoryNudges(self.nudges.subscribe()))
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct MemoryNudges(broadcast::Receiver<Nudge>);

#[async_trait]
impl Nudges for MemoryNudges {
    async fn next(&mut self) -> Nudge {
        loop {
            match self.0.recv().await {
                Ok(nudge) => return nudge,
                // The newest ones are still there to be heard.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

#[derive(Debug)]
struct MemoryListener {
    seller: SellerId,
    /// `None` only while it is dropped.
    receiver: Option<broadcast::Receiver<Arc<Notification>>>,
    channels: Arc<Mutex<HashMap<SellerId, Sender>>>,
}

#[async_trait]
impl Listener for MemoryListener {
    async fn next(&mut self) -> Heard {
        let Some(receiver) = &mut self.receiver else {
            return Heard::Lost;
        };
        match receiver.recv().await {
            Ok(notification) => Heard::Notification(notification),
            Err(RecvError::Lagged(_) | RecvError::Closed) => Heard::Lost,
        }
    }
}

impl Drop for MemoryListener {
    /// The last listener takes the channel with it.
    fn drop(&mut self) {
        let mut channels = lock(&self.channels);
        self.receiver = None;
        if channels
            .get(&self.seller)
            .is_some_and(|channel| channel.receiver_count() == 0)
        {
            channels.remove(&self.seller);
        }
    }
}

/// No holder of the lock can panic halfway through a change, so a poisoned map is still whole.
fn lock(
    channels: &Mutex<HashMap<SellerId, Sender>>,
) -> std::sync::MutexGuard<'_, HashMap<SellerId, Sender>> {
    channels.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_listener_frees_the_channel() {
        let feed = MemoryFeed::new();
        let one = SellerId::parse("one").unwrap();
        let first = feed.subscribe(&one).await.unwrap();
        let second = feed.subscribe(&one).await.unwrap();
        drop(first);
        assert_eq!(lock(&feed.channels).len(), 1);
        drop(second);
        assert!(lock(&feed.channels).is_empty());
    }
}
