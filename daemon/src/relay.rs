//! Outbox to broker. The one owner drains the outbox as a set: read the oldest rows, publish every
//! message, wait until all are durable, delete the rows. A crash in between publishes them again;
//! nothing is lost and nothing overtakes. What is acknowledged is deleted before the rest is tried
//! again, and a message that the broker will never take, or that cannot be read, is set aside: it
//! stops no other seller.

use std::{collections::BTreeSet, time::Duration};

use pm_common::{
    backoff::Backoff,
    domain::{error::Result, seller::SellerId},
    ports::{
        broker::PublishVerdict,
        feed::{WakeUp, WakeUpListener},
        store::{OutboxEntry, SetAsideEntry},
    },
};
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// The guarantee; the signal of a commit, or a wake-up from another process, comes sooner.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// How often a process that is not the owner tries to become it.
const LEASE_RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// Before the relay goes on after the store or the broker failed.
const FIRST_RETRY_PAUSE: Duration = Duration::from_millis(200);
const MAX_RETRY_PAUSE: Duration = Duration::from_secs(5);
/// Messages published at a time.
const MAX_BATCH_MESSAGES: u32 = 2_000;

/// Relays until `stop`, or stands by while another process does.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let mut wake_ups = app.feed.wake_ups();
    let mut backoff = Backoff::new(FIRST_RETRY_PAUSE, MAX_RETRY_PAUSE);
    while !stop.is_cancelled() {
        match drain(&app, &stop).await {
            Ok(true) => {
                backoff.reset();
                wait_for_messages(&app, wake_ups.as_mut(), &stop).await;
            }
            Ok(false) => {
                backoff.reset();
                let _ = tokio::time::timeout(LEASE_RETRY_INTERVAL, announce(&app, &stop)).await;
            }
            Err(error) => {
                tracing::warn!(%error, "the relay waits");
                backoff.wait_unless(&stop).await;
            }
        }
    }
    if let Err(error) = app.store.relay_lease_release().await {
        tracing::debug!(%error, "the next relay has to wait until the place is free");
    }
}

/// Where another process relays: announces every commit here to it, until `stop`.
pub(crate) async fn announce(app: &App, stop: &CancellationToken) {
    loop {
        let committed = tokio::select! {
            () = stop.cancelled() => return,
            committed = app.store.outbox_wait(Duration::from_secs(3600)) => committed,
        };
        if committed && let Err(error) = app.feed.send_wake_up(WakeUp::Outbox).await {
            tracing::debug!(%error, "the relay finds it by itself");
        }
    }
}

/// Publishes until the outbox is empty. `false`: another process is the owner.
async fn drain(app: &App, stop: &CancellationToken) -> Result<bool> {
    let store = &app.store;
    while !stop.is_cancelled() {
        if !store.relay_lease_acquire().await? {
            return Ok(false);
        }
        let entries = store.outbox_peek(MAX_BATCH_MESSAGES).await?;
        if entries.is_empty() {
            break;
        }
        let records: Vec<_> = entries
            .iter()
            .flat_map(|entry| entry.records.iter().flatten().cloned())
            .collect();
        let report = app.broker.publish(records).await;
        let settled = RelaySettlement::of(entries, report.verdicts);
        metrics::counter!("pmd_relay_published_total").increment(settled.published);
        if !settled.done.is_empty() {
            store.outbox_remove(&settled.done).await?;
        }
        if !settled.aside.is_empty() {
            set_aside(app, settled.aside).await?;
        }
        if let Some(error) = report.failure {
            return Err(error);
        }
    }
    Ok(true)
}

/// What becomes of the rows of one publish.
#[derive(Debug, Default)]
struct RelaySettlement {
    /// Acknowledged messages.
    published: u64,
    /// Rows with acknowledged messages only.
    done: Vec<(SellerId, i64)>,
    /// Rows with a message that the broker will never take, or that cannot be read. Everything else
    /// in them is acknowledged. All other rows stay and are published again.
    aside: Vec<SetAsideEntry>,
}

impl RelaySettlement {
    fn of(entries: Vec<OutboxEntry>, verdicts: Vec<PublishVerdict>) -> Self {
        let mut settled = Self::default();
        let mut verdicts = verdicts.into_iter();
        for entry in entries {
            let (id, seller) = (entry.id, entry.seller);
            let aside = |records, reason| SetAsideEntry {
                id,
                seller: seller.clone(),
                records,
                reason,
            };
            let records = match entry.records {
                Ok(records) => records,
                Err(reason) => {
                    settled.aside.push(aside(None, reason));
                    continue;
                }
            };
            let (mut refused, mut reasons, mut unknown) = (Vec::new(), BTreeSet::new(), false);
            for (record, verdict) in records.into_iter().zip(verdicts.by_ref()) {
                match verdict {
                    PublishVerdict::Acknowledged => settled.published += 1,
                    PublishVerdict::Unknown => unknown = true,
                    PublishVerdict::Refused(reason) => {
                        reasons.insert(format!("{}: {reason}", record.topic.as_str()));
                        refused.push(record);
                    }
                }
            }
            if unknown {
                continue;
            }
            if refused.is_empty() {
                settled.done.push((seller, id));
            } else {
                let reason = Vec::from_iter(reasons).join("; ");
                settled.aside.push(aside(Some(refused), reason));
            }
        }
        settled
    }
}

/// Takes rows out of the way of all others. An operator has to look at them.
async fn set_aside(app: &App, entries: Vec<SetAsideEntry>) -> Result<()> {
    for entry in &entries {
        tracing::error!(
            seller = entry.seller.as_str(),
            outbox_id = entry.id,
            messages = entry.records.as_ref().map(Vec::len),
            reason = entry.reason,
            "messages cannot be published and are set aside in outbox_set_aside"
        );
    }
    metrics::counter!("pmd_relay_set_aside_total").increment(entries.len() as u64);
    app.store.outbox_set_aside(entries).await
}

async fn wait_for_messages(app: &App, wake_ups: &mut dyn WakeUpListener, stop: &CancellationToken) {
    let woken = async { while wake_ups.next().await != WakeUp::Outbox {} };
    tokio::select! {
        () = stop.cancelled() => {}
        () = woken => {}
        _ = app.store.outbox_wait(POLL_INTERVAL) => {}
    }
}

#[cfg(test)]
mod tests {
    use pm_common::domain::record::{Record, Topic};

    use super::*;

    fn entry(id: i64, records: std::result::Result<usize, &str>) -> OutboxEntry {
        let record = |number: usize| Record {
            topic: Topic::ProductCreated,
            key: "s".to_owned(),
            headers: Vec::new(),
            value: number.to_string().into(),
        };
        OutboxEntry {
            id,
            seller: SellerId::parse("s").unwrap(),
            records: records
                .map(|count| (0..count).map(record).collect())
                .map_err(str::to_owned),
        }
    }

    /// Red when: a row with a message of which nothing is known is deleted or set aside, or one row's
    /// verdicts are taken for another's.
    #[test]
    fn each_row_is_settled_by_its_own_messages() {
        let entries = vec![
            entry(1, Ok(2)),
            entry(2, Err("damaged")),
            entry(3, Ok(2)),
            entry(4, Ok(2)),
            entry(5, Ok(1)),
        ];
        let acknowledged = || PublishVerdict::Acknowledged;
        let refused = || PublishVerdict::Refused("too large".to_owned());
        let verdicts = vec![
            acknowledged(),
            acknowledged(),
            acknowledged(),
            refused(),
            refused(),
            PublishVerdict::Unknown,
            acknowledged(),
        ];
        let settled = RelaySettlement::of(entries, verdicts);
        let ids: Vec<_> = settled.done.iter().map(|(_, id)| *id).collect();
        assert_eq!((ids, settled.published), (vec![1, 5], 4));
        let aside: Vec<_> = settled
            .aside
            .iter()
            .map(|row| {
                (
                    row.id,
                    row.records.as_ref().map(Vec::len),
                    row.reason.as_str(),
                )
            })
            .collect();
        assert_eq!(
            aside,
            [
                (2, None, "damaged"),
                (3, Some(1), "product.created: too large")
            ]
        );
    }
}
