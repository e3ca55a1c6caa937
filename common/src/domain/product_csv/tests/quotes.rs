//! Quotes: exact or a reject, and no line is lost in another one's cell.

use std::io::{self, Read};

use proptest::prelude::*;

use super::{
    super::{
        cell_splitter::CellSplitter,
        cell_syntax::CellSyntax,
        record_reader::{RecordReader, RecordShape},
    },
    *,
};

/// Gives a few bytes at a time, as a slow connection does.
pub(super) struct Drops<'a>(pub(super) &'a [u8], pub(super) usize);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(self.0.len()).min(buffer.len());
        let (now, later) = self.0.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.0 = later;
        Ok(count)
    }
}

/// Name and line of a product, code and line of a reject.
fn outcomes(file: &str) -> Vec<(String, u64)> {
    let rows = read(file.as_bytes());
    let outcome = |row: &FileRow| match row {
        FileRow::Product(row) => (row.product.name.clone().unwrap(), row.line),
        FileRow::Rejected(reject) => (reject.code.clone(), reject.line),
        FileRow::Skipped(_) => ("skipped".to_owned(), 0),
    };
    rows.iter().map(outcome).collect()
}

fn expected(rows: &[(&str, u64)]) -> Vec<(String, u64)> {
    let owned = rows.iter().map(|(text, line)| ((*text).to_owned(), *line));
    owned.collect()
}

/// Red when: a stray opening quote takes the next line into its own row, or out of the file.
#[test]
fn a_stray_quote_costs_its_own_line_alone() {
    let file =
        "sku,name,price\nA,\"Mount 5,10\nB,Mount 6,10\nC,Mount \"7\",10\nD,\"Mount, 8\",10\n";
    let wanted = [
        ("STRAY_QUOTE", 2),
        ("Mount 6", 3),
        ("Mount \"7\"", 4),
        ("Mount, 8", 5),
    ];
    assert_eq!(outcomes(file), expected(&wanted));
    let rows = read(file.as_bytes());
    let first = reject(&rows[0]);
    assert!(first.message.contains("lines 2-4"), "{}", first.message);
    assert_eq!(first.record, b"A,\"\"\"Mount 5\",10");
}

/// Red when: the rest of a file vanishes in a quote that is never closed.
#[test]
fn a_quote_never_closed_costs_its_own_line_alone() {
    for end in ["\n", "\r\n", "\r", ""] {
        let file =
            "sku,name,price\nA,Pot,1\nB,\"Pan,2\nC,Lid,3\nD,\"\"\"Jar\"\"\",4".to_owned() + end;
        let wanted = [("Pot", 2), ("STRAY_QUOTE", 3), ("Lid", 4), ("\"Jar\"", 5)];
        assert_eq!(outcomes(&file), expected(&wanted), "{end:?}");
        let file = "sku,name,price\nA,Pot,1\nB,\"Pan,2\nC,Lid,3\nD,Jar,4".to_owned() + end;
        let wanted = [("Pot", 2), ("UNCLOSED_QUOTE", 3), ("Lid", 4), ("Jar", 5)];
        assert_eq!(outcomes(&file), expected(&wanted), "{end:?}");
        let rows = read(file.as_bytes());
        let message = &reject(&rows[1]).message;
        assert!(message.contains("lines 3-5, to the end"), "{message}");
    }
}

/// Red when: text after a closing quote is put into the name, or reading resumes at the record's
/// second line instead of after the line with the faulty quote.
#[test]
fn text_after_a_closing_quote_rejects_the_row() {
    let file = "name,price,note\n\"Box \"Deluxe\" set\",9,\n\"Nut\" M4,1,\n\"Two\nlines\",2,\"x\" y\n \"Hook\"  ,3,\t\"a\" \n";
    let wanted = [
        ("STRAY_QUOTE", 2),
        ("STRAY_QUOTE", 3),
        ("STRAY_QUOTE", 4),
        ("Hook", 6),
    ];
    assert_eq!(outcomes(file), expected(&wanted));
    let rows = read(file.as_bytes());
    assert_eq!(
        reject(&rows[0]).record,
        b"\"\"\"Box \"\"Deluxe\"\" set\"\"\",9,"
    );
    assert!(reject(&rows[2]).message.contains("lines 4-5"));
    assert_eq!(reject(&rows[2]).record, b"\"Two\nlines\",2,\"\"\"x\"\" y\"");
}

/// Red when: inch marks in a report separated by tabs reject its rows or swallow tabs.
#[test]
fn inch_marks_between_tabs_are_text() {
    let file = "name\tprice\tnote\n\"Rod\" 12\t5\t\"\nCap\t6\t\"\n\"Nut\"\t7\t\n";
    let plan = planned(file.as_bytes(), &ImportOptions::default());
    assert_eq!(plan.dialect.quotes, QuoteStyle::Literal);
    assert_eq!(
        outcomes(file),
        expected(&[("\"Rod\" 12", 2), ("Cap", 3), ("\"Nut\"", 4)])
    );
}

/// Red when: an open quote holds on to more than a record's limit, or costs the lines after it.
#[test]
fn endless_quotes_stay_within_memory() {
    let line = "B,\"\"1,2\n";
    let count = 4 * 1024 * 1024 / line.len() as u64;
    let lines = line.repeat(1000);
    let head = b"name,price,a\n";
    let plan = planned(head, &ImportOptions::default());
    let mut input: Box<dyn Read> = Box::new(&b"A,\"1,x\n"[..]);
    for _ in 0..count / 1000 {
        input = Box::new(input.chain(lines.as_bytes()));
    }
    let mut reader = RowReader::new(input, &plan, &plan.start);
    let first = reader.next_row().unwrap().unwrap();
    assert_eq!(reject(&first).code, "UNCLOSED_QUOTE");
    assert!(reject(&first).message.contains("and more"));
    let mut next = 3;
    while let Some(row) = reader.next_row().unwrap() {
        assert_eq!(reject(&row).line, next);
        next += 1;
    }
    assert_eq!(next, 3 + count / 1000 * 1000);
    assert!(reader.buffered() <= 2 * 1024 * 1024);
}

fn start() -> FilePosition {
    FilePosition {
        byte: 0,
        line: 1,
        preset_state: None,
    }
}

fn their_cells(text: &[u8]) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text);
    let records = reader.records().map(Result::unwrap);
    records
        .map(|record| record.iter().map(str::to_owned).collect())
        .collect()
}

proptest! {
    /// Red when: a record begins anywhere but where the one before it ended, or a whole one is
    /// split otherwise than the csv crate does.
    #[test]
    fn records_are_the_file_and_split_like_the_csv_crate(
        text in "[ab,\"\n\r]{0,40}",
        drop in 1_usize..9,
    ) {
        let syntax = CellSyntax::standard(b',');
        let mut records = RecordReader::new(Drops(text.as_bytes(), drop), syntax, FileEncoding::UTF_8, &start());
        let mut splitter = CellSplitter::new(syntax);
        let (mut end, mut line) = (0, 1);
        while let Some(record) = records.next().unwrap() {
            // Only blank lines are passed over in silence.
            let from = usize::try_from(record.byte).unwrap();
            prop_assert!(text[end..from].chars().all(|c| matches!(c, '\n' | '\r')));
            line += lines_in(&text[end..from]);
            prop_assert_eq!(record.line, line);
            end = usize::try_from(records.offset().0).unwrap();
            line += lines_in(&text[from..end]);
            let bytes = records.bytes(&record);
            prop_assert_eq!(bytes, text[from..end].trim_end_matches(['\r', '\n']).as_bytes());
            let cells = splitter.split(std::str::from_utf8(bytes).unwrap());
            let cells: Vec<String> = cells.iter().map(str::to_owned).collect();
            if record.shape == RecordShape::Whole {
                prop_assert_eq!(their_cells(bytes), vec![cells]);
            }
        }
        prop_assert!(text[end..].chars().all(|c| matches!(c, '\n' | '\r')));
    }

    /// Red when: a line of the file is in no row and in no reject.
    #[test]
    fn no_line_is_missing_from_rows_and_rejects(
        names in prop::collection::vec("[a\", ]{0,8}|\"[a, ]{0,4}\"|\"[a,\"]{0,4}", 1..12),
        drop in 1_usize..9,
    ) {
        let mut file = "sku,name,price\n".to_owned();
        for (n, name) in names.iter().enumerate() {
            file.push_str(&format!("<{n}>,{name},1\n"));
        }
        let plan = planned(file.as_bytes(), &ImportOptions::default());
        let begin = usize::try_from(plan.start.byte).unwrap();
        let mut reader = RowReader::new(Drops(&file.as_bytes()[begin..], drop), &plan, &plan.start);
        let mut kept = Vec::new();
        while let Some(row) = reader.next_row().unwrap() {
            match row {
                FileRow::Product(row) => kept.extend(row.record),
                FileRow::Rejected(reject) => kept.extend(reject.record),
                FileRow::Skipped(_) => {}
            }
        }
        let kept = String::from_utf8(kept).unwrap();
        for n in 0..names.len() {
            prop_assert!(kept.contains(&format!("<{n}>")), "{file}");
        }
    }
}

/// Line ends, CR LF being one.
fn lines_in(text: &str) -> u64 {
    let ends = text.replace("\r\n", "\n").matches(['\r', '\n']).count();
    ends as u64
}
