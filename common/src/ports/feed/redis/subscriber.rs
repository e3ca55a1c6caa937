//! The connection that hears: kept up, with everything subscribed on it that is listened for, and
//! read into this process' channels. Each payload is parsed once.

use std::{collections::HashSet, sync::Arc, time::Instant};

use futures_util::{Stream, StreamExt};
use redis::{
    Client, Msg, RedisResult,
    aio::{PubSubSink, PubSubStream},
};
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use super::{
    Heard, Nudge,
    names::{self, Names},
    subscriptions::Subscriptions,
};
use crate::{
    domain::{notification::Notification, seller::SellerId},
    engines::redis_link::{BEAT, PAUSES, probe},
    ports::feed::channels::Channels,
};

/// Channels subscribed by one command.
const AT_ONCE: usize = 1000;

type Connection = (PubSubSink, PubSubStream);

#[derive(Debug)]
pub(super) struct Subscriber {
    client: Client,
    names: Names,
    channels: Arc<Channels>,
    subscriptions: Arc<Subscriptions>,
}

impl Subscriber {
    pub(super) const fn new(
        client: Client,
        names: Names,
        channels: Arc<Channels>,
        subscriptions: Arc<Subscriptions>,
    ) -> Self {
        Self {
            client,
            names,
            channels,
            subscriptions,
        }
    }

    /// Hears as soon as this returns when the server answers within a second, later otherwise.
    pub(super) async fn start(self) -> AbortOnDropHandle<()> {
        let connection = self.connect().await.ok();
        if connection.is_some() {
            self.subscriptions.connected();
        }
        AbortOnDropHandle::new(tokio::spawn(self.run(connection)))
    }

    async fn connect(&self) -> Result<Connection, String> {
        probe(async {
            let (mut sink, stream) = self.client.get_async_pubsub().await?.split();
            sink.subscribe(self.names.nudges()).await?;
            Ok((sink, stream))
        })
        .await
    }

    async fn run(self, mut connection: Option<Connection>) {
        let mut pause = PAUSES.0;
        loop {
            if let Some((sink, stream)) = connection.take() {
                let since = Instant::now();
                let reason = tokio::select! {
                    () = self.hear_all(stream) => "the connection ended".to_owned(),
                    reason = self.keep(sink) => reason,
                };
                self.subscriptions.disconnected();
                tracing::warn!(reason, "the feed hears nothing");
                // A server that refuses what it is asked is not asked all the time.
                if since.elapsed() > PAUSES.1 {
                    pause = PAUSES.0;
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
            connection = self.connect().await.ok();
            if connection.is_some() {
                self.subscriptions.connected();
                tracing::info!("the feed hears again");
                self.look_everywhere();
            }
        }
    }

    /// Makes the wanted subscriptions true until that fails; answers why it did.
    async fn keep(&self, mut sink: PubSubSink) -> String {
        let mut subscribed = HashSet::new();
        loop {
            if let Err(reason) = self.adjust(&mut sink, &mut subscribed).await {
                return reason;
            }
            tokio::select! {
                () = self.subscriptions.changed() => {}
                // Nothing else would tell that the other end is gone.
                () = sleep(BEAT) => {
                    if let Err(reason) = probe(sink.ping::<redis::Value>()).await {
                        return reason;
                    }
                }
            }
        }
    }

    async fn adjust(
        &self,
        sink: &mut PubSubSink,
        subscribed: &mut HashSet<SellerId>,
    ) -> Result<(), String> {
        let changes = self.subscriptions.changes(subscribed);
        self.confirm(&changes.still);
        for sellers in changes.subscribe.chunks(AT_ONCE) {
            probe(sink.subscribe(self.names_of(sellers))).await?;
            self.confirm(sellers);
        }
        for sellers in changes.unsubscribe.chunks(AT_ONCE) {
            probe(sink.unsubscribe(self.names_of(sellers))).await?;
        }
        Ok(())
    }

    fn names_of(&self, sellers: &[SellerId]) -> Vec<String> {
        let names = sellers.iter().map(|seller| self.names.seller(seller));
        names.collect()
    }

    fn confirm(&self, sellers: &[SellerId]) {
        for seller in self.subscriptions.confirm(sellers) {
            self.channels.tell(seller, Heard::Lost);
        }
    }

    /// Nudges may have been missed.
    fn look_everywhere(&self) {
        self.channels.nudge(Nudge::Outbox);
        self.channels.nudge(Nudge::Imports);
    }

    async fn hear_all(&self, mut messages: impl Stream<Item = Msg> + Unpin) {
        while let Some(message) = messages.next().await {
            if let Err(error) = self.hear(&message) {
                tracing::debug!(%error, "a message of the feed is not understood");
            }
        }
    }

    fn hear(&self, message: &Msg) -> RedisResult<()> {
        let channel: String = message.get_channel()?;
        let payload = message.get_payload_bytes();
        if channel == self.names.nudges() {
            if let Some(nudge) = names::nudge(payload) {
                self.channels.nudge(nudge);
            }
            return Ok(());
        }
        let Some(seller) = self.names.seller_of(&channel) else {
            return Ok(());
        };
        // Whatever it was, something was told; and nobody hears of another seller's products.
        let heard = match serde_json::from_slice::<Notification>(payload) {
            Ok(told) if told.seller_id == seller => Heard::Notification(Arc::new(told)),
            _ => Heard::Lost,
        };
        self.channels.tell(&seller, heard);
        Ok(())
    }
}
