//! What is found out about a file before its first row.

use super::*;

fn refused(file: &[u8], pairs: &[(&str, &str)]) -> PlanError {
    super::super::plan(file, true, &options(pairs)).unwrap_err()
}

fn role(plan: &ImportPlan, header: &str) -> ColumnRole {
    let column = plan.columns.iter().find(|c| c.header == header);
    column.unwrap().role
}

#[test]
fn the_plain_header_needs_no_options() {
    let plan = planned(b"name,price,quantity,category\n", &ImportOptions::default());
    assert_eq!(plan.mode, ImportMode::Create);
    assert_eq!(plan.preset, ImportPreset::Generic);
    assert_eq!((plan.start.byte, plan.start.line), (29, 2));
    assert!(rows_from(b"name,price,quantity,category\n", &plan, &plan.start).is_empty());
}

#[test]
fn delimiters_are_found_outside_quotes() {
    for (file, delimiter) in [
        ("name;price\nA,B;1\n", ';'),
        ("\"name\"\tprice\n", '\t'),
        ("name|price", '|'),
        ("\"a;b;c;d\",name,price\n", ','),
        ("Artikel;Preis, netto;x\n", ';'),
    ] {
        let mapped = options(&[("map", "Artikel=name"), ("map", "Preis, netto=price")]);
        let chosen = if file.starts_with("Artikel") {
            mapped
        } else {
            ImportOptions::default()
        };
        let plan = planned(file.as_bytes(), &chosen);
        assert_eq!(plan.dialect.delimiter, delimiter, "{file}");
    }
    let forced = options(&[("delimiter", "|")]);
    let plan = planned(b"name|price|a,b,c,d\n", &forced);
    assert_eq!(plan.columns.len(), 3);
}

#[test]
fn headers_are_folded_and_a_mark_at_the_start_is_no_text() {
    let file = "\u{feff}  Product\u{a0}Name , UNIT-PRICE,On Hand,Colour\n\nA,1,2,red\n";
    let plan = planned(file.as_bytes(), &ImportOptions::default());
    assert!(plan.dialect.bom);
    assert_eq!(
        role(&plan, "Product\u{a0}Name"),
        ColumnRole::Field(ProductField::Name)
    );
    assert_eq!(
        role(&plan, "UNIT-PRICE"),
        ColumnRole::Field(ProductField::Price)
    );
    assert_eq!(
        role(&plan, "On Hand"),
        ColumnRole::Field(ProductField::Quantity)
    );
    assert_eq!(role(&plan, "Colour"), ColumnRole::Attribute);
    assert_eq!(plan.start.byte as usize, file.find('\n').unwrap() + 1);
    let rows = rows_from(file.as_bytes(), &plan, &plan.start);
    assert_eq!(product(&rows[0]).line, 3);
}

#[test]
fn the_best_name_wins_and_the_other_becomes_an_attribute() {
    let plan = planned(b"title,name,price,amount\n", &ImportOptions::default());
    assert_eq!(role(&plan, "name"), ColumnRole::Field(ProductField::Name));
    assert_eq!(role(&plan, "title"), ColumnRole::Attribute);
    assert_eq!(plan.attribute_columns(), ["title", "amount"]);
    let mapped = options(&[("map", "TITLE=name")]);
    let plan = planned(b"title,name,price\n", &mapped);
    assert_eq!(role(&plan, "title"), ColumnRole::Field(ProductField::Name));
    assert_eq!(role(&plan, "name"), ColumnRole::Attribute);
}

#[test]
fn missing_columns_are_reported_with_what_would_help() {
    let error = refused(b"Artikel,Prise,Menge\n", &[]);
    assert_eq!(error.code.as_str(), "MISSING_COLUMNS");
    let fields: Vec<&str> = error.errors.iter().map(|e| e.field.as_str()).collect();
    assert_eq!(fields, ["name", "price"]);
    let message = &error.errors[1].message;
    for part in [
        "\"Artikel\"",
        "unit_price",
        "did you mean \"Prise\"",
        "map=Prise=price",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn other_formats_are_distinguished() {
    let utf16: Vec<u8> = "name,price\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for file in [
        &utf16[..],
        b"PK\x03\x04",
        b"name,price\nCaf\x8e,1\n",
        &[0x1f, 0x8b, 8],
    ] {
        let error = refused(file, &[]);
        assert_eq!(error.code.as_str(), "UNSUPPORTED_ENCODING", "{file:?}");
        assert_eq!(error.errors[0].field, "file");
    }
}

#[test]
fn options_that_do_not_fit_the_file_are_named() {
    let file = b"name,price\n";
    for (pairs, field, part) in [
        (vec![("map", "Nmae=name")], "map", "did you mean \"name\"?"),
        (
            vec![("map", "name=name"), ("map", "price=name")],
            "map",
            "two columns",
        ),
        (
            vec![("map", "name=name"), ("map", "name=sku")],
            "map",
            "twice",
        ),
        (vec![("mode", "update")], "mode", "map=<column>=sku"),
        (vec![("default", "quantity=-1")], "default", "at least 0"),
        (vec![("default", "category= ")], "default", "required"),
        (vec![("default", "price=1")], "default", "no default"),
        (
            vec![("default", "quantity=1"), ("default", "quantity=2")],
            "default",
            "twice",
        ),
    ] {
        let error = refused(file, &pairs);
        assert_eq!(error.code.as_str(), "VALIDATION_ERROR");
        assert_eq!(error.errors[0].field, field);
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn hopeless_headers_are_refused() {
    let many = "a,".repeat(256) + "name";
    let long = format!("name,price,{}\n", "x".repeat(1024 * 1024));
    for (file, constraint) in [
        ("", "not_empty"),
        ("\n \r\n", "not_empty"),
        ("\u{feff}", "not_empty"),
        ("name,\"price\nA,1\n", "format"),
        ("name,Price,price\n", "duplicate"),
        (&many, "max_columns"),
        (&long, "max_bytes"),
    ] {
        let error = refused(file.as_bytes(), &[]);
        assert_eq!(error.code.as_str(), "VALIDATION_ERROR");
        assert_eq!(error.errors[0].constraint, constraint, "{error}");
    }
    let cut = super::super::plan(b"name,pri", false, &ImportOptions::default());
    assert_eq!(cut.unwrap_err().errors[0].constraint, "max_bytes");
}

#[test]
fn a_key_makes_the_mode_upsert() {
    let plan = planned(b"sku,name,price\n", &ImportOptions::default());
    assert_eq!(plan.mode, ImportMode::Upsert);
    let plan = planned(b"sku,name,price\n", &options(&[("mode", "skip")]));
    assert_eq!(plan.mode, ImportMode::Skip);
    let json = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<ImportPlan>(&json).unwrap(), plan);
}
