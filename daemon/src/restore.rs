//! A store that was restored from a backup is older than what was published from it. Left alone, it
//! would give numbers a second time: the inbox and the totals, which know these, would take new
//! events for old ones.
//!
//! It shows at the start: the last messages of the broker have sequences that the store never gave.
//! `pmd restored` says it where the broker cannot. Then
//!
//! 1. sequences go on above a floor that is higher than any that was ever given. What lies between is
//!    a gap like every other: the notification consumer proves that it will not come, streams name it;
//! 2. ids of products leave out those that were given;
//! 3. totals are replaced by a recount, seller by seller ([`correct_totals`]).

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use pm_common::{
    backoff::Backoff,
    domain::{
        clock::{self, Timestamp},
        error::Result,
        event::{Event, EventData},
        record::Record,
        seller::SellerId,
    },
    ports::store::NumberFloor,
};
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Floors count from the start of 2020, in seconds.
const FLOOR_EPOCH_SECONDS: i64 = 1_577_836_800;
/// A seller has fewer events in a second than this, so that the present floor is above all that was
/// given since an earlier one. For the next two centuries it is below 2^53, which every client can read.
const SEQUENCES_PER_SECOND: i64 = 1 << 20;
/// Above the highest id that was published: products that were created after it.
const PRODUCT_ID_MARGIN: i64 = 1_000_000;
/// Between two looks whether totals have to be corrected.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// Before a recount is tried again that new events overtook.
const RECOUNT_PAUSE: Duration = Duration::from_millis(20);
const MAX_RECOUNT_PAUSE: Duration = Duration::from_secs(1);

/// The highest numbers in messages.
#[derive(Debug, Default)]
struct PublishedNumbers {
    sequences: BTreeMap<SellerId, i64>,
    product_id: i64,
}

impl PublishedNumbers {
    /// What cannot be read is not ours.
    fn of(records: &[Record]) -> Self {
        let mut numbers = Self::default();
        for record in records {
            let Ok(event) = Event::decode(&record.value) else {
                continue;
            };
            let last = numbers
                .sequences
                .entry(event.seller_id().clone())
                .or_default();
            *last = event.sequence.max(*last);
            let product = match &event.data {
                EventData::ProductCreated(data) | EventData::ProductUpdated(data) => {
                    data.product_id
                }
                EventData::ProductDeleted(data) => data.product_id,
                EventData::LowStockWarning(data) => data.product_id,
                EventData::ImportCompleted(_) => 0,
            };
            numbers.product_id = product.max(numbers.product_id);
        }
        numbers
    }

    fn floor(&self, at: Timestamp) -> NumberFloor {
        let seconds = at.millis().div_euclid(1000) - FLOOR_EPOCH_SECONDS;
        let published = self.sequences.values().max().copied().unwrap_or(0);
        NumberFloor {
            // The clock may be wrong.
            sequence: seconds
                .saturating_mul(SEQUENCES_PER_SECOND)
                .max(published.saturating_add(SEQUENCES_PER_SECOND)),
            product_id: self.product_id.saturating_add(PRODUCT_ID_MARGIN),
        }
    }
}

/// Looks whether the store is older than what was published from it.
pub(crate) async fn check(app: &App) -> Result<()> {
    let newest = match app.broker.newest_records().await {
        Ok(newest) => newest,
        Err(error) => {
            tracing::warn!(
                %error,
                "whether the store was restored from a backup cannot be seen without the broker; if it was, stop and run `pmd restored`"
            );
            return Ok(());
        }
    };
    let published = PublishedNumbers::of(&newest);
    for (seller, sequence) in &published.sequences {
        let known = app.store.last_sequence(seller).await?;
        if known < *sequence {
            return pass_over(app, &published).await.map(|_| ());
        }
    }
    Ok(())
}

/// The operator says that the store was restored; answers the sequence that events go on after.
pub(crate) async fn declare(app: &App) -> Result<i64> {
    // Without a broker the margins have to do.
    let newest = app.broker.newest_records().await.unwrap_or_default();
    pass_over(app, &PublishedNumbers::of(&newest)).await
}

async fn pass_over(app: &App, published: &PublishedNumbers) -> Result<i64> {
    let floor = published.floor(clock::now());
    app.store.restore_note(floor).await?;
    tracing::warn!(
        sequence_floor = floor.sequence,
        "the store was restored from a backup: it is older than what was published. Events go on with sequences above the floor, streams get a gap, and totals are counted anew"
    );
    metrics::counter!("pmd_restores_noticed_total").increment(1);
    Ok(floor.sequence)
}

/// Corrects the totals after a restore, until `stop`. Another process may have noticed it.
pub(crate) async fn correct_totals(app: App, stop: CancellationToken) {
    loop {
        if let Err(error) = correct(&app, &stop).await {
            tracing::warn!(%error, "totals are not corrected yet");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(CHECK_INTERVAL) => {}
        }
    }
}

async fn correct(app: &App, stop: &CancellationToken) -> Result<()> {
    let Some(floor) = app.store.restore_pending().await? else {
        return Ok(());
    };
    let mut sellers: BTreeSet<_> = app.store.sellers().await?.into_iter().collect();
    sellers.extend(app.ledger.counted_sellers().await?);
    for seller in &sellers {
        if !recount(app, seller, floor, stop).await? {
            return Ok(());
        }
    }
    app.store.restore_done(floor).await?;
    tracing::info!(
        sellers = sellers.len(),
        "totals were counted anew after the restore"
    );
    Ok(())
}

/// `false`: stopped before it was done.
async fn recount(
    app: &App,
    seller: &SellerId,
    floor: i64,
    stop: &CancellationToken,
) -> Result<bool> {
    let mut backoff = Backoff::new(RECOUNT_PAUSE, MAX_RECOUNT_PAUSE);
    while !stop.is_cancelled() {
        let mut recount = app.store.product_recount(seller).await?;
        // The store may know nothing of a seller.
        recount.sequence = recount.sequence.max(floor);
        if app
            .ledger
            .ledger_reset(seller, &recount, clock::now())
            .await?
        {
            return Ok(true);
        }
        backoff.wait_unless(stop).await;
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red when: a floor can be below what was given since an earlier one, or a client cannot read it.
    #[test]
    fn each_floor_is_above_all_that_was_given() {
        let at = |day: &str| format!("{day}T00:00:00Z").parse::<Timestamp>().unwrap();
        let none = PublishedNumbers::default();
        let (first, second) = (none.floor(at("2026-01-31")), none.floor(at("2026-02-01")));
        let a_day = 24 * 3600 * SEQUENCES_PER_SECOND;
        assert!(second.sequence >= first.sequence + a_day);
        assert!(none.floor(at("2200-01-01")).sequence < 1 << 53);
        let published = PublishedNumbers {
            sequences: BTreeMap::from([(SellerId::parse("s").unwrap(), second.sequence)]),
            product_id: 7,
        };
        let with_a_wrong_clock = published.floor(at("1999-01-01"));
        assert!(with_a_wrong_clock.sequence > second.sequence);
        assert!(with_a_wrong_clock.product_id > 7);
    }
}
