//! Exact money: whole cents, never a binary fraction between the wire and the disk.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A product's price in cents: 1 to 9,999,999,999 (0.01 to 99,999,999.99).
///
/// On the wire it is a JSON number with at most two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(i64);

/// A sum of money in cents, wide enough for any number of products; may be negative (a change).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(i128);

/// Why a text is not a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// Not a plain decimal number (`1e3`, `0x10`, `NaN`, `1,5`).
    #[error("must be a plain decimal number such as 19.99")]
    Syntax,
    /// Zero or less after rounding to cents.
    #[error("must be greater than 0 after rounding to cents")]
    NotPositive,
    /// More than 99,999,999.99 after rounding.
    #[error("must be at most 99,999,999.99")]
    TooLarge,
}

impl Price {
    /// The largest price in cents.
    pub const MAX_CENTS: i64 = 9_999_999_999;

    /// Reads a plain decimal (`19`, `19.9`, `.5`, `+1.005`) and rounds half-up to cents.
    pub fn parse(text: &str) -> Result<Self, PriceError> {
        let (negative, digits) = match text.as_bytes() {
            [b'-', ..] => (true, &text[1..]),
            [b'+', ..] => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
            return Err(PriceError::Syntax);
        }
        let whole = whole.trim_start_matches('0');
        if whole.len() > 8 {
            return Err(if negative {
                PriceError::NotPositive
            } else {
                PriceError::TooLarge
            });
        }
        let digit = |i: usize| {
            fraction
                .as_bytes()
                .get(i)
                .map_or(0, |b| i64::from(b - b'0'))
        };
        let units = whole
            .bytes()
            .fold(0, |sum, b| sum * 10 + i64::from(b - b'0'));
        let rounded_up = i64::from(digit(2) >= 5);
        let cents = units * 100 + digit(0) * 10 + digit(1) + rounded_up;
        Self::from_cents(if negative { -cents } else { cents })
    }

    /// From whole cents, within the limits above.
    pub const fn from_cents(cents: i64) -> Result<Self, PriceError> {
        match cents {
            ..=0 => Err(PriceError::NotPositive),
            1..=Self::MAX_CENTS => Ok(Self(cents)),
            _ => Err(PriceError::TooLarge),
        }
    }

    /// Whole cents.
    pub const fn cents(self) -> i64 {
        self.0
    }

    /// Price times quantity.
    pub const fn times(self, quantity: i32) -> Amount {
        Amount(self.0 as i128 * quantity as i128)
    }
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From whole cents.
    pub const fn from_cents(cents: i128) -> Self {
        Self(cents)
    }

    /// Whole cents.
    pub const fn cents(self) -> i128 {
        self.0
    }

    /// The mean over `count` things, rounded half-up to cents; zero of nothing.
    pub const fn mean(self, count: i64) -> Self {
        if count <= 0 {
            return Self(0);
        }
        let count = count as i128;
        Self((2 * self.0 + count).div_euclid(2 * count))
    }
}

impl std::ops::Add for Amount {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Sub for Amount {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::ops::AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl From<Price> for Amount {
    fn from(price: Price) -> Self {
        Self(price.0.into())
    }
}

/// Writes cents as the shortest decimal: `19.99`, `19.9`, `19`, `-0.05`.
fn write_cents(f: &mut fmt::Formatter<'_>, cents: i128) -> fmt::Result {
    let sign = if cents < 0 { "-" } else { "" };
    let (units, rest) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
    match (rest / 10, rest % 10) {
        (0, 0) => write!(f, "{sign}{units}"),
        (tenths, 0) => write!(f, "{sign}{units}.{tenths}"),
        (tenths, hundredths) => write!(f, "{sign}{units}.{tenths}{hundredths}"),
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_cents(f, self.0.into())
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_cents(f, self.0)
    }
}

/// A number token goes out digit by digit, so no float touches it.
fn serialize_decimal<S: Serializer>(
    decimal: &impl fmt::Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let number: serde_json::Number = decimal
        .to_string()
        .parse()
        .map_err(serde::ser::Error::custom)?;
    number.serialize(serializer)
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_decimal(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        Self::parse(&number.to_string()).map_err(de::Error::custom)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_decimal(self, serializer)
    }
}

impl FromStr for Amount {
    type Err = PriceError;

    /// Reads a plain decimal with at most two decimals, of either sign.
    fn from_str(text: &str) -> Result<Self, PriceError> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let decimal = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || fraction.len() > 2 || !decimal(whole) || !decimal(fraction) {
            return Err(PriceError::Syntax);
        }
        let cents: i128 = format!("{whole}{fraction:0<2}")
            .parse()
            .map_err(|_| PriceError::TooLarge)?;
        Ok(Self(if digits.len() < text.len() {
            -cents
        } else {
            cents
        }))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        number.to_string().parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_half_up_and_refuses_the_rest() {
        for (text, cents) in [
            ("1.005", 101),
            ("0.005", 1),
            ("19.99", 1999),
            ("19.9", 1990),
            ("19", 1900),
            (".5", 50),
            ("0099.10", 9910),
            ("99999999.99", 9_999_999_999),
            ("+2", 200),
            ("1.0049999", 100),
            ("99999999.994", 9_999_999_999),
        ] {
            assert_eq!(Price::parse(text).unwrap().cents(), cents, "{text}");
        }
        for text in ["0.004", "0", "-0", "-1", "-999999999999"] {
            assert_eq!(Price::parse(text), Err(PriceError::NotPositive), "{text}");
        }
        for text in ["99999999.995", "100000000", "9223372036854775808"] {
            assert_eq!(Price::parse(text), Err(PriceError::TooLarge), "{text}");
        }
        for text in [
            "", ".", "-", "1e3", "0x10", "NaN", "inf", "1,5", "1 0", "1.2.3", "٣",
        ] {
            assert_eq!(Price::parse(text), Err(PriceError::Syntax), "{text}");
        }
    }

    #[test]
    fn is_a_json_number_without_a_float() {
        let price = Price::parse("99999999.99").unwrap();
        assert_eq!(serde_json::to_string(&price).unwrap(), "99999999.99");
        assert_eq!(
            serde_json::from_str::<Price>("19.90").unwrap().cents(),
            1990
        );
        for cents in [0, -5, 12_345, 170_141_183_460_469_231] {
            let amount = Amount::from_cents(cents);
            let json = serde_json::to_string(&amount).unwrap();
            assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), amount);
        }
        assert_eq!(Amount::from_cents(-5).to_string(), "-0.05");
        assert_eq!(Amount::from_cents(5).mean(2).cents(), 3);
    }
}
