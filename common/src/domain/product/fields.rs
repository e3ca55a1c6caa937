//! One rule per field. A rule takes the text as it came and gives the stored value or says which
//! constraint it breaks; JSON bodies and CSV rows share them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Attributes;
use crate::domain::{
    message_text::{shortened, thousands},
    money::{Price, PriceError},
};

/// Longest name, in characters, after trimming.
pub const NAME_MAX: usize = 255;
/// Longest description, in characters.
pub const DESCRIPTION_MAX: usize = 2_000;
/// Longest category, in characters, after trimming.
pub const CATEGORY_MAX: usize = 100;
/// Longest sku, in characters, after trimming.
pub const SKU_MAX: usize = 100;
/// Longest reason of a stock change, in characters.
pub const REASON_MAX: usize = 255;
/// Largest attributes object, in bytes of its JSON.
pub const ATTRIBUTES_MAX_BYTES: usize = 16 * 1024;

/// A broken rule of one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The field's wire name.
    pub field: String,
    /// The rule, for programs: `required`, `type`, `max_length`, `min`, `max`, `format`, `unknown`, …
    pub constraint: String,
    /// One plain sentence that names the field.
    pub message: String,
    /// The offending value as it was sent, long text cut to 100 characters; null when there was
    /// none.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    #[schema(value_type = Option<Value>)]
    pub value: Value,
    /// What to do about it, for people who call the API or type commands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub hint: Option<Box<str>>,
}

impl FieldError {
    /// An error whose message reads "`field` `rest`". An empty value is none.
    pub fn new(field: &str, constraint: &str, rest: &str, value: &str) -> Self {
        Self {
            field: field.to_owned(),
            constraint: constraint.to_owned(),
            message: format!("{field} {rest}"),
            value: match value {
                "" => Value::Null,
                text => Value::String(shortened(text)),
            },
            hint: None,
        }
    }

    /// The same error of a JSON value, which it repeats as it was sent.
    #[must_use]
    pub fn of_value(mut self, value: Option<&Value>) -> Self {
        self.value = value.map_or(Value::Null, shown_value);
        self
    }

    /// The same error of the entry at `index` of `changes`.
    #[must_use]
    pub(super) fn within(mut self, index: usize) -> Self {
        let rest = self.message.strip_prefix(&self.field).unwrap_or_default();
        let field = match self.field.as_str() {
            "change" => format!("changes[{index}]"),
            field => format!("changes[{index}].{field}"),
        };
        self.message = format!("{field}{rest}");
        self.field = field;
        self
    }

    /// The same error with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Box<str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The offending value as text.
    pub fn value_text(&self) -> &str {
        self.value.as_str().unwrap_or_default()
    }

    /// A required field that is absent, null or blank.
    pub fn required(field: &str) -> Self {
        Self::new(field, "required", "is required", "")
    }
}

/// A value as it was sent; a long one becomes text that is cut.
fn shown_value(value: &Value) -> Value {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let shown = shortened(&text);
    match shown.len() < text.len() {
        true => Value::String(shown),
        false => value.clone(),
    }
}

/// What a rule answers.
pub type FieldResult<T> = Result<T, FieldError>;

/// 1 to 255 characters after trimming.
pub fn name(text: &str) -> FieldResult<String> {
    required_text("name", text, NAME_MAX)
}

/// 1 to 100 characters after trimming.
pub fn category(text: &str) -> FieldResult<String> {
    required_text("category", text, CATEGORY_MAX)
}

/// At most 2,000 characters, kept as written; empty is none.
pub fn description(text: &str) -> FieldResult<Option<String>> {
    bounded("description", text, DESCRIPTION_MAX)?;
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// At most 100 characters after trimming; empty is none.
pub fn sku(text: &str) -> FieldResult<Option<String>> {
    optional_trimmed("sku", text, SKU_MAX)
}

/// At most 255 characters after trimming; empty is none.
pub fn reason(text: &str) -> FieldResult<Option<String>> {
    optional_trimmed("reason", text, REASON_MAX)
}

/// A plain decimal, rounded half-up to cents, 0.01 to 99,999,999.99.
pub fn price(text: &str) -> FieldResult<Price> {
    Price::parse(text.trim()).map_err(|error| {
        let constraint = match error {
            PriceError::Syntax => "type",
            PriceError::NotPositive => "min",
            PriceError::TooLarge => "max",
        };
        FieldError::new("price", constraint, &error.to_string(), text)
    })
}

/// 0 to 2,147,483,647.
pub fn quantity(text: &str) -> FieldResult<i32> {
    count("quantity", text)
}

/// 0 to 2,147,483,647.
pub fn low_stock_threshold(text: &str) -> FieldResult<i32> {
    count("low_stock_threshold", text)
}

/// A whole number, any sign, within ±2^53; not 0.
pub fn delta(text: &str) -> FieldResult<i64> {
    match whole("delta", text)? {
        0 => Err(FieldError::new("delta", "not_zero", "must not be 0", text)),
        n if n.unsigned_abs() > 1 << 53 => {
            Err(FieldError::new("delta", "max", "is too large", text))
        }
        n => Ok(n),
    }
}

/// At most 16 KiB as JSON, no NUL; empty is none.
pub fn attributes(map: Attributes) -> FieldResult<Option<Attributes>> {
    for (key, value) in &map {
        no_nul("attributes", key)?;
        no_nul("attributes", value)?;
    }
    let bytes: usize = 2 + map.iter().map(attribute_bytes).sum::<usize>();
    if bytes > ATTRIBUTES_MAX_BYTES {
        let rest = "must be at most 16 KiB as JSON";
        return Err(FieldError::new("attributes", "max_bytes", rest, ""));
    }
    Ok((!map.is_empty()).then_some(map))
}

/// The bytes one attribute takes in the JSON object, with its punctuation.
pub fn attribute_bytes((key, value): (&String, &String)) -> usize {
    let quoted =
        |text: &String| serde_json::to_string(text).map_or(text.len() + 2, |json| json.len());
    quoted(key) + quoted(value) + 2
}

fn required_text(field: &'static str, text: &str, max: usize) -> FieldResult<String> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(FieldError::required(field));
    }
    bounded(field, trimmed, max)?;
    Ok(trimmed.to_owned())
}

fn optional_trimmed(field: &'static str, text: &str, max: usize) -> FieldResult<Option<String>> {
    let trimmed = text.trim();
    bounded(field, trimmed, max)?;
    Ok((!trimmed.is_empty()).then(|| trimmed.to_owned()))
}

fn bounded(field: &'static str, text: &str, max: usize) -> FieldResult<()> {
    no_nul(field, text)?;
    if text.len() > max && text.chars().count() > max {
        let rest = format!("must be at most {} characters", thousands(max as u64));
        return Err(FieldError::new(field, "max_length", &rest, text));
    }
    Ok(())
}

fn no_nul(field: &'static str, text: &str) -> FieldResult<()> {
    if text.contains('\0') {
        return Err(FieldError::new(
            field,
            "no_nul",
            "must not contain a NUL character",
            "",
        ));
    }
    Ok(())
}

fn count(field: &'static str, text: &str) -> FieldResult<i32> {
    let number = whole(field, text)?;
    if number < 0 {
        return Err(FieldError::new(field, "min", "must be at least 0", text));
    }
    i32::try_from(number).map_err(|_| {
        let rest = format!(
            "must be at most {}",
            thousands(i32::MAX.unsigned_abs().into())
        );
        FieldError::new(field, "max", &rest, text)
    })
}

/// A whole number; `5.0` is one, `5.5` and `1e3` are none. Too long a number saturates, so that
/// the caller's limits answer.
fn whole(field: &'static str, text: &str) -> FieldResult<i64> {
    let refused = || FieldError::new(field, "type", "must be a whole number", text);
    let trimmed = text.trim();
    let (whole, fraction) = trimmed.split_once('.').unwrap_or((trimmed, "0"));
    let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    let all = |s: &str, ok: fn(u8) -> bool| !s.is_empty() && s.bytes().all(ok);
    if !all(digits, |b| b.is_ascii_digit()) || !all(fraction, |b| b == b'0') {
        return Err(refused());
    }
    let limit = if whole.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    };
    Ok(whole.parse().unwrap_or(limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_trimmed_and_bounded_in_characters() {
        assert_eq!(name("  Lamp ").unwrap(), "Lamp");
        assert_eq!(name(&"ä".repeat(255)).unwrap().chars().count(), 255);
        assert_eq!(name(&"ä".repeat(256)).unwrap_err().constraint, "max_length");
        assert_eq!(name(" \t").unwrap_err().constraint, "required");
        assert_eq!(name("a\0b").unwrap_err().constraint, "no_nul");
        assert_eq!(sku("  ").unwrap(), None);
        assert_eq!(description("").unwrap(), None);
        assert_eq!(description(" x ").unwrap().unwrap(), " x ");
    }

    #[test]
    fn counts_are_whole_and_in_range() {
        assert_eq!(quantity("5").unwrap(), 5);
        assert_eq!(quantity(" 5.00 ").unwrap(), 5);
        assert_eq!(quantity("-0").unwrap(), 0);
        assert_eq!(quantity("2147483647").unwrap(), i32::MAX);
        for (text, constraint) in [
            ("-1", "min"),
            ("2147483648", "max"),
            ("9223372036854775808", "max"),
            ("-9223372036854775809", "min"),
            ("1e3", "type"),
            ("0x10", "type"),
            ("5.5", "type"),
            ("", "type"),
            ("NaN", "type"),
            ("5.", "type"),
            ("--5", "type"),
        ] {
            assert_eq!(quantity(text).unwrap_err().constraint, constraint, "{text}");
        }
        assert_eq!(delta("-3").unwrap(), -3);
        assert_eq!(delta("0").unwrap_err().constraint, "not_zero");
    }

    #[test]
    fn a_value_is_repeated_as_it_was_sent_and_cut_when_long() {
        let error = || FieldError::new("price", "type", "is wrong", "as text");
        let long = Value::String("ä".repeat(101));
        for (sent, shown) in [
            (Some(&Value::from(-1)), Value::from(-1)),
            (Some(&Value::Bool(true)), Value::Bool(true)),
            (Some(&long), Value::String("ä".repeat(100))),
            (None, Value::Null),
        ] {
            assert_eq!(error().of_value(sent).value, shown);
        }
    }

    #[test]
    fn attributes_are_bounded_in_bytes_of_json() {
        let fits = Attributes::from([("k".into(), "x".repeat(ATTRIBUTES_MAX_BYTES - 9))]);
        assert!(serde_json::to_string(&fits).unwrap().len() <= ATTRIBUTES_MAX_BYTES);
        assert!(attributes(fits).is_ok());
        let large = Attributes::from([("k".into(), "\n".repeat(ATTRIBUTES_MAX_BYTES / 2))]);
        assert_eq!(attributes(large).unwrap_err().constraint, "max_bytes");
        assert_eq!(attributes(Attributes::new()).unwrap(), None);
    }
}
