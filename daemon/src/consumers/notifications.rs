//! The notification group: stores notifications, then sends them to the open streams.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::future::try_join_all;
use pm_common::{
    domain::{
        error::Result,
        event::EventKind,
        notification::Notification,
        record::{Record, Topic, header},
        seller::SellerId,
    },
    ports::{
        broker::{ConsumerGroup, PartitionOffset},
        feed::Feed,
        inbox::Inbox,
    },
};

use super::{ConsumedEvent, GroupHandler, RetryPolicy};
use crate::app::App;

/// Effect: inbox first (idempotent by seller and sequence), then the feed (a hint).
#[derive(Debug)]
pub(crate) struct NotificationHandler {
    inbox: Arc<dyn Inbox>,
    feed: Arc<dyn Feed>,
    done: Vec<PartitionOffset>,
}

impl NotificationHandler {
    /// A handler on the app's inbox and feed.
    pub(crate) fn new(app: &App) -> Self {
        Self {
            inbox: Arc::clone(&app.inbox),
            feed: Arc::clone(&app.feed),
            done: Vec::new(),
        }
    }

    async fn publish(&self, seller: &SellerId, mut notifications: Vec<Notification>) -> Result<()> {
        notifications.sort_by_key(|notification| notification.sequence);
        self.inbox.inbox_put(seller, &notifications).await?;
        for notification in notifications {
            if let Err(error) = self.feed.publish(seller, Arc::new(notification)).await {
                // Streams poll the inbox every few seconds.
                tracing::debug!(%error, "the feed did not take a notification");
            }
        }
        Ok(())
    }
}

#[async_trait]
impl GroupHandler for NotificationHandler {
    fn group(&self) -> ConsumerGroup {
        ConsumerGroup::Notifications
    }

    fn retry_policy(&self) -> RetryPolicy {
        RetryPolicy {
            attempts: 5,
            first: Duration::from_millis(500),
            cap: Duration::from_secs(10),
        }
    }

    /// The last event of an import batch is the notification for the whole batch; the headers mark it.
    fn wants(&self, record: &Record) -> bool {
        record.topic == Topic::of(EventKind::ImportCompleted)
            || record.header(header::IMPORT_ID).is_none()
            || record.header(header::FIRST_SEQUENCE).is_some()
    }

    async fn apply(&mut self, batch: &[ConsumedEvent]) -> Result<()> {
        let mut by_seller: BTreeMap<SellerId, Vec<Notification>> = BTreeMap::new();
        for notification in batch
            .iter()
            .filter_map(|consumed| Notification::of(&consumed.event))
        {
            by_seller
                .entry(notification.seller_id.clone())
                .or_default()
                .push(notification);
        }
        let published = by_seller.into_iter().map(|(seller, notifications)| {
            let this = &*self;
            async move { this.publish(&seller, notifications).await }
        });
        try_join_all(published).await?;
        Ok(())
    }

    fn revoked(&mut self, partitions: &[(Topic, u32)]) {
        let gone =
            |offset: &PartitionOffset| partitions.contains(&(offset.topic, offset.partition));
        self.done.retain(|offset| !gone(offset));
    }

    fn restarted(&mut self) {
        self.done.clear();
    }

    fn mark_done(&mut self, offsets: &[PartitionOffset]) {
        self.done.extend_from_slice(offsets);
    }

    async fn committable(&mut self, _all: bool) -> Result<Vec<PartitionOffset>> {
        Ok(std::mem::take(&mut self.done))
    }

    fn commit_due_in(&self) -> Duration {
        Duration::from_secs(3600)
    }
}
