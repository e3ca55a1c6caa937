//! Many rows at once, in PostgreSQL's binary COPY format: the fastest way into a table. No text is parsed on
//! either side. The server trusts the form but checks every value as it does for an INSERT.

use sqlx::PgConnection;

use super::types::{PgCents, PgMoment};

/// What every stream begins with: the signature, no flags, no extension.
const COPY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// The length of a field that is null, and what follows the last row.
const NULL_LENGTH: i32 = -1;
const END_MARKER: i16 = -1;

/// Rows being encoded: each is begun with `row`, then one call per column.
#[derive(Debug)]
pub(super) struct CopyRows(Vec<u8>);

impl CopyRows {
    pub(super) fn new() -> Self {
        Self(COPY_HEADER.to_vec())
    }

    pub(super) fn row(&mut self, columns: i16) -> &mut Self {
        self.0.extend_from_slice(&columns.to_be_bytes());
        self
    }

    pub(super) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.len(value.len());
        self.0.extend_from_slice(value);
        self
    }

    pub(super) fn text(&mut self, value: &str) -> &mut Self {
        self.bytes(value.as_bytes())
    }

    pub(super) fn text_or_null(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    pub(super) fn int(&mut self, value: i32) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(super) fn int_or_null(&mut self, value: Option<i32>) -> &mut Self {
        match value {
            Some(value) => self.int(value),
            None => self.null(),
        }
    }

    pub(super) fn bigint(&mut self, value: i64) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(super) fn moment(&mut self, value: PgMoment) -> &mut Self {
        self.bytes(&value.bytes())
    }

    pub(super) fn cents(&mut self, value: PgCents) -> &mut Self {
        self.bytes(&value.bytes())
    }

    fn null(&mut self) -> &mut Self {
        self.0.extend_from_slice(&NULL_LENGTH.to_be_bytes());
        self
    }

    fn len(&mut self, len: usize) {
        let len = i32::try_from(len).unwrap_or(i32::MAX);
        self.0.extend_from_slice(&len.to_be_bytes());
    }

    /// Sends the rows to `statement`, a `COPY … FROM STDIN (FORMAT binary)`. The connection is
    /// out of COPY mode again whatever happens, unless it is lost.
    pub(super) async fn send(
        mut self,
        connection: &mut PgConnection,
        statement: &str,
    ) -> sqlx::Result<()> {
        self.0.extend_from_slice(&END_MARKER.to_be_bytes());
        let mut copy = connection.copy_in_raw(statement).await?;
        let sent = copy.send(self.0).await.map(|_| ());
        match sent {
            Ok(()) => copy.finish().await.map(|_| ()),
            Err(error) => {
                // The first error says why; the second only that it did.
                let _ = copy.abort("the rows could not be sent").await;
                Err(error)
            }
        }
    }
}
