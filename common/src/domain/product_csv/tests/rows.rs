//! Rows: values, defaults, line numbers, faults.

use super::*;
use crate::domain::product::Attributes;

const HEADER: &str = "sku,name,description,price,quantity,category,low_stock_threshold,Colour\n";

fn with_header(rows: &str) -> Vec<FileRow> {
    read(format!("{HEADER}{rows}").as_bytes())
}

#[test]
fn a_full_row_gives_everything() {
    let rows = with_header(" A-1 , Lamp ,\"Two\nlines\", 19.995 ,7, Home ,3, red \n");
    let row = product(&rows[0]);
    let product = &row.product;
    assert_eq!(product.sku.as_deref(), Some("A-1"));
    assert_eq!(
        (product.name.as_deref(), product.category.as_str()),
        (Some("Lamp"), "Home")
    );
    assert_eq!(product.description.as_deref(), Some("Two\nlines"));
    assert_eq!(
        (product.price.unwrap().cents(), product.quantity),
        (2000, 7)
    );
    assert_eq!(product.low_stock_threshold, Some(3));
    assert_eq!(product.attributes.as_ref().unwrap()["Colour"], "red");
    for field in ProductField::ALL {
        assert!(row.given.contains(FieldSet::of(field)));
    }
}

#[test]
fn blank_cells_are_not_given() {
    let rows = with_header("A,Lamp,,1,,,,\nB,Desk\n,Chair,,2\n");
    let row = product(&rows[0]);
    for field in [
        FieldSet::DESCRIPTION,
        FieldSet::QUANTITY,
        FieldSet::CATEGORY,
        FieldSet::LOW_STOCK_THRESHOLD,
    ] {
        assert!(!row.given.contains(field));
    }
    assert_eq!(
        (row.product.quantity, row.product.category.as_str()),
        (0, "Uncategorized")
    );
    assert_eq!(row.product.attributes, None);
    let known = &product(&rows[1]).product;
    assert_eq!(known.missing(), Some(ProductField::Price));
    let short = product(&rows[2]);
    assert!(!short.given.contains(FieldSet::SKU));
    assert_eq!(short.record, b",Chair,,2,,,,");
}

#[test]
fn a_missing_cell_is_not_given() {
    let rows = read(b"name,price,description\nA,1\n");
    assert!(!product(&rows[0]).given.contains(FieldSet::DESCRIPTION));
}

#[test]
fn chosen_defaults_fill_blanks_and_missing_columns() {
    let file = b"name,price,category\nA,1,\nB,2,Home\n";
    let plan = planned(
        file,
        &options(&[
            ("default", "category=Other"),
            ("default", "quantity=5"),
            ("default", "low_stock_threshold=2"),
            ("default", "description=none yet"),
        ]),
    );
    let rows = rows_from(file, &plan, &plan.start);
    let first = &product(&rows[0]).product;
    assert_eq!((first.category.as_str(), first.quantity), ("Other", 5));
    assert_eq!(first.low_stock_threshold, Some(2));
    assert_eq!(first.description.as_deref(), Some("none yet"));
    assert_eq!(product(&rows[1]).product.category, "Home");
}

#[test]
fn faults_name_column_code_and_remedy() {
    for (row, column, code, hint) in [
        (",,,1,1,x,,", "name", "REQUIRED", "fill in"),
        (",B,,,1,x,,", "price", "REQUIRED", "fill in"),
        ("A,B,,\"1.234,99\",1,x,,", "price", "TYPE", "1234.50"),
        ("A,B,,0.004,1,x,,", "price", "MIN", "0.01"),
        ("A,B,,99999999.995,1,x,,", "price", "MAX", ""),
        ("A,B,,1,5 pcs,x,,", "quantity", "TYPE", "whole number"),
        ("A,B,,1,2147483648,x,,", "quantity", "MAX", ""),
        ("A,B,,1,1,x,-1,", "low_stock_threshold", "MIN", ""),
        (
            "2.09147E+12,B,,1,1,x,,",
            "sku",
            "SPREADSHEET_NUMBER",
            "as text",
        ),
        ("A,B\0,,1,1,x,,", "name", "NO_NUL", "UTF-16"),
        (
            "A,B,,1,1,x,,red,more",
            "",
            "TOO_MANY_CELLS",
            "double quotes",
        ),
        (
            "A,B,,1,1,x,,\"open",
            "",
            "UNCLOSED_QUOTE",
            "close the quote",
        ),
    ] {
        let rows = with_header(row);
        let reject = reject(&rows[0]);
        assert_eq!(
            (reject.column.as_str(), reject.code.as_str()),
            (column, code),
            "{row}"
        );
        assert!(reject.hint.contains(hint), "{reject:?}");
        assert_eq!(reject.line, 2);
    }
    let rows = with_header(&format!("A,{},{},x,,,,", "n".repeat(256), "d".repeat(2001)));
    let message = &reject(&rows[0]).message;
    for part in ["name must", "; price must", "not \"x\""] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn ordinary_keys_are_no_spreadsheet_numbers() {
    for sku in ["5E12", "1E+", "E+5", "2.5E-3", "A1E+5", "0012345"] {
        let rows = with_header(&format!("{sku},B,,1,1,x,,"));
        assert_eq!(product(&rows[0]).product.sku.as_deref(), Some(sku));
    }
}

#[test]
fn lines_are_physical_whatever_ends_them() {
    for end in ["\n", "\r\n", "\r"] {
        let lines = ["name,price", "", "\"A", "a\",1", "   ", "B,2", ",", "C,3"];
        let file = lines.join(end);
        let rows = read(file.as_bytes());
        let found: Vec<u64> = rows.iter().filter_map(line).collect();
        assert_eq!((rows.len(), found), (4, vec![3, 6, 8]), "{end:?}");
        assert_eq!(rows[2], FileRow::Skipped(SkipReason::Blank));
        assert_eq!(product(&rows[0]).product.name, Some(format!("A{end}a")));
    }
}

fn line(row: &FileRow) -> Option<u64> {
    match row {
        FileRow::Product(row) => Some(row.line),
        FileRow::Rejected(reject) => Some(reject.line),
        FileRow::Skipped(_) => None,
    }
}

#[test]
fn bytes_that_are_no_text_are_kept_and_located() {
    let file = b"name;price;Note\nCaf\xe9;1\nB;2;x\n";
    let plan = planned(file, &options(&[("encoding", "utf-8")]));
    let rows = rows_from(file, &plan, &plan.start);
    let bad = reject(&rows[0]);
    assert_eq!(bad.code, "INVALID_ENCODING");
    assert!(bad.message.contains("byte 19 "), "{}", bad.message);
    assert_eq!(bad.record, b"Caf\xe9;1;");
    assert_eq!(product(&rows[1]).product.name.as_deref(), Some("B"));
}

#[test]
fn too_large_attributes_lose_the_longest_value() {
    let header = "name,price,a,b,c\n";
    let (long, longer) = ("x".repeat(9_000), "y".repeat(9_001));
    let rows = read(format!("{header}N,1,{long},{longer},z\n").as_bytes());
    let attributes = product(&rows[0]).product.attributes.clone().unwrap();
    let kept: Vec<&str> = attributes.keys().map(String::as_str).collect();
    assert_eq!(kept, ["a", "c"]);
    assert_eq!(warned(&rows[0]), [(2, "b", "ATTRIBUTE_DROPPED")]);
}

/// Red when: an attribute that cannot be kept costs the row, or goes without a word.
#[test]
fn an_unreadable_attribute_is_left_out_and_named() {
    let rows = read(b"name,price,a,b\nN,1,x\0y,z\n");
    let attributes = product(&rows[0]).product.attributes.clone().unwrap();
    assert_eq!(attributes, Attributes::from([("b".into(), "z".into())]));
    assert_eq!(warned(&rows[0]), [(2, "a", "ATTRIBUTE_DROPPED")]);
}

/// Red when: stock below zero rejects the row, or becomes 0 without a word.
#[test]
fn stock_below_zero_is_raised_to_zero() {
    for text in ["-1", " -7 ", "-2147483648"] {
        let file = format!("name,price,Stock\nN,1,{text}\n");
        let rows = read(file.as_bytes());
        assert_eq!(product(&rows[0]).product.quantity, 0);
        assert_eq!(warned(&rows[0]), [(2, "Stock", "RAISED_TO_ZERO")], "{text}");
    }
    for text in ["-", "-x", "-1.5", "--1", "-0.x"] {
        let rows = read(format!("name,price,Stock\nN,1,{text}\n").as_bytes());
        assert_eq!(reject(&rows[0]).column, "Stock", "{text}");
    }
}

/// Line, column and code of a row's warnings.
fn warned(row: &FileRow) -> Vec<(u64, &str, &str)> {
    let warnings = product(row).warnings.iter();
    warnings
        .map(|warning| (warning.line, warning.column.as_str(), warning.code.as_str()))
        .collect()
}

#[test]
fn update_needs_the_key_in_every_row() {
    let file = b"sku,name,price\n,A,1\n";
    let plan = planned(file, &options(&[("mode", "update")]));
    let rows = rows_from(file, &plan, &plan.start);
    assert_eq!(reject(&rows[0]).column, "sku");
}

#[test]
fn a_rejects_file_reads_like_the_original() {
    let file = "\u{feff}Title;price;'Price;Note\nA;x;1;\"a;b\"\nB;1;2\nC;3;;n;;\nD;4;;n;m\n";
    let first = planned(file.as_bytes(), &ImportOptions::default());
    let rejects = rejects_file(file.as_bytes(), &first);
    let text = std::str::from_utf8(&rejects).unwrap();
    let header = "\u{feff}Title;price;'Price;Note;_line;_column;_code;_message;_hint\n";
    assert!(text.starts_with(header), "{text}");
    assert!(text.contains("\nA;x;1;\"a;b\";2;price;TYPE;"), "{text}");
    assert!(text.contains("\nD;4;;\"n;m\";5;;TOO_MANY_CELLS;"), "{text}");
    let again = planned(&rejects, &ImportOptions::default());
    assert_eq!(again.columns[..4], first.columns);
    assert!(
        again.columns[4..]
            .iter()
            .all(|c| c.role == ColumnRole::Ignored)
    );
    let rows = rows_from(&rejects, &again, &again.start);
    assert_eq!(reject(&rows[0]).record, b"A;x;1;\"a;b\"");
    assert_eq!(
        product(&rows[1]).product.attributes.as_ref().unwrap()["Note"],
        "n;m"
    );
    let twice = rejects_file(&rejects, &again);
    assert!(twice.starts_with(header.as_bytes()));
}

fn rejects_file(file: &[u8], plan: &ImportPlan) -> Vec<u8> {
    let mut out = rejects_header(plan);
    for row in rows_from(file, plan, &plan.start) {
        if let FileRow::Rejected(reject) = row {
            rejects_row(plan, &reject, &mut out);
        }
    }
    out
}
