//! The feed inside one process.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Feed, Heard, Listener, Nudge, Nudges, channels::Channels};
use crate::domain::{error::Result, notification::Notification, seller::SellerId};

#[derive(Debug)]
struct MemoryFeed(Arc<Channels>);

pub(super) fn connect() -> Arc<dyn Feed> {
    Arc::new(MemoryFeed(Channels::new()))
}

#[async_trait]
impl Feed for MemoryFeed {
    async fn publish(&self, seller: &SellerId, notification: Arc<Notification>) -> Result<()> {
        self.0.tell(seller, Heard::Notification(notification));
        Ok(())
    }

    async fn subscribe(&self, seller: &SellerId) -> Result<Box<dyn Listener>> {
        Ok(Box::new(self.0.listen(seller)))
    }

    async fn nudge(&self, nudge: Nudge) -> Result<()> {
        self.0.nudge(nudge);
        Ok(())
    }

    fn nudges(&self) -> Box<dyn Nudges> {
        self.0.nudges()
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }
}
