//! Hostile sizes: one row is lost, not the import, and memory stays flat.

use std::io::{self, Read};

use super::*;

#[test]
fn a_large_cell_rejects_its_row() {
    let fits = "x".repeat(64 * 1024);
    let file = format!("name,price,a\nA,1,{fits}\nB,1,{fits}y\nC,1,z\n");
    let rows = read(file.as_bytes());
    assert_eq!(product(&rows[0]).product.attributes, None);
    assert_eq!(
        (
            reject(&rows[1]).code.as_str(),
            reject(&rows[1]).column.as_str()
        ),
        ("FIELD_TOO_LARGE", "a")
    );
    assert_eq!(product(&rows[2]).line, 4);
}

#[test]
fn an_endless_cell_is_passed_over() {
    let large = (b'x', 40 * 1024 * 1024);
    for (quote, code) in [("\"", "RECORD_TOO_LARGE"), ("", "RECORD_TOO_LARGE")] {
        let start = format!("B,2,{quote}");
        let parts: [&[u8]; 2] = [start.as_bytes(), b"\nC,3,z\n"];
        let end = [quote.as_bytes(), parts[1]].concat();
        let input = parts[0]
            .chain(io::repeat(large.0).take(large.1))
            .chain(end.as_slice());
        let plan = planned(b"name,price,a\n", &ImportOptions::default());
        let mut reader = RowReader::new(input, &plan, &plan.start);
        let first = reader.next_row().unwrap().unwrap();
        assert_eq!(reject(&first).code, code);
        assert_eq!(reject(&first).record, b",,");
        let second = reader.next_row().unwrap().unwrap();
        assert_eq!(
            (
                product(&second).line,
                product(&second).product.name.as_deref()
            ),
            (3, Some("C"))
        );
        assert_eq!(reader.next_row().unwrap(), None);
        let bytes = 13 + (start.len() + end.len()) as u64 + large.1;
        assert_eq!(reader.position().byte, bytes);
        assert!(reader.buffered() <= 2 * 1024 * 1024);
    }
}

#[test]
fn lines_are_counted_around_what_is_passed_over() {
    let long = "a".repeat(1_200_000);
    let file = format!("name,price\n\"A\r\na\",{long}\r\nB,x\n");
    let rows = read(file.as_bytes());
    assert_eq!(reject(&rows[0]).code, "RECORD_TOO_LARGE");
    assert_eq!(reject(&rows[1]).line, 4);
}

#[test]
fn errors_of_the_input_are_passed_on() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("gone"))
        }
    }
    let plan = planned(b"name,price\n", &ImportOptions::default());
    let mut reader = RowReader::new(b"A,1\n".chain(Broken), &plan, &plan.start);
    assert!(matches!(
        reader.next_row().unwrap(),
        Some(FileRow::Product(_))
    ));
    assert_eq!(reader.next_row().unwrap_err().to_string(), "gone");
}
