//! The feed that all processes on one Redis share: a channel per seller, with the notification's
//! JSON as payload, because other programs subscribe to it too; and a channel for wake-ups.
//!
//! Calls use one connection, subscriptions another. While Redis is unavailable, publishing reaches
//! this process' own listeners and fails at once; subscribing returns a listener that receives
//! `Lagged` as soon as its channel is subscribed.

mod channel_names;
mod registry;
mod subscriber;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use self::{
    channel_names::RedisChannelNames, registry::SubscriptionRegistry, subscriber::ChannelSubscriber,
};
use super::{
    Feed, FeedEvent, FeedListener, WakeUp, WakeUpListener,
    local_channels::{ChannelListener, LocalChannels},
};
use crate::{
    config,
    domain::{
        error::{Error, Result},
        notification::Notification,
        port::Port,
        seller::SellerId,
    },
    engines::redis_link::{Link, client, unavailable},
};

/// A hint is not worth a longer wait.
const PUBLISH_TIMEOUT: Duration = Duration::from_millis(250);
/// Notifications sent to Redis in one round trip, few enough for that timeout.
const MAX_PIPELINED: usize = 250;
/// How long a new listener waits for its channel to be subscribed.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct RedisFeed {
    names: RedisChannelNames,
    link: Link,
    channels: Arc<LocalChannels>,
    registry: Arc<SubscriptionRegistry>,
    _subscriber: AbortOnDropHandle<()>,
}

pub(super) async fn connect(redis: &config::Redis) -> Result<Arc<dyn Feed>> {
    Ok(Arc::new(RedisFeed::open(redis).await?))
}

impl RedisFeed {
    async fn open(redis: &config::Redis) -> Result<Self> {
        let client = client(Port::Feed, &redis.server)?;
        let names = RedisChannelNames::new(&redis.prefix);
        let channels = LocalChannels::new();
        let registry = Arc::<SubscriptionRegistry>::default();
        let subscriber = ChannelSubscriber {
            client: client.clone(),
            names: names.clone(),
            channels: Arc::clone(&channels),
            registry: Arc::clone(&registry),
        };
        let (subscriber, link) = tokio::join!(subscriber.start(), Link::open(client, Port::Feed));
        Ok(Self {
            names,
            link,
            channels,
            registry,
            _subscriber: subscriber,
        })
    }

    async fn send(&self, channel: &str, payload: &[u8]) -> Result<()> {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(channel).arg(payload);
        let publish = |mut connection: MultiplexedConnection| async move {
            publish.query_async::<()>(&mut connection).await
        };
        self.link.call(PUBLISH_TIMEOUT, publish).await
    }

    /// Sends all in one round trip.
    async fn send_notifications(&self, notifications: &[Arc<Notification>]) -> Result<()> {
        let mut pipeline = redis::pipe();
        for notification in notifications {
            let payload = serde_json::to_vec(&**notification)
                .map_err(|error| Error::Corrupt(error.to_string()))?;
            let channel = self.names.seller(&notification.seller_id);
            pipeline.cmd("PUBLISH").arg(channel).arg(payload).ignore();
        }
        let publish = |mut connection: MultiplexedConnection| async move {
            pipeline.query_async::<()>(&mut connection).await
        };
        self.link.call(PUBLISH_TIMEOUT, publish).await
    }
}

#[async_trait]
impl Feed for RedisFeed {
    async fn publish(&self, notifications: &[Arc<Notification>]) -> Result<()> {
        let mut published = Ok(());
        for pipelined in notifications.chunks(MAX_PIPELINED) {
            if let Err(error) = self.send_notifications(pipelined).await {
                for notification in pipelined {
                    self.channels.send_notification(notification);
                }
                published = Err(error);
            }
        }
        published
    }

    async fn subscribe(&self, seller: &SellerId) -> Result<Box<dyn FeedListener>> {
        // A caller that stops waiting drops it, which corrects the count of listeners.
        let listener = RedisListener {
            seller: seller.clone(),
            inner: self.channels.subscribe(seller),
            registry: Arc::clone(&self.registry),
        };
        if let Some(mut confirmed) = self.registry.add(seller) {
            let confirmed = confirmed.wait_for(|confirmed| *confirmed);
            if !matches!(timeout(SUBSCRIBE_TIMEOUT, confirmed).await, Ok(Ok(_))) {
                self.registry.confirmation_timed_out(seller);
            }
        }
        Ok(Box::new(listener))
    }

    /// This process may receive its own wake-up twice, and then polls once more.
    async fn send_wake_up(&self, wake_up: WakeUp) -> Result<()> {
        self.channels.send_wake_up(wake_up);
        self.send(self.names.wake_ups(), channel_names::payload(wake_up))
            .await
    }

    fn wake_ups(&self) -> Box<dyn WakeUpListener> {
        self.channels.wake_ups()
    }

    async fn ping(&self) -> Result<()> {
        self.link.ping().await?;
        if self.registry.is_connected() {
            Ok(())
        } else {
            Err(unavailable(
                Port::Feed,
                "the subscriptions have no connection",
            ))
        }
    }
}

/// A counted listener of this process: the last one of a seller ends the subscription.
#[derive(Debug)]
struct RedisListener {
    seller: SellerId,
    inner: ChannelListener,
    registry: Arc<SubscriptionRegistry>,
}

#[async_trait]
impl FeedListener for RedisListener {
    async fn next(&mut self) -> FeedEvent {
        self.inner.next().await
    }
}

impl Drop for RedisListener {
    fn drop(&mut self) {
        self.registry.remove(&self.seller);
    }
}
