//! The connection for subscriptions: reconnects after a failure, subscribes the channels of all
//! registered sellers, and passes messages on to this process' channels. Parses each payload once.

use std::{collections::HashSet, sync::Arc, time::Instant};

use futures_util::{Stream, StreamExt};
use redis::{
    Client, Msg, RedisResult,
    aio::{PubSubSink, PubSubStream},
};
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use super::{
    FeedEvent, WakeUp,
    channel_names::{self, RedisChannelNames},
    registry::SubscriptionRegistry,
};
use crate::{
    domain::{notification::Notification, seller::SellerId},
    engines::redis_link::{HEALTH_INTERVAL, MAX_RECONNECT_PAUSE, probe, reconnect_backoff},
    ports::feed::local_channels::LocalChannels,
};

const MAX_CHANNELS_PER_COMMAND: usize = 1000;

type PubSubConnection = (PubSubSink, PubSubStream);

#[derive(Debug)]
pub(super) struct ChannelSubscriber {
    pub(super) client: Client,
    pub(super) names: RedisChannelNames,
    pub(super) channels: Arc<LocalChannels>,
    pub(super) registry: Arc<SubscriptionRegistry>,
}

impl ChannelSubscriber {
    /// Receives from the time this returns if the server answers within a second, later otherwise.
    pub(super) async fn start(self) -> AbortOnDropHandle<()> {
        let connection = self.connect().await.ok();
        if connection.is_some() {
            self.registry.connected();
        }
        AbortOnDropHandle::new(tokio::spawn(self.run(connection)))
    }

    async fn connect(&self) -> Result<PubSubConnection, String> {
        probe(async {
            let (mut sink, stream) = self.client.get_async_pubsub().await?.split();
            sink.subscribe(self.names.wake_ups()).await?;
            Ok((sink, stream))
        })
        .await
    }

    async fn run(self, mut connection: Option<PubSubConnection>) {
        let mut backoff = reconnect_backoff();
        loop {
            if let Some((sink, stream)) = connection.take() {
                let since = Instant::now();
                let reason = tokio::select! {
                    () = self.receive_all(stream) => "the connection ended".to_owned(),
                    reason = self.maintain(sink) => reason,
                };
                self.registry.disconnected();
                tracing::warn!(reason, "the feed has lost its subscriptions");
                // A server that refuses commands is not asked all the time.
                if since.elapsed() > MAX_RECONNECT_PAUSE {
                    backoff.reset();
                }
            }
            backoff.wait().await;
            connection = self.connect().await.ok();
            if connection.is_some() {
                self.registry.connected();
                tracing::info!("the feed is subscribed again");
                self.wake_all();
            }
        }
    }

    /// Keeps the subscriptions up to date until that fails; returns the reason.
    async fn maintain(&self, mut sink: PubSubSink) -> String {
        let mut subscribed = HashSet::new();
        loop {
            if let Err(reason) = self.apply_changes(&mut sink, &mut subscribed).await {
                return reason;
            }
            tokio::select! {
                () = self.registry.changed() => {}
                // Nothing else shows that the server is gone.
                () = sleep(HEALTH_INTERVAL) => {
                    if let Err(reason) = probe(sink.ping::<redis::Value>()).await {
                        return reason;
                    }
                }
            }
        }
    }

    async fn apply_changes(
        &self,
        sink: &mut PubSubSink,
        subscribed: &mut HashSet<SellerId>,
    ) -> Result<(), String> {
        let changes = self.registry.changes(subscribed);
        self.confirm(&changes.resubscribed);
        for sellers in changes.subscribe.chunks(MAX_CHANNELS_PER_COMMAND) {
            probe(sink.subscribe(self.names_of(sellers))).await?;
            self.confirm(sellers);
        }
        for sellers in changes.unsubscribe.chunks(MAX_CHANNELS_PER_COMMAND) {
            probe(sink.unsubscribe(self.names_of(sellers))).await?;
        }
        Ok(())
    }

    fn names_of(&self, sellers: &[SellerId]) -> Vec<String> {
        let names = sellers.iter().map(|seller| self.names.seller(seller));
        names.collect()
    }

    fn confirm(&self, sellers: &[SellerId]) {
        for seller in self.registry.confirm(sellers) {
            self.channels.send(seller, FeedEvent::Lagged);
        }
    }

    /// Wake-ups may have been missed.
    fn wake_all(&self) {
        self.channels.send_wake_up(WakeUp::Outbox);
        self.channels.send_wake_up(WakeUp::Imports);
    }

    async fn receive_all(&self, mut messages: impl Stream<Item = Msg> + Unpin) {
        while let Some(message) = messages.next().await {
            if let Err(error) = self.receive(&message) {
                tracing::debug!(%error, "a message of the feed is unreadable");
            }
        }
    }

    fn receive(&self, message: &Msg) -> RedisResult<()> {
        let channel: String = message.get_channel()?;
        let payload = message.get_payload_bytes();
        if channel == self.names.wake_ups() {
            if let Some(wake_up) = channel_names::parse_wake_up(payload) {
                self.channels.send_wake_up(wake_up);
            }
            return Ok(());
        }
        let Some(seller) = self.names.seller_of(&channel) else {
            return Ok(());
        };
        // An unreadable payload may have been a notification, so it counts as lost. A notification
        // of another seller is never passed on.
        let event = match serde_json::from_slice::<Notification>(payload) {
            Ok(notification) if notification.seller_id == seller => {
                FeedEvent::Notification(Arc::new(notification))
            }
            _ => FeedEvent::Lagged,
        };
        self.channels.send(&seller, event);
        Ok(())
    }
}
