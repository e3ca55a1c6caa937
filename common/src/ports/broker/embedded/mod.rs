//! The broker inside one process: a durable log in one SQLite file.
//!
//! `publish` appends one row per topic and partition, each with many messages; offsets are dense
//! from 0. Rows are read in the order of their arrival, which keeps every partition in order and
//! all of them fair, and delivers a seller's events of several topics nearly in sequence.
//!
//! A group has one member: subscriptions share nothing, a new one starts at the last committed
//! offsets. Drop the old one first, or both read everything.

mod partition_batch;
mod subscription;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use async_trait::async_trait;
use sqlx::{Executor, FromRow, Sqlite, SqliteConnection};
use tokio::sync::watch;

use self::{
    partition_batch::{PackedBlock, pack_records},
    subscription::EmbeddedSubscription,
};
use super::{Broker, ConsumerGroup, PartitionProgress, PublishReport, Subscription};
use crate::{
    domain::{
        clock::{self, Timestamp},
        error::{Error, Result},
        port::Port,
        record::{self, Record, Topic},
    },
    engines::sqlite_db::{self, SqliteDb},
};

/// Rows of one delete of a sweep, so that other writes run in between.
const SWEEP_BATCH_ROWS: i64 = 500;

/// The open log, shared with its subscriptions.
#[derive(Debug)]
struct EmbeddedLog {
    database: SqliteDb,
    /// Wakes waiting subscriptions when messages were appended.
    appended: watch::Sender<()>,
}

#[derive(Debug)]
struct EmbeddedBroker {
    log: Arc<EmbeddedLog>,
    partitions: u32,
}

/// Opens or creates the log.
pub(super) async fn connect(path: &Path, partitions: u32) -> Result<Arc<dyn Broker>> {
    Ok(Arc::new(EmbeddedBroker::open(path, partitions).await?))
}

impl EmbeddedBroker {
    async fn append_all(&self, records: Vec<Record>) -> Result<()> {
        let blocks = pack_records(records, self.partitions).await;
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
}

#[async_trait]
impl Broker for EmbeddedBroker {
    async fn publish(&self, records: Vec<Record>) -> PublishReport {
        let messages = records.len();
        PublishReport::uniform(messages, self.append_all(records).await)
    }

    async fn subscribe(&self, group: ConsumerGroup) -> Result<Box<dyn Subscription>> {
        let subscription = EmbeddedSubscription::join(Arc::clone(&self.log), group).await?;
        Ok(Box::new(subscription))
    }

    async fn progress(&self, group: ConsumerGroup) -> Result<Vec<PartitionProgress>> {
        let mut all = group_progress(self.log.database.readers(), group).await?;
        all.retain(|place| Topic::EVENTS.contains(&place.topic));
        Ok(all)
    }

    async fn newest_records(&self) -> Result<Vec<Record>> {
        let last: Vec<(String, Vec<u8>)> = sqlx::query_as(
            "SELECT topic, block FROM blocks JOIN (SELECT topic, partition, MAX(end_offset) AS end_offset
                 FROM blocks GROUP BY topic, partition) USING (topic, partition, end_offset)",
        )
        .fetch_all(self.log.database.readers())
        .await
        .map_err(failed)?;
        let mut newest = Vec::new();
        for (topic, block) in last {
            if Topic::EVENTS.contains(&parse_topic(&topic)?) {
                newest.extend(record::decode_block(&block)?);
            }
        }
        Ok(newest)
    }

    async fn ping(&self) -> Result<()> {
        self.log.database.ping().await
    }

    async fn close(&self) {
        self.log.database.close().await;
    }

    /// Keeps every event that some group has not committed yet, however old it is.
    async fn sweep(&self, before: Timestamp) -> Result<()> {
        let mut done: BTreeMap<(Topic, u32), i64> = BTreeMap::new();
        for group in ConsumerGroup::ALL {
            for progress in group_progress(self.log.database.readers(), group).await? {
                let end = if Topic::EVENTS.contains(&progress.topic) {
                    progress.done
                } else {
                    progress.next
                };
                done.entry((progress.topic, progress.partition))
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
    async fn open(path: &Path, partitions: u32) -> Result<Self> {
        let migrations = sqlx::migrate!("../migrations/embedded/broker");
        let log = EmbeddedLog {
            database: SqliteDb::open(Port::Broker, path, &migrations).await?,
            appended: watch::Sender::new(()),
        };
        Ok(Self {
            log: Arc::new(log),
            partitions,
        })
    }

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
                        .bind(SWEEP_BATCH_ROWS)
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

async fn append(
    connection: &mut SqliteConnection,
    block: &PackedBlock,
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

#[derive(FromRow)]
struct ProgressRow {
    topic: String,
    partition: u32,
    next: i64,
    committed: i64,
}

/// A group's progress in every partition that ever had a message.
async fn group_progress<'e>(
    reader: impl Executor<'e, Database = Sqlite>,
    group: ConsumerGroup,
) -> Result<Vec<PartitionProgress>> {
    let rows: Vec<ProgressRow> = sqlx::query_as(
        "SELECT topic, partition, h.next_offset AS next, COALESCE(c.next_offset, 0) AS committed
         FROM heads h
         LEFT JOIN (SELECT * FROM commits WHERE consumers = ?1) c USING (topic, partition)",
    )
    .bind(group.as_str())
    .fetch_all(reader)
    .await
    .map_err(failed)?;
    let progress = |row: ProgressRow| {
        Ok(PartitionProgress {
            topic: parse_topic(&row.topic)?,
            partition: row.partition,
            next: row.next,
            done: row.committed,
        })
    };
    rows.into_iter().map(progress).collect()
}

fn parse_topic(name: &str) -> Result<Topic> {
    Topic::from_name(name)
        .ok_or_else(|| Error::Corrupt(format!("the log has an unknown topic {name:?}")))
}

/// The error kind of an engine failure.
fn failed(error: sqlx::Error) -> Error {
    sqlite_db::failed(Port::Broker, error)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::PartitionOffset, *};
    use crate::domain::record::partition_of;

    fn records(topic: Topic, count: usize) -> Vec<Record> {
        let record = |number: usize| Record {
            topic,
            key: "a".to_owned(),
            headers: Vec::new(),
            value: number.to_string().into(),
        };
        (0..count).map(record).collect()
    }

    async fn open(directory: &Path) -> EmbeddedBroker {
        let path = directory.join("log.db");
        EmbeddedBroker::open(&path, 4).await.unwrap()
    }

    async fn rows(broker: &EmbeddedBroker) -> i64 {
        let count = sqlx::query_scalar("SELECT COUNT(*) FROM blocks");
        count
            .fetch_one(broker.log.database.readers())
            .await
            .unwrap()
    }

    async fn commit(broker: &EmbeddedBroker, group: ConsumerGroup, next: i64) {
        let mut member = broker.subscribe(group).await.unwrap();
        let offset = PartitionOffset {
            topic: Topic::ProductCreated,
            partition: partition_of(b"a", 4),
            next,
        };
        member.commit(&[offset]).await.unwrap();
    }

    #[tokio::test]
    async fn packs_messages_into_few_rows() {
        let directory = tempfile::tempdir().unwrap();
        let broker = open(directory.path()).await;
        let mut mixed = records(Topic::ProductCreated, 2500);
        mixed.extend(records(Topic::ProductDeleted, 1));
        broker.publish_all(mixed).await.unwrap();
        assert_eq!(rows(&broker).await, 4);
    }

    /// Deletes only what is old and done by both groups; offsets and readers continue after it.
    #[tokio::test]
    async fn sweeps_what_every_group_has_committed() {
        let directory = tempfile::tempdir().unwrap();
        let broker = open(directory.path()).await;
        for _ in 0..SWEEP_BATCH_ROWS + 20 {
            broker
                .publish_all(records(Topic::ProductCreated, 2))
                .await
                .unwrap();
        }
        broker
            .publish_all(records(Topic::AnalyticsDlq, 2))
            .await
            .unwrap();
        let all = SWEEP_BATCH_ROWS + 21;
        let later = clock::now().plus(Duration::from_secs(60));
        let mut member = broker.subscribe(ConsumerGroup::Analytics).await.unwrap();

        broker.sweep(Timestamp::from_millis(0)).await.unwrap();
        assert_eq!(rows(&broker).await, all);
        broker.sweep(later).await.unwrap();
        assert_eq!(rows(&broker).await, all - 1, "dead letters go by age alone");
        commit(
            &broker,
            ConsumerGroup::Analytics,
            2 * (SWEEP_BATCH_ROWS + 20),
        )
        .await;
        broker.sweep(later).await.unwrap();
        assert_eq!(
            rows(&broker).await,
            all - 1,
            "the other group has yet to read them"
        );
        commit(&broker, ConsumerGroup::Notifications, 11).await;
        broker.sweep(later).await.unwrap();
        assert_eq!(rows(&broker).await, all - 1 - 5, "a half-read row stays");
        commit(
            &broker,
            ConsumerGroup::Notifications,
            2 * (SWEEP_BATCH_ROWS + 20),
        )
        .await;
        broker.sweep(later).await.unwrap();
        assert_eq!(rows(&broker).await, 0);

        broker
            .publish_all(records(Topic::ProductCreated, 1))
            .await
            .unwrap();
        let next = member.poll(10).await.unwrap().deliveries;
        assert_eq!(next[0].offset, 2 * (SWEEP_BATCH_ROWS + 20));
        assert_eq!(broker.lag(ConsumerGroup::Notifications).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_damaged_row_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let broker = open(directory.path()).await;
        broker
            .publish_all(records(Topic::ProductCreated, 3))
            .await
            .unwrap();
        let database = &broker.log.database;
        database
            .write(|connection| {
                Box::pin(async move {
                    let cut = "UPDATE blocks SET block = substr(block, 1, length(block) - 1)";
                    sqlx::query(cut).execute(connection).await.map_err(failed)
                })
            })
            .await
            .unwrap();
        let mut member = broker.subscribe(ConsumerGroup::Analytics).await.unwrap();
        assert!(matches!(member.poll(10).await, Err(Error::Corrupt(_))));
    }
}
