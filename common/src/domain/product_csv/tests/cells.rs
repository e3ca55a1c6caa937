//! Cells that programs on the way have altered, and what becomes of them.

use super::*;

/// Column and code of a row's warnings.
fn warned(row: &FileRow) -> Vec<(&str, &str)> {
    let warnings = product(row).warnings.iter();
    warnings
        .map(|warning| (warning.column.as_str(), warning.code.as_str()))
        .collect()
}

/// Red when: a key keeps what is invisible, or loses it without a word.
#[test]
fn keys_lose_invisible_characters() {
    let file =
        "sku,name,price\nA\u{200b}-1,Rug,1\n\u{feff}A-1\u{ad},Rug,1\n B-1\u{a0} ,R\u{200b}g,1\n";
    let rows = read(file.as_bytes());
    for row in &rows[..2] {
        assert_eq!(product(row).product.sku.as_deref(), Some("A-1"));
        assert_eq!(warned(row), [("sku", "INVISIBLE_CHARACTERS")]);
    }
    assert_eq!(product(&rows[2]).product.sku.as_deref(), Some("B-1"));
    assert_eq!(warned(&rows[2]), []);
}

/// Red when: a spreadsheet's guards or losses go into a key.
#[test]
fn what_a_spreadsheet_made_of_keys_is_undone_or_refused() {
    let file = b"sku,name,price,note\n=\"0012\",Rug,1,=\"7\"\n\"=\"\"0013\"\"\",Rug,1,\n########,Rug,1,\n4.1E+12,Rug,1,\n##,Rug,1,\n";
    let rows = read(file);
    let first = &product(&rows[0]).product;
    assert_eq!(first.sku.as_deref(), Some("0012"));
    assert_eq!(first.attributes.as_ref().unwrap()["note"], "7");
    assert_eq!(product(&rows[1]).product.sku.as_deref(), Some("0013"));
    for row in &rows[2..4] {
        assert_eq!(reject(row).code, "SPREADSHEET_NUMBER");
        assert!(reject(row).hint.contains("as text"));
    }
    assert_eq!(product(&rows[4]).product.sku.as_deref(), Some("##"));
}

/// Red when: HTML stays in a name or category, leaves a description, or goes without a word.
#[test]
fn entities_are_decoded_in_names_and_categories() {
    let rows =
        read(b"name,price,category,description\nSalt &amp; oil,1,Caf&eacute; &gt; Tea,a &amp; b\n");
    let row = &product(&rows[0]).product;
    assert_eq!(
        (name(&rows[0]), row.category.as_str()),
        ("Salt & oil", "Café > Tea")
    );
    assert_eq!(row.description.as_deref(), Some("a &amp; b"));
    assert_eq!(
        warned(&rows[0]),
        [
            ("name", "ENTITIES_DECODED"),
            ("category", "ENTITIES_DECODED")
        ]
    );
}

/// Red when: a word for nothing is a value, or becomes a blank without a word.
#[test]
fn words_for_nothing_are_blank() {
    let rows = read(b"sku,name,price,quantity,category\nn/a,Nan,1,nan,#N/A\n,Null,NaN,1,x\n");
    let row = &product(&rows[0]).product;
    assert_eq!(
        (row.sku.as_deref(), name(&rows[0]), row.quantity),
        (None, "Nan", 0)
    );
    assert_eq!(row.category, "Uncategorized");
    let blank = "READ_AS_BLANK";
    assert_eq!(
        warned(&rows[0]),
        [("quantity", blank), ("category", blank), ("sku", blank)]
    );
    assert_eq!(reject(&rows[1]).code, "REQUIRED");
}

/// Red when: a line break in a name passes without a word, or one in a description is named.
#[test]
fn line_breaks_are_named() {
    let rows =
        read(b"sku,name,price,category,description\n\"A\n1\",\"Rug\nred\",1,\"x\ny\",\"a\nb\"\n");
    let code = "LINE_BREAK";
    assert_eq!(
        warned(&rows[0]),
        [("name", code), ("category", code), ("sku", code)]
    );
    assert_eq!(name(&rows[0]), "Rug\nred");
}

/// Red when: Ctrl-Z at the end of a file, or a row of delimiters, is a reject.
#[test]
fn rows_of_nothing_are_skipped() {
    let rows = read(b"sku,name,price\n,,\nA,Rug,1\n , ,\n\x1a");
    let blank = FileRow::Skipped(SkipReason::Blank);
    assert_eq!(
        (rows.len(), &rows[0], &rows[2], &rows[3]),
        (4, &blank, &blank, &blank)
    );
}

/// Red when: lines above the header are passed over without a word.
#[test]
fn titles_are_named() {
    let plan = planned(
        b"Stock list\nsku,name,price\nA,Rug,1\n",
        &ImportOptions::default(),
    );
    assert_eq!(plan.warnings[0].code, "TITLES_SKIPPED");
    assert!(plan.warnings[0].message.contains("line 2"));
}

/// Red when: our own export does not come back exactly as it was stored.
#[test]
fn our_own_export_is_left_alone() {
    let file = "sku,name,price,description,quantity,category,low_stock_threshold\n";
    let own = "sku,name,description,price,quantity,category,low_stock_threshold\n";
    let row = "A\u{200b},S &amp; P,,1,1,n/a,\n";
    for header in [own, &format!("id,{own}")] {
        let id = if header.starts_with("id") { "7," } else { "" };
        let rows = read(format!("{header}{id}{row}").as_bytes());
        let stored = &product(&rows[0]).product;
        assert_eq!(
            (name(&rows[0]), stored.category.as_str()),
            ("S &amp; P", "n/a")
        );
        assert_eq!(stored.sku.as_deref(), Some("A\u{200b}"));
    }
    let rows = read(format!("{file}A\u{200b},S &amp; P,1,,1,x,\n").as_bytes());
    assert_eq!(name(&rows[0]), "S & P");
}
