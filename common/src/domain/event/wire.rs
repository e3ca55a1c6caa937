//! Events as message values: `{"eventId","eventType","timestamp","sequence","version","import"?,"data"}`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Event, EventData, EventKind, ImportGroup};
use crate::domain::clock::Timestamp;

/// The envelope as it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeOut<'a, T> {
    event_id: &'a str,
    event_type: EventKind,
    timestamp: i64,
    sequence: i64,
    version: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<&'a ImportGroup>,
    data: &'a T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeIn<'a> {
    event_id: String,
    event_type: EventKind,
    timestamp: i64,
    sequence: i64,
    version: i64,
    import: Option<ImportGroup>,
    #[serde(borrow)]
    data: &'a RawValue,
}

impl Event {
    /// The message value.
    pub fn encode(&self) -> Vec<u8> {
        match &self.data {
            EventData::ProductCreated(data) | EventData::ProductUpdated(data) => {
                self.encode_with(data)
            }
            EventData::ProductDeleted(data) => self.encode_with(data),
            EventData::LowStockWarning(data) => self.encode_with(data),
            EventData::ImportCompleted(data) => self.encode_with(data),
        }
    }

    fn encode_with<T: Serialize>(&self, data: &T) -> Vec<u8> {
        let envelope = EnvelopeOut {
            event_id: &self.event_id,
            event_type: self.kind(),
            timestamp: self.timestamp.millis(),
            sequence: self.sequence,
            version: self.version,
            import: self.import.as_ref(),
            data,
        };
        // Writing plain data to memory cannot fail.
        serde_json::to_vec(&envelope).unwrap_or_default()
    }

    /// Reads a message value.
    pub fn decode(value: &[u8]) -> Result<Self, serde_json::Error> {
        let envelope: EnvelopeIn<'_> = serde_json::from_slice(value)?;
        let raw = envelope.data.get();
        let data = match envelope.event_type {
            EventKind::ProductCreated => EventData::ProductCreated(serde_json::from_str(raw)?),
            EventKind::ProductUpdated => EventData::ProductUpdated(serde_json::from_str(raw)?),
            EventKind::ProductDeleted => EventData::ProductDeleted(serde_json::from_str(raw)?),
            EventKind::LowStockWarning => EventData::LowStockWarning(serde_json::from_str(raw)?),
            EventKind::ImportCompleted => EventData::ImportCompleted(serde_json::from_str(raw)?),
        };
        Ok(Self {
            event_id: envelope.event_id,
            timestamp: Timestamp::from_millis(envelope.timestamp),
            sequence: envelope.sequence,
            version: envelope.version,
            import: envelope.import,
            data,
        })
    }
}
