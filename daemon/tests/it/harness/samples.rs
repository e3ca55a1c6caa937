//! Sample bodies and files, and how to read what comes back.

use serde_json::{Value, json};

/// The body of a product that only has what it must have, with plenty in stock.
pub(crate) fn product(name: &str) -> Value {
    json!({"name": name, "price": 19.99, "quantity": 50, "category": "Things"})
}

/// The first and last sequence that a notification covers.
pub(crate) fn span(event: &Value) -> (i64, i64) {
    let last = event["sequence"].as_i64().unwrap();
    (event["firstSequence"].as_i64().unwrap_or(last), last)
}

/// The kinds of notifications, in order.
pub(crate) fn kinds(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

/// A CSV of `rows` products with skus; prices are `cents` and up, none is low.
pub(crate) fn catalogue(rows: u32, cents: u32) -> String {
    use std::fmt::Write as _;
    let mut csv = "sku,name,price,quantity,category\n".to_owned();
    for row in 0..rows {
        let price = cents + row % 1000;
        writeln!(
            csv,
            "SKU-{row:06},Thing {row},{}.{:02},{},Shelf {}",
            price / 100,
            price % 100,
            20 + row % 80,
            row % 7
        )
        .unwrap();
    }
    csv
}

/// Two copies of the rows, the second one with other prices: its rows are in other batches.
pub(crate) fn repeated(rows: u32) -> String {
    let second = catalogue(rows, 500);
    catalogue(rows, 100) + second.split_once('\n').unwrap().1
}

/// Money as cents, from the JSON number's own digits.
pub(crate) fn cents(amount: &Value) -> i128 {
    let text = amount.to_string();
    let digits = text.trim_start_matches('-');
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(fraction.len() <= 2, "{text}");
    let cents: i128 = format!("{whole}{fraction:0<2}").parse().unwrap();
    if digits.len() < text.len() {
        -cents
    } else {
        cents
    }
}
