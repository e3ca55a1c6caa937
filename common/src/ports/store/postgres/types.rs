//! Money and time in PostgreSQL's binary format. Both are read and written directly: no detour over
//! text or floats, and the millisecond resolution of the domain on both ways.

use sqlx::{
    Decode, Encode, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef, types::Oid},
};

use crate::domain::clock::Timestamp;

/// A DECIMAL(10, 2) in whole cents, not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PgCents(pub i64);

/// A TIMESTAMPTZ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PgMoment(pub Timestamp);

/// Milliseconds from the Unix epoch to 2000-01-01, where PostgreSQL's time begins.
const EPOCH_MS: i64 = 946_684_800_000;
/// PostgreSQL's decimal digits count to this.
const DIGIT_BASE: i64 = 10_000;

impl From<PgCents> for i64 {
    fn from(cents: PgCents) -> Self {
        cents.0
    }
}

impl From<PgMoment> for Timestamp {
    fn from(moment: PgMoment) -> Self {
        moment.0
    }
}

impl PgCents {
    /// The bytes of a value: four digits of base 10,000, the last one after the point.
    pub(super) fn bytes(self) -> [u8; 16] {
        let (units, cents) = (self.0 / 100, self.0 % 100);
        let digits = [
            units / (DIGIT_BASE * DIGIT_BASE),
            units / DIGIT_BASE % DIGIT_BASE,
            units % DIGIT_BASE,
            cents * 100,
        ];
        // Count of digits, weight of the first one, sign, decimals.
        let mut bytes = [0, 4, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0];
        for (place, digit) in bytes[8..].chunks_exact_mut(2).zip(digits) {
            let digit = i16::try_from(digit).unwrap_or(0);
            place.copy_from_slice(&digit.to_be_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, digits) = bytes.split_first_chunk::<8>()?;
        let weight = i16::from_be_bytes([head[2], head[3]]);
        if head[4..6] != [0, 0] {
            return None;
        }
        let mut cents: i64 = 0;
        for (i, digit) in digits.as_chunks::<2>().0.iter().enumerate() {
            let digit = i64::from(i16::from_be_bytes(*digit));
            let place = i32::from(weight) - i32::try_from(i).ok()?;
            let worth = match u32::try_from(place) {
                Ok(place) => DIGIT_BASE.checked_pow(place)?.checked_mul(100 * digit)?,
                Err(_) if place == -1 && digit % 100 == 0 => digit / 100,
                Err(_) => return None,
            };
            cents = cents.checked_add(worth)?;
        }
        Some(Self(cents))
    }
}

impl PgMoment {
    /// The bytes of a value: microseconds.
    pub(super) fn bytes(self) -> [u8; 8] {
        let micros = (self.0.millis().saturating_sub(EPOCH_MS)).saturating_mul(1000);
        micros.to_be_bytes()
    }
}

impl Type<Postgres> for PgCents {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1700))
    }
}

impl PgHasArrayType for PgCents {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1231))
    }
}

impl Encode<'_, Postgres> for PgCents {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.bytes());
        Ok(IsNull::No)
    }
}

impl<'r> Decode<'r, Postgres> for PgCents {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        Self::from_bytes(value.as_bytes()?).ok_or_else(|| "not an amount in cents".into())
    }
}

impl Type<Postgres> for PgMoment {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1184))
    }
}

impl PgHasArrayType for PgMoment {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1185))
    }
}

impl Encode<'_, Postgres> for PgMoment {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.bytes());
        Ok(IsNull::No)
    }
}

impl<'r> Decode<'r, Postgres> for PgMoment {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let micros = i64::from_be_bytes(value.as_bytes()?.try_into()?);
        let millis = micros.div_euclid(1000).saturating_add(EPOCH_MS);
        Ok(Self(Timestamp::from_millis(millis)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the server sends them: without leading and trailing zeros.
    #[test]
    fn decimals_are_read_as_the_server_writes_them() {
        for (digits, weight, cents) in [
            (&[1_u16, 9_900][..], 0_i16, 199),
            (&[9_999, 9_999, 9_900], 1, 9_999_999_999),
            (&[100], -1, 1),
            (&[1], 1, 1_000_000),
            (&[], 0, 0),
        ] {
            let count = u16::try_from(digits.len()).unwrap().to_be_bytes();
            let mut bytes = [count, weight.to_be_bytes(), [0, 0], [0, 2]].concat();
            bytes.extend(digits.iter().flat_map(|digit| digit.to_be_bytes()));
            assert_eq!(PgCents::from_bytes(&bytes), Some(PgCents(cents)));
        }
        let nan = [0, 0, 0, 0, 0xC0, 0, 0, 0];
        assert_eq!(PgCents::from_bytes(&nan), None);
        let thousandth = [0, 1, 0xFF, 0xFF, 0, 0, 0, 3, 0, 10];
        assert_eq!(PgCents::from_bytes(&thousandth), None);
    }

    #[test]
    fn cents_come_back() {
        for cents in [0, 1, 99, 100, 10_050, 99_999_999, 9_999_999_999] {
            assert_eq!(
                PgCents::from_bytes(&PgCents(cents).bytes()),
                Some(PgCents(cents))
            );
        }
    }
}
