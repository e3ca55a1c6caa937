//! Encodings: found or asked for, never replaced, and the same after a resume and a reject.

use proptest::prelude::*;

use super::*;

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let marked = "\u{feff}".to_owned() + text;
    let units = marked.encode_utf16();
    units
        .flat_map(|unit| {
            if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        })
        .collect()
}

/// A table in an encoding, and the options that it needs.
fn encoded(text: &str, encoding: &str) -> (Vec<u8>, ImportOptions) {
    match encoding {
        "utf-16le" => (utf16(text, false), ImportOptions::default()),
        "utf-16be" => (utf16(text, true), ImportOptions::default()),
        "utf-8" => (text.as_bytes().to_vec(), ImportOptions::default()),
        name => {
            let bytes = FileEncoding::from_name(name).unwrap().encode(text);
            (bytes, options(&[("encoding", name)]))
        }
    }
}

proptest! {
    /// Red when: a character changes on its way in, or a resumed import reads other rows.
    #[test]
    fn tables_come_in_the_same_from_every_encoding(
        names in prop::collection::vec("[a-c\u{e9}\u{fc}]{1,5}( |\n|\"|,)?[x\u{df}]{1,3}", 1..6),
        encoding in prop::sample::select(vec![
            "utf-8", "utf-16le", "utf-16be", "windows-1252", "macintosh", "iso-8859-15",
        ]),
    ) {
        let mut text = "name,price\r\n".to_owned();
        for name in &names {
            text.push_str(&format!("\"{}\",1\r\n", name.replace('"', "\"\"")));
        }
        let (file, options) = encoded(&text, encoding);
        let plan = planned(&file, &options);
        let rows = rows_from(&file, &plan, &plan.start);
        let read: Vec<&str> = rows.iter().map(name).collect();
        prop_assert_eq!(&read, &names.iter().map(String::as_str).collect::<Vec<_>>());
        let start = usize::try_from(plan.start.byte).unwrap();
        let mut reader = RowReader::new(&file[start..], &plan, &plan.start);
        for n in 1..=rows.len() {
            reader.next_row().unwrap();
            prop_assert_eq!(&rows_from(&file, &plan, &reader.position()), &rows[n..]);
        }
        prop_assert_eq!(reader.position().byte, file.len() as u64);
    }
}

/// Red when: a file in Windows-1252 needs an option, or its rejects are in another encoding.
#[test]
fn windows_1252_is_read_and_given_back() {
    let file = b"name;price;Gr\xf6\xdfe\nK\xfcchenmesser;x;gro\xdf\nT\xfcrgriff;2;\n";
    let plan = planned(file, &ImportOptions::default());
    assert_eq!(plan.dialect.encoding.as_str(), "windows-1252");
    let rows = rows_from(file, &plan, &plan.start);
    let mut rejects = rejects_header(&plan);
    rejects_row(&plan, reject(&rows[0]), &mut rejects);
    assert!(rejects.starts_with(b"name;price;Gr\xf6\xdfe;_line"));
    let again = planned(&rejects, &ImportOptions::default());
    let again = rows_from(&rejects, &again, &again.start);
    assert_eq!(reject(&again[0]).record, b"K\xfcchenmesser;x;gro\xdf");
    assert_eq!(name(&rows[1]), "Türgriff");
}

/// Red when: a bad byte far into the file is replaced, or located wrongly.
#[test]
fn a_late_bad_byte_is_located() {
    let good = "Caf\u{e9},1\n".repeat(3);
    let file = [b"name,price\n", good.as_bytes(), b"Th\xe9,2\n"].concat();
    let rows = read(&file);
    let bad = reject(&rows[3]);
    assert_eq!((bad.code.as_str(), bad.line), ("INVALID_ENCODING", 5));
    let at = format!("byte {} ", 11 + good.len() + 2);
    assert!(bad.message.contains(&at), "{}", bad.message);
    let mut file = utf16("name,price\nA,1\nB", true);
    file.extend([0xd8, 0, 0, b',', 0, b'2', 0, b'\n']);
    let rows = read(&file);
    let bad = reject(&rows[1]);
    assert_eq!((bad.code.as_str(), bad.line), ("INVALID_ENCODING", 3));
    assert!(bad.message.contains("byte 34 "), "{}", bad.message);
}

/// Red when: Mac Roman is read as Windows-1252 without a word.
#[test]
fn mac_roman_is_asked_for() {
    let file = b"name,price\nCaf\x8e cr\x8fme,1\n";
    let refused = super::super::plan(file, true, &ImportOptions::default()).unwrap_err();
    assert!(
        refused.to_string().contains("encoding=macintosh"),
        "{refused}"
    );
    let (_, mac) = encoded("", "macintosh");
    let plan = planned(file, &mac);
    let rows = rows_from(file, &plan, &plan.start);
    assert_eq!(name(&rows[0]), "Café crème");
}
