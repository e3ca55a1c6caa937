//! Stores notifications in the inbox and publishes what is stored, while the next ones are being
//! stored. What the inbox refuses on its own account is found, and harms nothing else.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{StreamExt, TryStreamExt, stream};
use pm_common::{
    domain::{
        error::{Error, Result},
        notification::Notification,
        seller::SellerId,
    },
    ports::{feed::Feed, inbox::Inbox},
};
use tokio::sync::mpsc;

/// Sellers that are written one by one at the same time.
const MAX_CONCURRENT_SELLERS: usize = 64;

/// Stored runs that wait to be published; then storing waits.
const MAX_UNPUBLISHED_RUNS: usize = 4;

type NotificationRun = Vec<Arc<Notification>>;

/// What became of notifications.
#[derive(Debug, Default)]
pub(super) struct WriteOutcome {
    /// Of each seller, in order.
    pub(super) stored: NotificationRun,
    /// The first of a seller that was refused; what follows it was not tried.
    pub(super) refused: Vec<(Arc<Notification>, Error)>,
}

#[derive(Debug)]
pub(super) struct InboxWriter {
    inbox: Arc<dyn Inbox>,
    /// To a task that ends with its sender.
    published: mpsc::Sender<NotificationRun>,
}

impl InboxWriter {
    pub(super) fn new(inbox: Arc<dyn Inbox>, feed: Arc<dyn Feed>) -> Self {
        let (published, stored) = mpsc::channel(MAX_UNPUBLISHED_RUNS);
        tokio::spawn(publish(feed, stored));
        Self { inbox, published }
    }

    /// Writes each seller's in order. An error is an engine that is away; what was stored until
    /// then is stored again.
    pub(super) async fn write(&self, ready: NotificationRun) -> Result<WriteOutcome> {
        let outcome = match self.inbox.notifications_put(&ready).await {
            Ok(()) => WriteOutcome {
                stored: ready,
                refused: Vec::new(),
            },
            Err(error) if error.is_passing() => return Err(error),
            Err(_) => self.put_singly(ready).await?,
        };
        // It ends only with a panic, and streams read the inbox every few seconds anyway.
        let _ = self.published.send(outcome.stored.clone()).await;
        Ok(outcome)
    }

    async fn put_singly(&self, ready: NotificationRun) -> Result<WriteOutcome> {
        let mut by_seller: BTreeMap<SellerId, NotificationRun> = BTreeMap::new();
        for notification in ready {
            let seller = notification.seller_id.clone();
            by_seller.entry(seller).or_default().push(notification);
        }
        let puts = by_seller.into_values().map(|run| self.put_run(run));
        let outcomes: Vec<_> = stream::iter(puts)
            .buffer_unordered(MAX_CONCURRENT_SELLERS)
            .try_collect()
            .await?;
        let mut all = WriteOutcome::default();
        for outcome in outcomes {
            all.stored.extend(outcome.stored);
            all.refused.extend(outcome.refused);
        }
        Ok(all)
    }

    async fn put_run(&self, run: NotificationRun) -> Result<WriteOutcome> {
        let mut outcome = WriteOutcome::default();
        for notification in run {
            let put = self
                .inbox
                .notifications_put(std::slice::from_ref(&notification));
            match put.await {
                Ok(()) => outcome.stored.push(notification),
                Err(error) if error.is_passing() => return Err(error),
                Err(error) => {
                    outcome.refused.push((notification, error));
                    break;
                }
            }
        }
        Ok(outcome)
    }
}

/// In the order of storing.
async fn publish(feed: Arc<dyn Feed>, mut stored: mpsc::Receiver<NotificationRun>) {
    while let Some(run) = stored.recv().await {
        if let Err(error) = feed.publish(&run).await {
            tracing::debug!(%error, "the feed did not take notifications");
        }
    }
}
