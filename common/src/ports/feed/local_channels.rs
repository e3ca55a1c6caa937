//! The listeners inside this process: a broadcast channel for each seller that has listeners, and
//! one for wake-ups.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use async_trait::async_trait;
use tokio::sync::broadcast::{self, error::RecvError};

use super::{FeedEvent, FeedListener, WakeUp, WakeUpListener};
use crate::domain::{notification::Notification, seller::SellerId};
use crate::unpoisoned::unpoisoned;

/// Notifications that wait for a listener at most; a slower one has to read the inbox. A channel
/// reserves room for all of them: 4 KiB for each seller with listeners.
const CHANNEL_CAPACITY: usize = 128;

type EventSender = broadcast::Sender<FeedEvent>;

#[derive(Debug)]
pub(super) struct LocalChannels {
    by_seller: Mutex<HashMap<SellerId, EventSender>>,
    wake_ups: broadcast::Sender<WakeUp>,
}

impl LocalChannels {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            by_seller: Mutex::default(),
            wake_ups: broadcast::channel(CHANNEL_CAPACITY).0,
        })
    }

    fn by_seller(&self) -> MutexGuard<'_, HashMap<SellerId, EventSender>> {
        unpoisoned(self.by_seller.lock())
    }

    /// Sends an event to all listeners of the seller, if there are any.
    pub(super) fn send(&self, seller: &SellerId, event: FeedEvent) {
        if let Some(channel) = self.by_seller().get(seller) {
            let _ = channel.send(event);
        }
    }

    /// Sends a notification to all listeners of its seller, if there are any.
    pub(super) fn send_notification(&self, notification: &Arc<Notification>) {
        let event = FeedEvent::Notification(Arc::clone(notification));
        self.send(&notification.seller_id, event);
    }

    /// Receives what is sent from now on.
    pub(super) fn subscribe(self: &Arc<Self>, seller: &SellerId) -> ChannelListener {
        let receiver = self
            .by_seller()
            .entry(seller.clone())
            .or_insert_with(|| broadcast::channel(CHANNEL_CAPACITY).0)
            .subscribe();
        ChannelListener {
            seller: seller.clone(),
            receiver: Some(receiver),
            channels: Arc::clone(self),
        }
    }

    /// Sends a wake-up to all its listeners.
    pub(super) fn send_wake_up(&self, wake_up: WakeUp) {
        let _ = self.wake_ups.send(wake_up);
    }

    /// Receives wake-ups from now on.
    pub(super) fn wake_ups(&self) -> Box<dyn WakeUpListener> {
        Box::new(ChannelWakeUps(self.wake_ups.subscribe()))
    }
}

#[derive(Debug)]
struct ChannelWakeUps(broadcast::Receiver<WakeUp>);

#[async_trait]
impl WakeUpListener for ChannelWakeUps {
    async fn next(&mut self) -> WakeUp {
        loop {
            match self.0.recv().await {
                Ok(wake_up) => return wake_up,
                // The channel still holds the newest ones.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct ChannelListener {
    seller: SellerId,
    /// `None` only during the drop.
    receiver: Option<broadcast::Receiver<FeedEvent>>,
    channels: Arc<LocalChannels>,
}

#[async_trait]
impl FeedListener for ChannelListener {
    async fn next(&mut self) -> FeedEvent {
        let Some(receiver) = &mut self.receiver else {
            return FeedEvent::Lagged;
        };
        match receiver.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(_) | RecvError::Closed) => FeedEvent::Lagged,
        }
    }
}

impl Drop for ChannelListener {
    /// The last listener removes the channel.
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
    fn the_last_listener_removes_the_channel() {
        let channels = LocalChannels::new();
        let one = SellerId::parse("one").unwrap();
        let first = channels.subscribe(&one);
        let second = channels.subscribe(&one);
        drop(first);
        assert_eq!(channels.by_seller().len(), 1);
        drop(second);
        assert!(channels.by_seller().is_empty());
    }
}
