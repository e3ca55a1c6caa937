//! The notification group: store what people are told, then tell whoever listens now.

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

use super::{Consumed, Handler, Retry};
use crate::app::App;

/// Effect: inbox first (idempotent by seller and sequence), then the feed (a hint).
#[derive(Debug)]
pub(crate) struct Notify {
    inbox: Arc<dyn Inbox>,
    feed: Arc<dyn Feed>,
    reached: Vec<PartitionOffset>,
}

impl Notify {
    /// A handler on the app's inbox and feed.
    pub(crate) fn new(app: &App) -> Self {
        Self {
            inbox: Arc::clone(&app.inbox),
            feed: Arc::clone(&app.feed),
            reached: Vec::new(),
        }
    }

    async fn tell(&self, seller: &SellerId, mut told: Vec<Notification>) -> Result<()> {
        told.sort_by_key(|notification| notification.sequence);
        self.inbox.inbox_put(seller, &told).await?;
        for notification in told {
            if let Err(error) = self.feed.publish(seller, Arc::new(notification)).await {
                // Streams read the inbox every few seconds anyway.
                tracing::debug!(%error, "the feed did not take a notification");
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Handler for Notify {
    fn group(&self) -> ConsumerGroup {
        ConsumerGroup::Notifications
    }

    fn retry(&self) -> Retry {
        Retry {
            attempts: 5,
            first: Duration::from_millis(500),
            cap: Duration::from_secs(10),
        }
    }

    /// The events of an import are told by the last one of their batch; the headers say which.
    fn wants(&self, record: &Record) -> bool {
        record.topic == Topic::of(EventKind::ImportCompleted)
            || record.header(header::IMPORT_ID).is_none()
            || record.header(header::FIRST_SEQUENCE).is_some()
    }

    async fn apply(&mut self, batch: &[Consumed]) -> Result<()> {
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
        let told = by_seller.into_iter().map(|(seller, told)| {
            let this = &*self;
            async move { this.tell(&seller, told).await }
        });
        try_join_all(told).await?;
        Ok(())
    }

    fn forget(&mut self, partitions: &[(Topic, u32)]) {
        let gone =
            |offset: &PartitionOffset| partitions.contains(&(offset.topic, offset.partition));
        self.reached.retain(|offset| !gone(offset));
    }

    fn forget_all(&mut self) {
        self.reached.clear();
    }

    fn reached(&mut self, offsets: &[PartitionOffset]) {
        self.reached.extend_from_slice(offsets);
    }

    async fn settle(&mut self, _all: bool) -> Result<Vec<PartitionOffset>> {
        Ok(std::mem::take(&mut self.reached))
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(3600)
    }
}
