//! Reads the embedded log for one group: rows by arrival, after the group's committed offsets.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::{FromRow, SqliteConnection};

use super::{
    super::{ConsumerGroup, Delivery, PartitionOffset, PartitionProgress, PollBatch, Subscription},
    EmbeddedLog, failed, group_progress, parse_topic,
};
use crate::domain::{
    clock::Timestamp,
    error::{Error, Result},
    record::{self, Topic},
};

/// How often a waiting subscription polls, for messages that another process appended.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct EmbeddedSubscription {
    log: Arc<EmbeddedLog>,
    group: ConsumerGroup,
    /// The group's committed offsets when this subscription began.
    committed: HashMap<(Topic, u32), i64>,
    /// The row read last.
    after: i64,
    /// Messages that were read and not yet delivered.
    ready: VecDeque<Delivery>,
}

#[derive(FromRow)]
struct BlockRow {
    id: i64,
    topic: String,
    partition: u32,
    end_offset: i64,
    messages: i64,
    appended_at: i64,
    block: Vec<u8>,
}

impl EmbeddedSubscription {
    /// Starts at the oldest row with a message that the group has not committed.
    pub(super) async fn join(log: Arc<EmbeddedLog>, group: ConsumerGroup) -> Result<Self> {
        let mut snapshot = log.database.readers().begin().await.map_err(failed)?;
        let mut after: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) FROM blocks")
            .fetch_one(&mut *snapshot)
            .await
            .map_err(failed)?;
        let mut committed = HashMap::new();
        for progress in group_progress(&mut *snapshot, group).await? {
            if Topic::EVENTS.contains(&progress.topic) && progress.done < progress.next {
                let first = first_uncommitted_row(&mut snapshot, &progress).await?;
                after = after.min(first.map_or(after, |id| id - 1));
            }
            committed.insert((progress.topic, progress.partition), progress.done);
        }
        snapshot.rollback().await.map_err(failed)?;
        Ok(Self {
            log,
            group,
            committed,
            after,
            ready: VecDeque::new(),
        })
    }

    /// Reads rows until there are `max` messages or nothing is left. What was read so far is kept
    /// when the future is dropped.
    async fn read(&mut self, max: usize) -> Result<()> {
        let limit = u32::try_from(max).unwrap_or(u32::MAX);
        while self.ready.is_empty() {
            let mut seen = 0;
            let mut rows = sqlx::query_as::<_, BlockRow>(
                "SELECT id, topic, partition, end_offset, messages, appended_at, block
                 FROM blocks WHERE id > ?1 ORDER BY id LIMIT ?2",
            )
            .bind(self.after)
            .bind(limit)
            .fetch(self.log.database.readers());
            while let Some(row) = rows.try_next().await.map_err(failed)? {
                let id = row.id;
                self.ready
                    .extend(unpack_uncommitted(&row, &self.committed)?);
                self.after = id;
                seen += 1;
                if self.ready.len() >= max {
                    break;
                }
            }
            if seen < limit {
                break;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Subscription for EmbeddedSubscription {
    async fn poll(&mut self, max: usize) -> Result<PollBatch> {
        let max = max.max(1);
        let mut appended = self.log.appended.subscribe();
        loop {
            if self.ready.is_empty() {
                // Anything appended from here on ends the wait below.
                appended.mark_unchanged();
                self.read(max).await?;
            }
            if !self.ready.is_empty() {
                let count = max.min(self.ready.len());
                return Ok(PollBatch {
                    // No other process can take over partitions.
                    revoked: Vec::new(),
                    deliveries: self.ready.drain(..count).collect(),
                });
            }
            // Reads again, whether it was woken up or the interval has passed.
            let _ = tokio::time::timeout(POLL_INTERVAL, appended.changed()).await;
        }
    }

    async fn commit(&mut self, offsets: &[PartitionOffset]) -> Result<()> {
        if offsets.is_empty() {
            return Ok(());
        }
        let (group, offsets) = (self.group, offsets.to_vec());
        self.log
            .database
            .write(move |connection| {
                Box::pin(async move {
                    for offset in &offsets {
                        store_offset(connection, group, offset).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

async fn first_uncommitted_row(
    reader: &mut SqliteConnection,
    progress: &PartitionProgress,
) -> Result<Option<i64>> {
    sqlx::query_scalar(
        "SELECT id FROM blocks WHERE topic = ?1 AND partition = ?2 AND end_offset > ?3
         ORDER BY end_offset LIMIT 1",
    )
    .bind(progress.topic.as_str())
    .bind(progress.partition)
    .bind(progress.done)
    .fetch_optional(reader)
    .await
    .map_err(failed)
}

/// The messages of a row that the group has not committed; none of a dead letter topic.
fn unpack_uncommitted(
    row: &BlockRow,
    committed: &HashMap<(Topic, u32), i64>,
) -> Result<Vec<Delivery>> {
    let topic = parse_topic(&row.topic)?;
    let partition = row.partition;
    let from = committed.get(&(topic, partition)).copied().unwrap_or(0);
    if !Topic::EVENTS.contains(&topic) || row.end_offset <= from {
        return Ok(Vec::new());
    }
    let records = record::decode_block(&row.block)?;
    if i64::try_from(records.len()) != Ok(row.messages) {
        return Err(Error::Corrupt(format!(
            "the log's row {} does not hold the {} messages it should",
            row.id, row.messages
        )));
    }
    let offsets = row.end_offset - row.messages..row.end_offset;
    let delivery = |(offset, record)| Delivery {
        partition,
        offset,
        appended_at: Timestamp::from_millis(row.appended_at),
        record,
    };
    let all = offsets.zip(records);
    Ok(all
        .filter(|(offset, _)| *offset >= from)
        .map(delivery)
        .collect())
}

/// Never moves a group backwards.
async fn store_offset(
    connection: &mut SqliteConnection,
    group: ConsumerGroup,
    offset: &PartitionOffset,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO commits (consumers, topic, partition, next_offset) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET next_offset = MAX(next_offset, excluded.next_offset)",
    )
    .bind(group.as_str())
    .bind(offset.topic.as_str())
    .bind(offset.partition)
    .bind(offset.next)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}
