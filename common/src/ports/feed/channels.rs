//! Who listens inside this process: a broadcast channel per seller that someone listens for, and
//! one for nudges.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use tokio::sync::broadcast::{self, error::RecvError};

use super::{Heard, Listener, Nudge, Nudges};
use crate::domain::seller::SellerId;

/// Notifications a listener may be behind before it has to read the inbox. The channel has room
/// for all of them from the start: 4 KiB for each seller that someone listens for.
const CAPACITY: usize = 128;

type Sender = broadcast::Sender<Heard>;

#[derive(Debug)]
pub(super) struct Channels {
    by_seller: Mutex<HashMap<SellerId, Sender>>,
    nudges: broadcast::Sender<Nudge>,
}

impl Channels {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            by_seller: Mutex::default(),
            nudges: broadcast::channel(CAPACITY).0,
        })
    }

    /// No holder of the lock can panic halfway through a change, so a poisoned map is still whole.
    fn by_seller(&self) -> MutexGuard<'_, HashMap<SellerId, Sender>> {
        self.by_seller
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells everyone who listens for the seller; nobody doing so is fine.
    pub(super) fn tell(&self, seller: &SellerId, heard: Heard) {
        if let Some(channel) = self.by_seller().get(seller) {
            let _ = channel.send(heard);
        }
    }

    /// Listens from now on.
    pub(super) fn listen(self: &Arc<Self>, seller: &SellerId) -> ChannelListener {
        let receiver = self
            .by_seller()
            .entry(seller.clone())
            .or_insert_with(|| broadcast::channel(CAPACITY).0)
            .subscribe();
        ChannelListener {
            seller: seller.clone(),
            receiver: Some(receiver),
            channels: Arc::clone(self),
        }
    }

    /// Tells everyone who waits for nudges.
    pub(super) fn nudge(&self, nudge: Nudge) {
        let _ = self.nudges.send(nudge);
    }

    /// Hears nudges from now on.
    pub(super) fn nudges(&self) -> Box<dyn Nudges> {
        Box::new(ChannelNudges(self.nudges.subscribe()))
    }
}

#[derive(Debug)]
struct ChannelNudges(broadcast::Receiver<Nudge>);

#[async_trait]
impl Nudges for ChannelNudges {
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
pub(super) struct ChannelListener {
    seller: SellerId,
    /// `None` only while it is dropped.
    receiver: Option<broadcast::Receiver<Heard>>,
    channels: Arc<Channels>,
}

#[async_trait]
impl Listener for ChannelListener {
    async fn next(&mut self) -> Heard {
        let Some(receiver) = &mut self.receiver else {
            return Heard::Lost;
        };
        match receiver.recv().await {
            Ok(heard) => heard,
            Err(RecvError::Lagged(_) | RecvError::Closed) => Heard::Lost,
        }
    }
}

impl Drop for ChannelListener {
    /// The last listener takes the channel with it.
    fn drop(&mut self) {
        let mut by_seller = self.channels.by_seller();
        self.receiver = None;
        if by_seller
            .get(&self.seller)
            .is_some_and(|channel| channel.receiver_count() == 0)
        {
            by_seller.remove(&self.seller);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_listener_frees_the_channel() {
        let channels = Channels::new();
        let one = SellerId::parse("one").unwrap();
        let first = channels.listen(&one);
        let second = channels.listen(&one);
        drop(first);
        assert_eq!(channels.by_seller().len(), 1);
        drop(second);
        assert!(channels.by_seller().is_empty());
    }
}
