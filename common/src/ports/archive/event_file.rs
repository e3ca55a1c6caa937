//! Events as one Parquet file: the envelope's fields are columns, the payload is a column with the
//! original JSON text. One row group, compressed with zstd.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use parquet::{
    basic::{Compression, ZstdLevel},
    data_type::{ByteArray, ByteArrayType, DataType, Int64Type},
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::{parser::parse_message_type, types::ColumnPath},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    domain::{
        clock::Timestamp,
        error::{Error, Result},
    },
    ports::broker::Delivery,
};

const EVENT_SCHEMA: &str = "message event {
    REQUIRED BYTE_ARRAY eventId (STRING);
    REQUIRED BYTE_ARRAY eventType (STRING);
    REQUIRED BYTE_ARRAY sellerId (STRING);
    REQUIRED INT64 sequence;
    REQUIRED INT64 version;
    REQUIRED INT64 timestamp (TIMESTAMP(MILLIS,true));
    REQUIRED BYTE_ARRAY data (STRING);
}";
/// Their values hardly ever repeat, so a dictionary would only cost time.
const NON_DICTIONARY_COLUMNS: [&str; 2] = ["eventId", "data"];

/// A message's envelope, with the payload unparsed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventEnvelope<'a> {
    #[serde(borrow)]
    event_id: Cow<'a, str>,
    #[serde(borrow)]
    event_type: Cow<'a, str>,
    timestamp: i64,
    sequence: i64,
    version: i64,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// The columns of one file, to be encoded on a blocking thread.
#[derive(Debug, Default)]
pub(super) struct EventColumns {
    event_id: Vec<ByteArray>,
    event_type: Vec<ByteArray>,
    seller_id: Vec<ByteArray>,
    sequence: Vec<i64>,
    version: Vec<i64>,
    timestamp: Vec<i64>,
    data: Vec<ByteArray>,
}

impl EventColumns {
    /// Parses the messages. The error for one that is not an event names its position.
    pub(super) fn of(deliveries: &[Delivery]) -> Result<Self> {
        let mut columns = Self::default();
        for delivery in deliveries {
            columns.push(delivery).map_err(|error| {
                let (topic, partition) = (delivery.record.topic.as_str(), delivery.partition);
                let offset = delivery.offset;
                Error::Corrupt(format!(
                    "the message at {topic}/{partition}/{offset} is not an event: {error}"
                ))
            })?;
        }
        Ok(columns)
    }

    /// The time of the first event.
    pub(super) fn first_timestamp(&self) -> Option<Timestamp> {
        self.timestamp
            .first()
            .map(|millis| Timestamp::from_millis(*millis))
    }

    fn push(&mut self, delivery: &Delivery) -> serde_json::Result<()> {
        let value = &delivery.record.value;
        let envelope: EventEnvelope<'_> = serde_json::from_slice(value)?;
        self.event_id.push(text(&envelope.event_id));
        self.event_type.push(text(&envelope.event_type));
        self.seller_id.push(text(&delivery.record.key));
        self.sequence.push(envelope.sequence);
        self.version.push(envelope.version);
        self.timestamp.push(envelope.timestamp);
        // Shares the message's buffer.
        let data = value.slice_ref(envelope.data.get().as_bytes());
        self.data.push(ByteArray::from(data));
        Ok(())
    }

    /// The file's bytes.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        self.write().map_err(|error| {
            Error::Corrupt(format!("events cannot be encoded as Parquet: {error}"))
        })
    }

    fn write(&self) -> Result<Vec<u8>, ParquetError> {
        let schema = Arc::new(parse_message_type(EVENT_SCHEMA)?);
        let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties()))?;
        let mut group = writer.next_row_group()?;
        column::<ByteArrayType>(&mut group, &self.event_id)?;
        column::<ByteArrayType>(&mut group, &self.event_type)?;
        column::<ByteArrayType>(&mut group, &self.seller_id)?;
        column::<Int64Type>(&mut group, &self.sequence)?;
        column::<Int64Type>(&mut group, &self.version)?;
        column::<Int64Type>(&mut group, &self.timestamp)?;
        column::<ByteArrayType>(&mut group, &self.data)?;
        group.close()?;
        writer.into_inner()
    }
}

fn properties() -> WriterProperties {
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("pmd ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(zstd);
    for name in NON_DICTIONARY_COLUMNS {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), false);
    }
    properties.build()
}

/// Writes the next column of the schema.
fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    let mut column = group
        .next_column()?
        .ok_or_else(|| ParquetError::General("the schema has fewer columns".to_owned()))?;
    column.typed::<T>().write_batch(values, None, None)?;
    column.close()
}

fn text(text: &str) -> ByteArray {
    ByteArray::from(Bytes::copy_from_slice(text.as_bytes()))
}
