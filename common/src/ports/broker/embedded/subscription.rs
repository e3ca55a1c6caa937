//! Reading the embedded log for one group: rows by arrival, behind what the group committed.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::{FromRow, SqliteConnection};

use super::{
    super::{Delivery, Group, Offset, Polled, Subscription},
    Log, places, topic_named,
};
use crate::{
    domain::{
        clock::Timestamp,
        error::{Error, Result},
        record::{self, Topic},
    },
    engines::sqlite_db::failed,
};

/// How often a waiting subscription looks by itself, for messages that another process appended.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct LogSubscription {
    log: Arc<Log>,
    group: Group,
    /// What the group had committed when this subscription began.
    committed: HashMap<(Topic, u32), i64>,
    /// The row read last.
    after: i64,
    /// Messages read and not yet handed out.
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

impl LogSubscription {
    /// Starts at the oldest row with a message that the group has not committed.
    pub(super) async fn join(log: Arc<Log>, group: Group) -> Result<Self> {
        let mut snapshot = log.database.readers().begin().await.map_err(failed)?;
        let mut after: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) FROM blocks")
            .fetch_one(&mut *snapshot)
            .await
            .map_err(failed)?;
        let mut committed = HashMap::new();
        for place in places(&mut *snapshot, group).await? {
            if place.has_events() && place.committed < place.next {
                let first =
                    first_row(&mut snapshot, place.topic, place.partition, place.committed).await?;
                after = after.min(first.map_or(after, |id| id - 1));
            }
            committed.insert((place.topic, place.partition), place.committed);
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
                self.ready.extend(unpack(&row, &self.committed)?);
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
impl Subscription for LogSubscription {
    async fn poll(&mut self, max: usize) -> Result<Polled> {
        let max = max.max(1);
        let mut appended = self.log.appended.subscribe();
        loop {
            if self.ready.is_empty() {
                // Whatever is appended from here on ends the wait below.
                appended.mark_unchanged();
                self.read(max).await?;
            }
            if !self.ready.is_empty() {
                let count = max.min(self.ready.len());
                return Ok(Polled {
                    // There is no other process to take partitions over.
                    revoked: Vec::new(),
                    deliveries: self.ready.drain(..count).collect(),
                });
            }
            // Whether it was told or only waited long enough, it looks again.
            let _ = tokio::time::timeout(LOOK_AGAIN, appended.changed()).await;
        }
    }

    async fn commit(&mut self, offsets: &[Offset]) -> Result<()> {
        if offsets.is_empty() {
            return Ok(());
        }
        let (group, offsets) = (self.group, offsets.to_vec());
        self.log
            .database
            .write(move |connection| {
                Box::pin(async move {
                    for offset in &offsets {
                        store(connection, group, offset).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

/// The first row that holds a message at or behind `offset`.
async fn first_row(
    reader: &mut SqliteConnection,
    topic: Topic,
    partition: u32,
    offset: i64,
) -> Result<Option<i64>> {
    sqlx::query_scalar(
        "SELECT id FROM blocks WHERE topic = ?1 AND partition = ?2 AND end_offset > ?3
         ORDER BY end_offset LIMIT 1",
    )
    .bind(topic.as_str())
    .bind(partition)
    .bind(offset)
    .fetch_optional(reader)
    .await
    .map_err(failed)
}

/// The messages of a row that the group has yet to see; none of a dead letter topic.
fn unpack(row: &BlockRow, committed: &HashMap<(Topic, u32), i64>) -> Result<Vec<Delivery>> {
    let topic = topic_named(&row.topic)?;
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

/// Never moves a group backwards: what was done once stays done.
async fn store(connection: &mut SqliteConnection, group: Group, offset: &Offset) -> Result<()> {
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
