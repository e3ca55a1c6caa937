//! Events as one Parquet object: the envelope's fields as columns, the payload as the JSON text
//! that was sent. zstd throughout; a single row group.

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

const SCHEMA: &str = "message event {
    REQUIRED BYTE_ARRAY eventId (STRING);
    REQUIRED BYTE_ARRAY eventType (STRING);
    REQUIRED BYTE_ARRAY sellerId (STRING);
    REQUIRED INT64 sequence;
    REQUIRED INT64 version;
    REQUIRED INT64 timestamp (TIMESTAMP(MILLIS,true));
    REQUIRED BYTE_ARRAY data (STRING);
}";
/// Columns whose values hardly ever repeat, so that a dictionary would only cost time.
const DISTINCT: [&str; 2] = ["eventId", "data"];

/// A message's envelope; the payload stays as it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
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

/// The columns of one object, ready to be encoded on a blocking thread.
#[derive(Debug, Default)]
pub(super) struct Columns {
    event_id: Vec<ByteArray>,
    event_type: Vec<ByteArray>,
    seller_id: Vec<ByteArray>,
    sequence: Vec<i64>,
    version: Vec<i64>,
    timestamp: Vec<i64>,
    data: Vec<ByteArray>,
}

impl Columns {
    /// Takes the messages apart. One that is no event is an error that names its place.
    pub(super) fn of(deliveries: &[Delivery]) -> Result<Self> {
        let mut columns = Self::default();
        for delivery in deliveries {
            columns.push(delivery).map_err(|error| {
                let (topic, partition) = (delivery.record.topic.as_str(), delivery.partition);
                let offset = delivery.offset;
                Error::Corrupt(format!(
                    "the message at {topic}/{partition}/{offset} is no event: {error}"
                ))
            })?;
        }
        Ok(columns)
    }

    /// When the first event happened.
    pub(super) fn first_timestamp(&self) -> Option<Timestamp> {
        self.timestamp
            .first()
            .map(|millis| Timestamp::from_millis(*millis))
    }

    fn push(&mut self, delivery: &Delivery) -> serde_json::Result<()> {
        let value = &delivery.record.value;
        let envelope: Envelope<'_> = serde_json::from_slice(value)?;
        self.event_id.push(text(&envelope.event_id));
        self.event_type.push(text(&envelope.event_type));
        self.seller_id.push(text(&delivery.record.key));
        self.sequence.push(envelope.sequence);
        self.version.push(envelope.version);
        self.timestamp.push(envelope.timestamp);
        // Shares the message's bytes.
        let data = value.slice_ref(envelope.data.get().as_bytes());
        self.data.push(ByteArray::from(data));
        Ok(())
    }

    /// The object's bytes.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        self.write()
            .map_err(|error| Error::Corrupt(format!("events cannot be put into Parquet: {error}")))
    }

    fn write(&self) -> Result<Vec<u8>, ParquetError> {
        let schema = Arc::new(parse_message_type(SCHEMA)?);
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
    for name in DISTINCT {
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
