//! Where the header is, and what its names become.

use super::*;

/// Red when: a separator line, a title or a comment is taken for the header, or lines are counted
/// from the header instead of from the file's start.
#[test]
fn lines_above_the_header_are_passed_over() {
    for (file, delimiter, line) in [
        ("sep=|\r\nsku|name|price\r\nA-1|Rug|5\r\n", '|', 3),
        (
            "Stock list of the shop;;\nAs of 3 May;;\n\nsku;name;price\nA-1;Rug;5\n",
            ';',
            5,
        ),
        (
            "# nightly, do not edit\n# currency: EUR\nsku,name,price\nA-1,Rug,5\n",
            ',',
            4,
        ),
        ("Price,,,\nsku,name,price,qty\nA-1,Rug,5,1\n", ',', 3),
        ("\r\n\t\u{feff}sku,name,price\r\nA-1,Rug,5\r\n", ',', 3),
    ] {
        let plan = planned(file.as_bytes(), &ImportOptions::default());
        assert_eq!(plan.dialect.delimiter, delimiter, "{file:?}");
        let rows = rows_from(file.as_bytes(), &plan, &plan.start);
        let row = product(&rows[0]);
        assert_eq!(
            (row.line, row.product.sku.as_deref()),
            (line, Some("A-1")),
            "{file:?}"
        );
    }
}

/// Red when: a later row that resembles a header takes the first line's place.
#[test]
fn a_first_line_that_is_a_header_stays_one() {
    for file in [
        "name,price,title\nname,1,price\nsku,2,x\n",
        "Artikel,price,x,y\nname,1,sku,2\n",
    ] {
        let mapped = options(&[(
            "map",
            if file.starts_with('A') {
                "Artikel=name"
            } else {
                "name=name"
            },
        )]);
        let plan = planned(file.as_bytes(), &mapped);
        assert_eq!(plan.start.line, 2, "{file:?}");
    }
}

/// Red when: the second of two columns of one name takes the first one's value.
#[test]
fn columns_of_one_name_keep_both_values() {
    let rows = read(b"name,price,Tag,Tag 2,Tag,tag\nRug,1,a,b,c,d\n");
    let attributes = product(&rows[0]).product.attributes.clone().unwrap();
    let pairs: Vec<(&str, &str)> = attributes
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        pairs,
        [("Tag", "a"), ("Tag 2", "b"), ("Tag 3", "c"), ("tag", "d")]
    );
}

/// Red when: a line of data is taken for the header, or its row is lost.
#[test]
fn a_file_without_a_header_is_mapped_by_position() {
    let file = b"\"30\",\"Leash, 1 m\",\"11.99\"\n\"31\",\"Collar\",\"3.99\"\n";
    let refused = super::super::plan(file, true, &ImportOptions::default()).unwrap_err();
    let message = refused.to_string();
    assert!(
        message.contains("looks like data") && message.contains("map=#1=sku"),
        "{message}"
    );
    let positions = options(&[("map", "#1=sku"), ("map", "#2=name"), ("map", "#3=price")]);
    let plan = planned(file, &positions);
    let rows = rows_from(file, &plan, &plan.start);
    let first = product(&rows[0]);
    assert_eq!((first.line, name(&rows[0])), (1, "Leash, 1 m"));
    assert_eq!(product(&rows[1]).product.sku.as_deref(), Some("31"));
}

/// Red when: two sentences run into each other where nothing resembles the name.
#[test]
fn an_unknown_column_is_refused_in_whole_sentences() {
    let file = b"name,price\n";
    for (map, part) in [
        (
            "nmae=name",
            "file; did you mean \"name\"? The file has: \"name\", \"price\"",
        ),
        ("Farbe=category", "file. The file has: \"name\", \"price\""),
        ("#3=sku", "file. The file has"),
    ] {
        let error = super::super::plan(file, true, &options(&[("map", map)])).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
}
