//! Messages on their way between the outbox, the broker and the consumers, and the block format
//! that packs many of them into one row.

use std::time::Duration;

use bytes::Bytes;

use crate::domain::{
    error::Error,
    event::{Event, EventKind},
};

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    ProductCreated,
    ProductUpdated,
    ProductDeleted,
    ProductLowStock,
    ImportCompleted,
    /// What the notification consumer could not read.
    NotificationsDlq,
    /// What the analytics consumer could not read.
    AnalyticsDlq,
}

impl Topic {
    /// The topics that carry events.
    pub const EVENTS: [Self; 5] = [
        Self::ProductCreated,
        Self::ProductUpdated,
        Self::ProductDeleted,
        Self::ProductLowStock,
        Self::ImportCompleted,
    ];

    /// Every topic; a topic's place here is its code in stored blocks.
    pub const ALL: [Self; 7] = [
        Self::ProductCreated,
        Self::ProductUpdated,
        Self::ProductDeleted,
        Self::ProductLowStock,
        Self::ImportCompleted,
        Self::NotificationsDlq,
        Self::AnalyticsDlq,
    ];

    /// The name on the broker.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProductCreated => "product.created",
            Self::ProductUpdated => "product.updated",
            Self::ProductDeleted => "product.deleted",
            Self::ProductLowStock => "product.lowstock",
            Self::ImportCompleted => "import.completed",
            Self::NotificationsDlq => "notifications-dlq",
            Self::AnalyticsDlq => "analytics-dlq",
        }
    }

    /// The topic with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == name)
    }

    /// The topic of an event.
    pub const fn of(kind: EventKind) -> Self {
        match kind {
            EventKind::ProductCreated => Self::ProductCreated,
            EventKind::ProductUpdated => Self::ProductUpdated,
            EventKind::ProductDeleted => Self::ProductDeleted,
            EventKind::LowStockWarning => Self::ProductLowStock,
            EventKind::ImportCompleted => Self::ImportCompleted,
        }
    }
}

/// How long the broker keeps events; one that is older cannot be read any more.
pub const LOG_RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Header names of an event's message.
pub mod header {
    pub const EVENT_TYPE: &str = "eventType";
    pub const SELLER_ID: &str = "sellerId";
    pub const EVENT_ID: &str = "eventId";
    pub const SEQUENCE: &str = "sequence";
    /// Only on events that an import caused.
    pub const IMPORT_ID: &str = "importId";
    /// Only on the last event of an import batch, which covers the events from here on.
    pub const FIRST_SEQUENCE: &str = "firstSequence";
}

/// A message: its key decides the partition, equal keys stay in order within a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub topic: Topic,
    /// The seller's id, for events.
    pub key: String,
    pub headers: Vec<(String, String)>,
    pub value: Bytes,
}

impl Record {
    /// The message of an event.
    pub fn of(event: &Event) -> Self {
        let kind = event.kind();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut headers = vec![
            pair(header::EVENT_TYPE, kind.as_str()),
            pair(header::SELLER_ID, event.seller_id().as_str()),
            pair(header::EVENT_ID, &event.event_id),
            pair(header::SEQUENCE, &event.sequence.to_string()),
        ];
        if let Some(import_id) = event.data.import_id() {
            headers.push(pair(header::IMPORT_ID, import_id));
        }
        if let Some(group) = &event.import {
            headers.push(pair(
                header::FIRST_SEQUENCE,
                &group.first_sequence.to_string(),
            ));
        }
        Self {
            topic: Topic::of(kind),
            key: event.seller_id().as_str().to_owned(),
            headers,
            value: event.encode().into(),
        }
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

const PLAIN_BLOCK: u8 = 0;
const ZSTD_BLOCK: u8 = 1;
/// Blocks below this size are stored as they are.
const COMPRESS_FROM: usize = 1024;
/// Fast, and events are repetitive.
const ZSTD_LEVEL: i32 = 1;

/// Packs messages into one block: a format byte, then topic code, key, headers and value of each,
/// every part after its length (u32, little endian). Large blocks are compressed with zstd.
pub fn encode_block(records: &[Record]) -> Vec<u8> {
    let mut plain = vec![PLAIN_BLOCK];
    for record in records {
        plain.push(topic_code(record.topic));
        put(&mut plain, record.key.as_bytes());
        put_len(&mut plain, record.headers.len());
        for (name, value) in &record.headers {
            put(&mut plain, name.as_bytes());
            put(&mut plain, value.as_bytes());
        }
        put(&mut plain, &record.value);
    }
    if plain.len() < COMPRESS_FROM {
        return plain;
    }
    match zstd::bulk::compress(&plain[1..], ZSTD_LEVEL) {
        Ok(mut packed) => {
            packed.insert(0, ZSTD_BLOCK);
            packed
        }
        // Compression only saves space; without it the block is just larger.
        Err(_) => plain,
    }
}

/// Unpacks a block.
pub fn decode_block(block: &[u8]) -> Result<Vec<Record>, Error> {
    let corrupt = || Error::Corrupt("a block of messages cannot be read".to_owned());
    let plain: Bytes = match block.split_first() {
        Some((&PLAIN_BLOCK, rest)) => Bytes::copy_from_slice(rest),
        Some((&ZSTD_BLOCK, rest)) => zstd::stream::decode_all(rest)
            .map_err(|_| corrupt())?
            .into(),
        _ => return Err(corrupt()),
    };
    let mut cursor = BlockReader {
        block: plain,
        at: 0,
    };
    let mut records = Vec::new();
    while cursor.at < cursor.block.len() {
        records.push(cursor.record().ok_or_else(corrupt)?);
    }
    Ok(records)
}

fn topic_code(topic: Topic) -> u8 {
    let place = Topic::ALL.iter().position(|other| *other == topic);
    place
        .and_then(|place| u8::try_from(place).ok())
        .unwrap_or(u8::MAX)
}

fn put_len(block: &mut Vec<u8>, len: usize) {
    block.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
}

fn put(block: &mut Vec<u8>, part: &[u8]) {
    put_len(block, part.len());
    block.extend_from_slice(part);
}

struct BlockReader {
    block: Bytes,
    at: usize,
}

impl BlockReader {
    fn take(&mut self, len: usize) -> Option<Bytes> {
        let end = self
            .at
            .checked_add(len)
            .filter(|end| *end <= self.block.len())?;
        let part = self.block.slice(self.at..end);
        self.at = end;
        Some(part)
    }

    fn len(&mut self) -> Option<usize> {
        let bytes: [u8; 4] = self.take(4)?.as_ref().try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    }

    fn part(&mut self) -> Option<Bytes> {
        let len = self.len()?;
        self.take(len)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.part()?.to_vec()).ok()
    }

    fn record(&mut self) -> Option<Record> {
        let topic = *Topic::ALL.get(usize::from(*self.take(1)?.first()?))?;
        let key = self.text()?;
        let headers = self.len()?;
        let headers = (0..headers)
            .map(|_| Some((self.text()?, self.text()?)))
            .collect::<Option<_>>()?;
        Some(Record {
            topic,
            key,
            headers,
            value: self.part()?,
        })
    }
}

/// The partition of a key: Kafka's default, `(murmur2(key) & 0x7fffffff) % partitions`, so that
/// every client agrees.
pub fn partition_of(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) & 0x7fff_ffff) % partitions.max(1)
}

/// MurmurHash2 (Austin Appleby, public domain) with the seed of Kafka's Java client.
fn murmur2(key: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let len = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let mut hash = 0x9747_b28c ^ len;
    let (words, tail) = key.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !tail.is_empty() {
        let bits = tail
            .iter()
            .rev()
            .fold(0, |bits, byte| bits << 8 | u32::from(*byte));
        hash = (hash ^ bits).wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 15
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        clock::Timestamp,
        event::{self, EventContext, ImportGroup},
        import_job::ImportCounts,
        money::Price,
        product::NewProduct,
        seller::SellerId,
    };
    use crate::support::samples::new_lamp;

    fn record(value: &[u8]) -> Record {
        Record {
            topic: Topic::ProductLowStock,
            key: "seller-1".to_owned(),
            headers: vec![("eventType".to_owned(), "LowStockWarning".to_owned())],
            value: Bytes::copy_from_slice(value),
        }
    }

    #[test]
    fn blocks_come_back_whole_and_damage_is_noticed() {
        for values in [
            vec![],
            vec![record(b"{}")],
            vec![record(&[7; 5000]), record(b"")],
        ] {
            let block = encode_block(&values);
            assert_eq!(decode_block(&block).unwrap(), values);
            assert!(decode_block(&block[..block.len() - 1]).is_err());
        }
        assert!(decode_block(&[9]).is_err());
    }

    /// Values of Kafka's own test of its Java client's hash.
    #[test]
    fn partitions_as_kafka_does() {
        for (key, hash) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            (
                "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()), hash.cast_unsigned(), "{key}");
        }
    }

    #[test]
    fn a_message_carries_its_events_headers() {
        let lamp = NewProduct {
            price: Price::parse("5").unwrap(),
            quantity: 3,
            ..new_lamp()
        };
        let seller = SellerId::parse("seller-1").unwrap();
        let at = Timestamp::from_millis(1000);
        let context = EventContext {
            default_threshold: 10,
            import_id: Some("imp_1"),
            reason: None,
        };
        let drafts = event::created(&lamp.into_product(7, seller, at), context);
        let mut event = drafts.into_iter().nth(1).unwrap().seal(42, at);
        let headers = |record: &Record| {
            let pairs = record.headers.iter();
            pairs
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let record = Record::of(&event);
        assert_eq!(
            (record.topic, record.key.as_str()),
            (Topic::ProductLowStock, "seller-1")
        );
        assert_eq!(
            headers(&record),
            "eventType=LowStockWarning sellerId=seller-1 \
             eventId=seller-1-7-LowStockWarning-1 sequence=42 importId=imp_1"
        );
        assert_eq!(record.header(header::SEQUENCE), Some("42"));
        assert_eq!(record.header(header::FIRST_SEQUENCE), None);
        assert_eq!(record.value, event.encode());

        event.import = Some(ImportGroup {
            import_id: "imp_1".to_owned(),
            file_name: "products.csv".to_owned(),
            first_sequence: 41,
            bytes_done: 1,
            bytes_total: 2,
            counts: ImportCounts::default(),
        });
        assert_eq!(
            Record::of(&event).header(header::FIRST_SEQUENCE),
            Some("41")
        );
    }

    #[test]
    fn topics_are_found_by_name() {
        for topic in Topic::ALL {
            assert_eq!(Topic::from_name(topic.as_str()), Some(topic));
        }
        assert_eq!(Topic::from_name("product.invented"), None);
        assert_eq!(Topic::ALL[..5], Topic::EVENTS);
    }

    fn any_record() -> impl Strategy<Value = Record> {
        let header = (any::<String>(), any::<String>());
        let parts = (
            prop::sample::select(&Topic::ALL[..]),
            any::<String>(),
            prop::collection::vec(header, 0..4),
            prop::collection::vec(any::<u8>(), 0..2000),
        );
        parts.prop_map(|(topic, key, headers, value)| Record {
            topic,
            key,
            headers,
            value: value.into(),
        })
    }

    proptest! {
        #[test]
        fn any_messages_come_back(records in prop::collection::vec(any_record(), 0..6)) {
            prop_assert_eq!(decode_block(&encode_block(&records)).unwrap(), records);
        }

        /// Whatever is read, the answer is messages or an error.
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(records) = decode_block(&bytes) {
                prop_assert!(records.len() <= bytes.len());
            }
        }
    }
}
