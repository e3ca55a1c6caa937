//! Numbers as shops write them: one style for each column, and never a guess.

use proptest::prelude::*;

use super::*;
use crate::domain::money::Price;

fn cents(file: &str) -> Vec<Option<i64>> {
    let rows = read(file.as_bytes());
    let price = |row: &FileRow| match row {
        FileRow::Product(row) => row.product.price.map(Price::cents),
        _ => None,
    };
    rows.iter().map(price).collect()
}

/// Red when: a shop's prices are refused, or a price is read in another style than its column's.
#[test]
fn a_column_is_read_in_its_own_style() {
    for (prices, wanted) in [
        (
            &["1.234,99 €", "34,95", "1.000"][..],
            &[Some(123_499), Some(3_495), Some(100_000)][..],
        ),
        (
            &["$1,234.50", "$19.90", "$1,000"],
            &[Some(123_450), Some(1_990), Some(100_000)],
        ),
        (
            &["34,95", "35,10", "2.50"],
            &[Some(3_495), Some(3_510), None],
        ),
        (&["CHF 1'299.50", "CHF 5"], &[Some(129_950), Some(500)]),
        (&["20 000Fcfa", "500Fcfa"], &[Some(2_000_000), Some(50_000)]),
        (
            &["129 kr", "5,50 kr", "7,-"],
            &[Some(12_900), Some(550), Some(700)],
        ),
        (&["₹1,29,900.00"], &[Some(12_990_000)]),
        (&["19.995", "7.5"], &[Some(2_000), Some(750)]),
    ] {
        let rows: Vec<String> = prices
            .iter()
            .map(|price| format!("Rug;{price}\n"))
            .collect();
        let file = format!("name;price\n{}", rows.concat());
        assert_eq!(cents(&file), wanted, "{file}");
    }
}

/// Red when: an ambiguous column is guessed, or the option does not settle it.
#[test]
fn an_ambiguous_column_is_asked_for() {
    for rows in ["Rug;1,234\nMat;5\n", "Rug;1.234\n", "Rug;1,5\nMat;1.5\n"] {
        let file = format!("name;price\n{rows}");
        let error = super::super::plan(file.as_bytes(), true, &ImportOptions::default());
        let error = error.unwrap_err();
        assert_eq!(
            (
                error.errors[0].field.as_str(),
                error.errors[0].constraint.as_str()
            ),
            ("decimal", "ambiguous")
        );
        assert!(error.to_string().contains("decimal=,"), "{error}");
    }
    let file = b"name;price\nRug;1,234\n";
    for (mark, cents) in [(",", 123), (".", 123_400)] {
        let plan = planned(file, &options(&[("decimal", mark)]));
        let rows = rows_from(file, &plan, &plan.start);
        assert_eq!(
            product(&rows[0]).product.price.map(Price::cents),
            Some(cents)
        );
    }
}

/// Red when: stock with separators is refused, or a part of a piece is rounded.
#[test]
fn quantities_are_whole_in_every_style() {
    let file = b"name,price,quantity\nRug,1.50,100.0000\nMat,1.50,2.5000\nCap,1.50,\"1,200\"\nHat,1.50,\"1,000\"\n";
    let rows = read(file);
    let stock = |row: &FileRow| product(row).product.quantity;
    assert_eq!(
        (stock(&rows[0]), stock(&rows[2]), stock(&rows[3])),
        (100, 1_200, 1_000)
    );
    assert_eq!(reject(&rows[1]).column, "quantity");
}

fn grouped(whole: i64, separator: &str) -> String {
    let digits = whole.to_string();
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push_str(separator);
        }
        out.push(digit);
    }
    out
}

proptest! {
    /// Red when: a price in a supported style does not come in as it is.
    #[test]
    fn prices_come_in_the_same_from_every_style(
        amounts in prop::collection::vec(1..9_999_999_999_i64, 1..8),
        (separator, mark) in prop::sample::select(vec![
            ("", "."), ("", ","), (",", "."), (".", ","), (" ", ","), ("'", "."), ("\u{202f}", ","),
        ]),
        (before, after) in prop::sample::select(vec![
            ("", ""), ("$", ""), ("", " €"), ("CHF ", ""), ("R$ ", ""), ("", " kr"), ("Rs. ", ""),
        ]),
    ) {
        let mut file = "name;price\n".to_owned();
        for cents in &amounts {
            let whole = grouped(cents / 100, separator);
            file.push_str(&format!("Rug;{before}{whole}{mark}{:02}{after}\n", cents % 100));
        }
        let wanted: Vec<_> = amounts.iter().map(|cents| Some(*cents)).collect();
        prop_assert_eq!(cents(&file), wanted);
    }
}
