//! The feed that all processes on one Redis share: a channel per seller, with the notification's
//! JSON as payload, as other programs subscribe to it too; and a channel for nudges.
//!
//! Calls go over one connection, what is heard comes over another. While Redis is away, publishing
//! fails at once, having told this process' own listeners; subscribing answers a listener that
//! hears `Lost` as soon as its channel is subscribed.

mod names;
mod subscriber;
mod subscriptions;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use self::{names::Names, subscriber::Subscriber, subscriptions::Subscriptions};
use super::{
    Feed, Heard, Listener, Nudge, Nudges,
    channels::{ChannelListener, Channels},
};
use crate::{
    config,
    domain::{
        error::{Error, Result},
        notification::Notification,
        seller::SellerId,
    },
    engines::redis_link::{Link, client, unavailable},
};

/// What telling may take: a hint is not worth more.
const PUBLISH: Duration = Duration::from_millis(250);
/// How long a new listener waits for its channel to be subscribed.
const SUBSCRIBE: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct RedisFeed {
    names: Names,
    link: Link,
    channels: Arc<Channels>,
    subscriptions: Arc<Subscriptions>,
    _subscriber: AbortOnDropHandle<()>,
}

pub(super) async fn connect(redis: &config::Redis) -> Result<Arc<dyn Feed>> {
    Ok(Arc::new(RedisFeed::open(redis).await?))
}

impl RedisFeed {
    async fn open(redis: &config::Redis) -> Result<Self> {
        let client = client(&redis.server)?;
        let names = Names::below(&redis.prefix);
        let channels = Channels::new();
        let subscriptions = Arc::<Subscriptions>::default();
        let subscriber = Subscriber::new(
            client.clone(),
            names.clone(),
            Arc::clone(&channels),
            Arc::clone(&subscriptions),
        );
        let (subscriber, link) = tokio::join!(subscriber.start(), Link::open(client, "feed"));
        Ok(Self {
            names,
            link,
            channels,
            subscriptions,
            _subscriber: subscriber,
        })
    }

    async fn tell(&self, channel: &str, payload: &[u8]) -> Result<()> {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(channel).arg(payload);
        let publish = |mut connection: MultiplexedConnection| async move {
            publish.query_async::<()>(&mut connection).await
        };
        self.link.call(PUBLISH, publish).await
    }
}

#[async_trait]
impl Feed for RedisFeed {
    async fn publish(&self, seller: &SellerId, notification: Arc<Notification>) -> Result<()> {
        let payload = serde_json::to_vec(&*notification)
            .map_err(|error| Error::Corrupt(error.to_string()))?;
        let told = self.tell(&self.names.seller(seller), &payload).await;
        if told.is_err() {
            self.channels
                .tell(seller, Heard::Notification(notification));
        }
        told
    }

    async fn subscribe(&self, seller: &SellerId) -> Result<Box<dyn Listener>> {
        // Dropped when the caller does not wait: then the count is right again.
        let listener = RedisListener {
            seller: seller.clone(),
            inner: self.channels.listen(seller),
            subscriptions: Arc::clone(&self.subscriptions),
        };
        if let Some(mut confirmed) = self.subscriptions.add(seller) {
            let confirmed = confirmed.wait_for(|confirmed| *confirmed);
            if !matches!(timeout(SUBSCRIBE, confirmed).await, Ok(Ok(_))) {
                self.subscriptions.give_up(seller);
            }
        }
        Ok(Box::new(listener))
    }

    /// This process may hear its own nudge twice, and looks once more.
    async fn nudge(&self, nudge: Nudge) -> Result<()> {
        self.channels.nudge(nudge);
        self.tell(self.names.nudges(), names::payload(nudge)).await
    }

    fn nudges(&self) -> Box<dyn Nudges> {
        self.channels.nudges()
    }

    async fn ping(&self) -> Result<()> {
        self.link.ping().await?;
        if self.subscriptions.is_up() {
            Ok(())
        } else {
            Err(unavailable("its channels cannot be heard"))
        }
    }
}

/// A listener of this process, counted so that the last one ends the subscription.
#[derive(Debug)]
struct RedisListener {
    seller: SellerId,
    inner: ChannelListener,
    subscriptions: Arc<Subscriptions>,
}

#[async_trait]
impl Listener for RedisListener {
    async fn next(&mut self) -> Heard {
        self.inner.next().await
    }
}

impl Drop for RedisListener {
    fn drop(&mut self) {
        self.subscriptions.remove(&self.seller);
    }
}
