//! One value as text: exact for programs, short for people.

use std::time::Duration;

use pm_common::domain::{
    clock::{self, Timestamp},
    message_text::thousands,
    product_csv::text_cell,
};
use serde_json::Value;

use super::{ColumnSpec, ValueKind};
use crate::ui::sanitized;

/// A value without quotes; objects and lists as JSON, null as nothing.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value for programs: as on the wire, times always RFC 3339.
fn exact(column: &ColumnSpec, value: &Value) -> String {
    match (column.kind, value) {
        (ValueKind::Time, Value::Number(_)) => moment(value)
            .map(|moment| moment.to_string())
            .unwrap_or_default(),
        _ => plain(value),
    }
}

/// A value for people.
pub(super) fn human(column: &ColumnSpec, value: &Value) -> String {
    match (column.kind, value) {
        (_, Value::Null) => String::new(),
        (ValueKind::Time, _) => {
            moment(value).map_or_else(|| plain(value), |at| ago(clock::now(), at))
        }
        (ValueKind::Number, Value::Number(number)) => match number.as_u64() {
            Some(whole) if column.key != "id" => thousands(whole),
            _ => number.to_string(),
        },
        (ValueKind::Money, Value::Number(number)) => two_decimals(&number.to_string()),
        (ValueKind::Bytes, Value::Number(number)) => {
            number.as_u64().map_or_else(String::new, |bytes| {
                indicatif::BinaryBytes(bytes).to_string()
            })
        }
        _ => sanitized(&plain(value)),
    }
}

fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_i64().map(Timestamp::from_millis),
        _ => None,
    }
}

/// One line with tabs between the cells; characters that would break the line are escaped.
pub(super) fn tab_separated(columns: &[&ColumnSpec], record: &Value) -> String {
    let cells = columns.iter().map(|column| {
        let text = exact(column, &record[column.key]);
        if text.contains(['\t', '\n', '\r', '\\']) {
            text.replace('\\', "\\\\")
                .replace('\t', "\\t")
                .replace('\n', "\\n")
                .replace('\r', "\\r")
        } else {
            text
        }
    });
    cells.collect::<Vec<_>>().join("\t") + "\n"
}

/// The header line of the CSV format.
pub(super) fn csv_header(columns: &[&ColumnSpec]) -> String {
    csv_record(columns.iter().map(|column| column.key.to_owned()))
}

/// One record of the CSV format.
pub(super) fn comma_separated(columns: &[&ColumnSpec], record: &Value) -> String {
    let cells = columns
        .iter()
        .map(|column| safe(column, exact(column, &record[column.key])));
    csv_record(cells)
}

/// A text that no spreadsheet takes for a formula; a missing one stays missing.
fn safe(column: &ColumnSpec, cell: String) -> String {
    match column.kind {
        ValueKind::Text if !cell.is_empty() => text_cell(&cell).into_owned(),
        _ => cell,
    }
}

fn csv_record(cells: impl Iterator<Item = String>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail, and text stays text.
    let _ = writer.write_record(cells);
    let line = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&line).into_owned()
}

/// `19.9` as `19.90`.
fn two_decimals(number: &str) -> String {
    match number.split_once('.') {
        None => format!("{number}.00"),
        Some((whole, fraction)) => format!("{whole}.{fraction:0<2}"),
    }
}

/// The age in its largest unit; after a month the date.
pub(super) fn ago(now: Timestamp, then: Timestamp) -> String {
    let seconds = now.since(then).as_secs();
    match seconds {
        0..2 => "now".to_owned(),
        2..120 => format!("{seconds} s ago"),
        120..7_200 => format!("{} min ago", seconds / 60),
        7_200..172_800 => format!("{} h ago", seconds / 3_600),
        172_800..2_592_000 => format!("{} days ago", seconds / 86_400),
        _ => then.day(),
    }
}

/// A duration for people: `340 ms`, `12.3 s`, `4 min 5 s`, `2 h 3 min`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{}.{} s", seconds, time.subsec_millis() / 100),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NAME: ColumnSpec = ColumnSpec::table("name", ValueKind::Text);
    const PRICE: ColumnSpec = ColumnSpec::table("price", ValueKind::Money);
    const AT: ColumnSpec = ColumnSpec::table("at", ValueKind::Time);

    #[test]
    fn a_record_stays_one_line() {
        let record: Value =
            serde_json::from_str(r#"{"name":"a\tb\nc\\d","price":19.9,"at":0}"#).unwrap();
        assert_eq!(
            tab_separated(&[&NAME, &PRICE, &AT], &record),
            "a\\tb\\nc\\\\d\t19.9\t1970-01-01T00:00:00.000Z\n"
        );
    }

    #[test]
    fn csv_quotes_where_needed() {
        let record = json!({"name": "a \"b\", c", "price": null});
        assert_eq!(
            comma_separated(&[&NAME, &PRICE], &record),
            "\"a \"\"b\"\", c\",\n"
        );
    }

    #[test]
    fn people_get_rounded_values() {
        assert_eq!(human(&PRICE, &json!(19)), "19.00");
        assert_eq!(duration(Duration::from_millis(12_340)), "12.3 s");
        assert_eq!(duration(Duration::from_secs(245)), "4 min 5 s");
        let at = |s: u64| {
            ago(Timestamp::from_millis(3_000_000_000), {
                Timestamp::from_millis(3_000_000_000).minus(Duration::from_secs(s))
            })
        };
        assert_eq!(at(0), "now");
        assert_eq!(at(90), "90 s ago");
        assert_eq!(at(7_199), "119 min ago");
        assert_eq!(at(2_592_001), "1970-01-05");
    }
}
