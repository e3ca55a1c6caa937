//! Whether what is missing in a seller's sequence will still come.
//!
//! An event that is missing for some time may be lost: it expired, or an older log was replaced.
//! Nothing follows from the time; it takes a proof, step by step. A new hole begins at `Open`:
//!
//! | proof | moved by | to | because |
//! |---|---|---|---|
//! | `Open` | the outbox has rows of the seller | `Outbox` | the missing event was committed before the one that is held, so its row is among them or was removed |
//! | | it has none | `Log` | |
//! | `Outbox` | none of these rows is there any more | `Log` | rows are removed when the broker has acknowledged them: the event is in the log, or nowhere |
//! | `Log` | the group has read the seller's partitions up to where they ended then | lost, unless the inbox has it | the event was not among them |
//! | any | the inbox ends later than was known: another member stored it | `Open`, for the next hole | |

use std::{collections::BTreeSet, sync::Arc};

use futures_util::{StreamExt, TryStreamExt, stream};
use pm_common::{
    domain::{
        error::{Error, Result},
        record::{Topic, partition_of},
        seller::SellerId,
    },
    ports::{
        broker::{Broker, ConsumerGroup, PartitionProgress},
        inbox::{Inbox, InboxEnd},
        store::Store,
    },
};

use super::partition_reads::{PartitionKey, PartitionReads};

/// Requests for different sellers at the same time.
const MAX_CONCURRENT_LOOKUPS: usize = 32;

/// How far it is proven that what is missing will not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LossProof {
    /// Nothing is proven.
    Open,
    /// Rows of the outbox up to this one may hold what is missing.
    Outbox { through: i64 },
    /// What is missing was published before these ends, if ever.
    Log { ends: Vec<(PartitionKey, i64)> },
}

/// A hole in a seller's sequence.
#[derive(Debug)]
pub(super) struct SequenceHole {
    pub(super) seller: SellerId,
    pub(super) proof: LossProof,
    /// A partition that the seller's events came through.
    pub(super) partition: u32,
    /// Topics that a later event of the seller came through: an earlier one will not.
    pub(super) passed_topics: BTreeSet<Topic>,
}

/// What a search found out about a hole.
#[derive(Debug)]
pub(super) enum HoleFinding {
    Proven(LossProof),
    /// Another member may have stored what is missing.
    InboxEnd(InboxEnd),
    /// What is missing after this end will not come.
    Lost {
        end: InboxEnd,
        /// Sequences up to this one may be those that a restore of the store passed over.
        floor: i64,
    },
}

/// What the group has done of the partitions that a hole waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LogState {
    Unread,
    /// Another member reads some of them.
    ReadElsewhere,
    Passed,
}

/// The engines that are asked.
#[derive(Debug)]
pub(super) struct HoleSearch {
    pub(super) store: Arc<dyn Store>,
    pub(super) broker: Arc<dyn Broker>,
    pub(super) inbox: Arc<dyn Inbox>,
}

impl HoleSearch {
    /// Goes on with the proofs of these holes, a step each.
    pub(super) async fn search(
        &self,
        holes: Vec<SequenceHole>,
        reads: &PartitionReads,
    ) -> Result<Vec<(SellerId, HoleFinding)>> {
        let is_in_log = |hole: &SequenceHole| matches!(hole.proof, LossProof::Log { .. });
        let (in_log, in_outbox): (Vec<_>, Vec<_>) = holes.into_iter().partition(is_in_log);
        let (mut findings, published) = self.look_into_outbox(in_outbox).await?;
        let is_unread = |hole: &SequenceHole| hole.log_state(reads, &[]) != LogState::Passed;
        let progress = if published.is_empty() && !in_log.iter().any(is_unread) {
            Vec::new()
        } else {
            self.broker.progress(ConsumerGroup::Notifications).await?
        };
        findings.extend(published.into_iter().map(|hole| {
            let ends = hole.unread_ends(&progress);
            (hole.seller, HoleFinding::Proven(LossProof::Log { ends }))
        }));
        let states = in_log.into_iter().map(|hole| {
            let state = hole.log_state(reads, &progress);
            (hole.seller, state)
        });
        let floor = self.store.sequence_floor().await?;
        let asked = states.filter(|(_, state)| *state != LogState::Unread).map(
            |(seller, state)| async move {
                let end = self.inbox.inbox_end(&seller).await?;
                Ok::<_, Error>((
                    seller,
                    match state {
                        LogState::Passed => HoleFinding::Lost { end, floor },
                        LogState::Unread | LogState::ReadElsewhere => HoleFinding::InboxEnd(end),
                    },
                ))
            },
        );
        let answers = stream::iter(asked).buffer_unordered(MAX_CONCURRENT_LOOKUPS);
        findings.extend(answers.try_collect::<Vec<_>>().await?);
        Ok(findings)
    }

    /// Answers what was found, and the holes whose events have left the outbox.
    async fn look_into_outbox(
        &self,
        holes: Vec<SequenceHole>,
    ) -> Result<(Vec<(SellerId, HoleFinding)>, Vec<SequenceHole>)> {
        let spans = holes.into_iter().map(|hole| async move {
            let span = self.store.outbox_span(&hole.seller).await?;
            Ok::<_, Error>((hole, span))
        });
        let spans: Vec<_> = stream::iter(spans)
            .buffer_unordered(MAX_CONCURRENT_LOOKUPS)
            .try_collect()
            .await?;
        let (mut findings, mut published) = (Vec::new(), Vec::new());
        for (hole, span) in spans {
            let through = match (&hole.proof, span) {
                (LossProof::Outbox { through }, Some((first, _))) if first <= *through => *through,
                (LossProof::Open, Some((_, last))) => last,
                _ => {
                    published.push(hole);
                    continue;
                }
            };
            let proof = LossProof::Outbox { through };
            findings.push((hole.seller, HoleFinding::Proven(proof)));
        }
        Ok((findings, published))
    }
}

impl SequenceHole {
    /// Where the partitions end now that the seller's events may be in. What the group has done
    /// already needs no reading.
    fn unread_ends(&self, progress: &[PartitionProgress]) -> Vec<(PartitionKey, i64)> {
        let count = |topic| {
            let of_topic = progress.iter().filter(|place| place.topic == topic);
            u32::try_from(of_topic.count()).unwrap_or(u32::MAX)
        };
        let key = self.seller.as_str().as_bytes();
        let ours = progress.iter().filter(|place| {
            // An engine may leave empty partitions out, so that their number says less.
            place.partition == self.partition
                || place.partition == partition_of(key, count(place.topic))
        });
        let unread = ours.filter(|place| place.done < place.next);
        unread
            .map(|place| ((place.topic, place.partition), place.next))
            .collect()
    }

    fn log_state(&self, reads: &PartitionReads, progress: &[PartitionProgress]) -> LogState {
        let LossProof::Log { ends } = &self.proof else {
            return LogState::Unread;
        };
        let mut state = LogState::Passed;
        for (key, end) in ends {
            let here = reads.read_to(*key);
            let of_key = |place: &&PartitionProgress| (place.topic, place.partition) == *key;
            let elsewhere = progress.iter().find(of_key).map_or(0, |place| place.done);
            if here.max(elsewhere) >= *end || self.passed_topics.contains(&key.0) {
                continue;
            }
            if elsewhere <= here {
                return LogState::Unread;
            }
            state = LogState::ReadElsewhere;
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use pm_common::ports::broker::PartitionOffset;

    use super::*;

    fn place(topic: Topic, partition: u32, done: i64, next: i64) -> PartitionProgress {
        PartitionProgress {
            topic,
            partition,
            done,
            next,
        }
    }

    fn hole(ends: Vec<(PartitionKey, i64)>) -> SequenceHole {
        SequenceHole {
            seller: SellerId::parse("s").unwrap(),
            proof: LossProof::Log { ends },
            partition: 0,
            passed_topics: BTreeSet::from([Topic::ProductDeleted]),
        }
    }

    /// Red when: a topic with another number of partitions is passed over.
    #[test]
    fn ends_are_those_of_the_sellers_partitions() {
        let other = partition_of(b"s", 3);
        let mut progress: Vec<_> = (0..3)
            .map(|partition| place(Topic::ProductUpdated, partition, 1, 5))
            .collect();
        progress.push(place(Topic::ProductCreated, 0, 2, 7));
        progress.push(place(Topic::ProductLowStock, 0, 9, 9));
        let mut wanted = BTreeSet::from([
            ((Topic::ProductCreated, 0), 7),
            ((Topic::ProductUpdated, 0), 5),
        ]);
        wanted.insert(((Topic::ProductUpdated, other), 5));
        let ends = hole(Vec::new()).unread_ends(&progress);
        assert_eq!(ends.into_iter().collect::<BTreeSet<_>>(), wanted);
    }

    /// Red when: an event counts as lost before all of its log was read, or a partition that another
    /// member reads is waited for here.
    #[test]
    fn a_loss_takes_the_whole_log() {
        let (created, updated) = ((Topic::ProductCreated, 0), (Topic::ProductUpdated, 0));
        let hole = hole(vec![
            (created, 5),
            (updated, 3),
            ((Topic::ProductDeleted, 0), 99),
        ]);
        let mut reads = PartitionReads::new();
        let read = |(topic, partition): PartitionKey, next| PartitionOffset {
            topic,
            partition,
            next,
        };
        reads.mark_read(&[read(created, 5), read(updated, 2)]);
        assert_eq!(hole.log_state(&reads, &[]), LogState::Unread);
        let progress = [place(Topic::ProductUpdated, 0, 1, 9)];
        assert_eq!(hole.log_state(&reads, &progress), LogState::Unread);
        reads.forget(&[updated]);
        assert_eq!(hole.log_state(&reads, &progress), LogState::ReadElsewhere);
        let done = [place(Topic::ProductUpdated, 0, 3, 9)];
        assert_eq!(hole.log_state(&reads, &done), LogState::Passed);
    }
}
