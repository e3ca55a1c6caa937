//! A notification as a DynamoDB item: its wire format in DynamoDB's own types, and its expiry.
//! Numbers are copied as digits, so that none is rounded.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use crate::{
    domain::{
        error::{Error, Result},
        notification::Notification,
    },
    engines::aws_clients::table::Item,
};

/// Epoch seconds from which on the item may be removed.
pub(super) const EXPIRY_ATTRIBUTE: &str = "ttl";

/// The attributes are those of the notification's JSON; a test compares them.
pub(super) fn encode(notification: &Notification) -> Item {
    let expires = notification.expires_at().millis().div_euclid(1000);
    let mut item = Item::with_capacity(11);
    let mut insert = |name: &str, value| item.insert(name.to_owned(), value);
    insert("id", text(&*notification.id));
    insert("sellerId", text(notification.seller_id.as_str()));
    insert("type", text(notification.kind.as_str()));
    insert("message", text(&*notification.message));
    insert("data", attribute(&notification.data));
    insert("timestamp", number(notification.timestamp));
    insert("read", AttributeValue::Bool(notification.read));
    insert("sequence", number(notification.sequence));
    insert(EXPIRY_ATTRIBUTE, number(expires));
    if let Some(first) = notification.first_sequence {
        insert("firstSequence", number(first));
    }
    if let Some(from) = notification.settled_from {
        insert("settledFrom", number(from));
    }
    item
}

/// The attributes that [`place`] reads.
pub(super) const PLACE_ATTRIBUTES: [&str; 4] =
    ["sequence", "firstSequence", "settledFrom", "timestamp"];

/// What a stored notification accounts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StoredPlace {
    pub(super) sequence: i64,
    /// The first event that it covers, or names as lost.
    pub(super) from: i64,
    pub(super) timestamp: i64,
}

/// Reads only numbers, so that an item with a damaged text is still known to be stored.
pub(super) fn place(item: &Item) -> Result<StoredPlace> {
    let number = |name: &str| item.get(name)?.as_n().ok()?.parse::<i64>().ok();
    let sequence = number("sequence")
        .ok_or_else(|| Error::Corrupt("a stored notification has no sequence".to_owned()))?;
    let from = number("settledFrom").or_else(|| number("firstSequence"));
    Ok(StoredPlace {
        sequence,
        from: from.unwrap_or(sequence),
        timestamp: number("timestamp").unwrap_or(0),
    })
}

/// Ignores attributes that a notification does not have, such as the expiry.
pub(super) fn decode(item: Item) -> Result<Notification> {
    serde_json::from_value(value(AttributeValue::M(item))?).map_err(unreadable)
}

pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn attribute(value: &Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(truth) => AttributeValue::Bool(*truth),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Array(values) => AttributeValue::L(values.iter().map(attribute).collect()),
        Value::Object(members) => {
            let members = members.iter();
            AttributeValue::M(
                members
                    .map(|(name, value)| (name.clone(), attribute(value)))
                    .collect(),
            )
        }
    }
}

fn value(attribute: AttributeValue) -> Result<Value> {
    Ok(match attribute {
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Bool(truth) => Value::Bool(truth),
        AttributeValue::N(digits) => Value::Number(digits.parse().map_err(unreadable)?),
        AttributeValue::S(text) => Value::String(text),
        AttributeValue::L(values) => {
            Value::Array(values.into_iter().map(value).collect::<Result<_>>()?)
        }
        AttributeValue::M(members) => {
            let members = members.into_iter();
            let read = members.map(|(name, member)| Ok((name, value(member)?)));
            Value::Object(read.collect::<Result<_>>()?)
        }
        other => {
            return Err(Error::Corrupt(format!(
                "a stored notification has an attribute type that JSON does not have: {other:?}"
            )));
        }
    })
}

#[expect(clippy::needless_pass_by_value, reason = "passed to map_err")]
fn unreadable(error: serde_json::Error) -> Error {
    Error::Corrupt(format!(
        "a stored item is not a valid notification: {error}"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{notification::NotificationKind, seller::SellerId};

    /// Red when: a notification has a new field that items do not have.
    #[test]
    fn an_item_has_every_field_of_the_json() {
        let notification = Notification {
            id: "s-1".to_owned(),
            seller_id: SellerId::parse("s").unwrap(),
            kind: NotificationKind::ImportProgress,
            message: "m".to_owned(),
            data: json!({"a": [1, null, {"b": true}], "price": 0.1}),
            timestamp: 5,
            read: false,
            sequence: 9,
            first_sequence: Some(7),
            settled_from: Some(3),
        };
        let mut item = encode(&notification);
        assert!(item.remove(EXPIRY_ATTRIBUTE).is_some());
        let json = serde_json::to_value(&notification).unwrap();
        assert_eq!(value(AttributeValue::M(item.clone())).unwrap(), json);
        assert_eq!(decode(item).unwrap(), notification);
    }
}
