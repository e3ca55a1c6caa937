//! The broker inside one process: a durable log in one SQLite file.
//!
//! `publish` appends one row per topic and partition, each holding many messages; offsets are
//! dense from 0. Rows are read in the order of their arrival, which keeps every partition in order
//! and all of them fair, and brings a seller's events of several topics nearly in sequence.
//!
//! A group has one member: subscriptions share nothing, a new one takes over where the group
//! committed last. Drop the old one first, or both read everything.

mod subscription;

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    path::Path,
    sync::Arc,
};

use async_trait::async_trait;
use sqlx::{Executor, FromRow, Sqlite, SqliteConnection};
use tokio::sync::watch;

use self::subscription::LogSubscription;
use super::{Broker, Group, Subscription};
use crate::{
    clock::{self, Timestamp},
    error::{Error, Result},
    record::{self, Record, Topic},
    sqlite::{Database, failed},
};

/// Messages and bytes of a block at most, so that reading one is a small step.
const BLOCK_MESSAGES: usize = 1000;
const BLOCK_BYTES: usize = 1024 * 1024;
/// Rows looked at by one step of a sweep, so that other writes come in between.
const SWEEP_STEP: i64 = 500;

/// The open log, shared with its subscriptions.
#[derive(Debug)]
struct Log {
    database: Database,
    /// Tells waiting subscriptions that there is more to read.
    appended: watch::Sender<()>,
}

#[derive(Debug)]
struct EmbeddedBroker {
    log: Arc<Log>,
    partitions: u32,
}

/// Opens or creates the log.
pub(super) async fn connect(path: &Path, partitions: u32) -> Result<Arc<dyn Broker>> {
    let migrations = sqlx::migrate!("../migrations/embedded/broker");
    let log = Log {
        database: Database::open(path, &migrations).await?,
        appended: watch::Sender::new(()),
    };
    Ok(Arc::new(EmbeddedBroker {
        log: Arc::new(log),
        partitions,
    }))
}

#[async_trait]
impl Broker for EmbeddedBroker {
    async fn publish(&self, records: Vec<Record>) -> Result<()> {
        let blocks = pack(records, self.partitions).await;
        if blocks.is_empty() {
            return Ok(());
        }
        let appended_at = clock::now();
        self.log
            .database
            .write(move |connection| {
                Box::pin(async move {
                    for block in &blocks {
                        append(connection, block, appended_at).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        self.log.appended.send_replace(());
        Ok(())
    }

    async fn subscribe(&self, group: Group) -> Result<Box<dyn Subscription>> {
        let subscription = LogSubscription::join(Arc::clone(&self.log), group).await?;
        Ok(Box::new(subscription))
    }

    async fn lag(&self, group: Group) -> Result<u64> {
        let places = places(self.log.database.readers(), group).await?;
        let waiting = places.iter().filter(|place| place.has_events());
        let lag: i64 = waiting.map(|place| place.next - place.committed).sum();
        Ok(u64::try_from(lag).unwrap_or(0))
    }

    async fn ping(&self) -> Result<()> {
        self.log.database.ping().await
    }

    /// Keeps every event that some group has not committed yet, however old it is.
    async fn sweep(&self, before: Timestamp) -> Result<()> {
        let mut done: BTreeMap<(Topic, u32), i64> = BTreeMap::new();
        for group in Group::ALL {
            for place in places(self.log.database.readers(), group).await? {
                let end = if place.has_events() {
                    place.committed
                } else {
                    place.next
                };
                done.entry((place.topic, place.partition))
                    .and_modify(|least| *least = end.min(*least))
                    .or_insert(end);
            }
        }
        for ((topic, partition), end) in done {
            self.sweep_partition(topic, partition, end, before).await?;
        }
        Ok(())
    }
}

impl EmbeddedBroker {
    async fn sweep_partition(
        &self,
        topic: Topic,
        partition: u32,
        end: i64,
        before: Timestamp,
    ) -> Result<()> {
        loop {
            let removed = self
                .log
                .database
                .write(move |connection| {
                    Box::pin(async move {
                        sqlx::query(
                            "DELETE FROM blocks WHERE topic = ?1 AND partition = ?2 AND end_offset <= (
                                SELECT MAX(end_offset) FROM (
                                    SELECT end_offset, appended_at FROM blocks
                                    WHERE topic = ?1 AND partition = ?2 AND end_offset <= ?3
                                    ORDER BY end_offset LIMIT ?5
                                ) WHERE appended_at < ?4
                            )",
                        )
                        .bind(topic.as_str())
                        .bind(partition)
                        .bind(end)
                        .bind(before.millis())
                        .bind(SWEEP_STEP)
                        .execute(connection)
                        .await
                        .map_err(failed)
                    })
                })
                .await?;
            if removed.rows_affected() == 0 {
                return Ok(());
            }
        }
    }
}

/// Messages of one topic and partition, packed.
struct Block {
    topic: Topic,
    partition: u32,
    messages: i64,
    packed: Vec<u8>,
}

/// Sorts messages by topic and partition, each in its order, and packs them; blocks come in the
/// order of their first messages.
async fn pack(records: Vec<Record>, partitions: u32) -> Vec<Block> {
    let mut runs: Vec<Run> = Vec::new();
    let mut open: HashMap<(Topic, u32), usize> = HashMap::new();
    for record in records {
        let partition = record::partition_of(record.key.as_bytes(), partitions);
        let fresh = runs.len();
        let place = match open.entry((record.topic, partition)) {
            Entry::Occupied(mut place) => {
                if runs[*place.get()].is_full() {
                    place.insert(fresh);
                }
                *place.get()
            }
            Entry::Vacant(place) => *place.insert(fresh),
        };
        if place == fresh {
            runs.push(Run::new(record.topic, partition));
        }
        runs[place].push(record);
    }
    let mut blocks = Vec::with_capacity(runs.len());
    for run in runs {
        if !blocks.is_empty() {
            // Compressing a large publish takes a while; others get their turn.
            tokio::task::yield_now().await;
        }
        blocks.push(run.pack());
    }
    blocks
}

/// Messages that will be one block.
struct Run {
    topic: Topic,
    partition: u32,
    bytes: usize,
    records: Vec<Record>,
}

impl Run {
    const fn new(topic: Topic, partition: u32) -> Self {
        Self {
            topic,
            partition,
            bytes: 0,
            records: Vec::new(),
        }
    }

    const fn is_full(&self) -> bool {
        self.records.len() >= BLOCK_MESSAGES || self.bytes >= BLOCK_BYTES
    }

    fn push(&mut self, record: Record) {
        self.bytes += record.value.len();
        self.records.push(record);
    }

    fn pack(self) -> Block {
        Block {
            topic: self.topic,
            partition: self.partition,
            messages: i64::try_from(self.records.len()).unwrap_or(i64::MAX),
            packed: record::encode_block(&self.records),
        }
    }
}

async fn append(
    connection: &mut SqliteConnection,
    block: &Block,
    appended_at: Timestamp,
) -> Result<()> {
    let end_offset: i64 = sqlx::query_scalar(
        "INSERT INTO heads (topic, partition, next_offset) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET next_offset = next_offset + excluded.next_offset
         RETURNING next_offset",
    )
    .bind(block.topic.as_str())
    .bind(block.partition)
    .bind(block.messages)
    .fetch_one(&mut *connection)
    .await
    .map_err(failed)?;
    sqlx::query(
        "INSERT INTO blocks (topic, partition, end_offset, messages, appended_at, block)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(block.topic.as_str())
    .bind(block.partition)
    .bind(end_offset)
    .bind(block.messages)
    .bind(appended_at.millis())
    .bind(&block.packed)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Where a partition ends and how far a group has come in it.
struct Place {
    topic: Topic,
    partition: u32,
    next: i64,
    committed: i64,
}

impl Place {
    fn has_events(&self) -> bool {
        Topic::EVENTS.contains(&self.topic)
    }
}

#[derive(FromRow)]
struct PlaceRow {
    topic: String,
    partition: u32,
    next: i64,
    committed: i64,
}

/// Every partition that ever had a message.
async fn places<'e>(
    reader: impl Executor<'e, Database = Sqlite>,
    group: Group,
) -> Result<Vec<Place>> {
    let rows: Vec<PlaceRow> = sqlx::query_as(
        "SELECT topic, partition, h.next_offset AS next, COALESCE(c.next_offset, 0) AS committed
         FROM heads h
         LEFT JOIN (SELECT * FROM commits WHERE consumers = ?1) c USING (topic, partition)",
    )
    .bind(group.as_str())
    .fetch_all(reader)
    .await
    .map_err(failed)?;
    let place = |row: PlaceRow| {
        Ok(Place {
            topic: topic_named(&row.topic)?,
            partition: row.partition,
            next: row.next,
            committed: row.committed,
        })
    };
    rows.into_iter().map(place).collect()
}

fn topic_named(name: &str) -> Result<Topic> {
    Topic::from_name(name)
        .ok_or_else(|| Error::Corrupt(format!("the log has a topic {name:?} that nobody knows")))
}
