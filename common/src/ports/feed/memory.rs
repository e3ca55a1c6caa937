//! The feed inside one process.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Feed, FeedListener, WakeUp, WakeUpListener, local_channels::LocalChannels};
use crate::domain::{error::Result, notification::Notification, seller::SellerId};

#[derive(Debug)]
struct MemoryFeed(Arc<LocalChannels>);

pub(super) fn connect() -> Arc<dyn Feed> {
    Arc::new(MemoryFeed(LocalChannels::new()))
}

#[async_trait]
impl Feed for MemoryFeed {
    async fn publish(&self, notifications: &[Arc<Notification>]) -> Result<()> {
        for notification in notifications {
            self.0.send_notification(notification);
        }
        Ok(())
    }

    async fn subscribe(&self, seller: &SellerId) -> Result<Box<dyn FeedListener>> {
        Ok(Box::new(self.0.subscribe(seller)))
    }

    async fn send_wake_up(&self, wake_up: WakeUp) -> Result<()> {
        self.0.send_wake_up(wake_up);
        Ok(())
    }

    fn wake_ups(&self) -> Box<dyn WakeUpListener> {
        self.0.wake_ups()
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }
}
