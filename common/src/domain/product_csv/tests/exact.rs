//! Properties: any cut is harmless, exports come back.
//!
//! Each was seen to fail: with quoted cells trimmed, with marks left on, and with line ends counted
//! anew in every chunk.

use proptest::prelude::*;

use super::{quotes::Drops, *};
use crate::domain::{
    clock::Timestamp,
    money::Price,
    product::{NewProduct, Product},
    seller::SellerId,
};

/// Cells that a spreadsheet, a parser or an importer could take for something else.
fn hostile_text(max: usize) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("'"),
        Just("\""),
        Just("="),
        Just("+"),
        Just("-"),
        Just("@"),
        Just("\t"),
        Just("\r"),
        Just("\n"),
        Just(","),
        Just(";"),
        Just(" "),
        Just("\u{a0}"),
        Just("\u{feff}"),
        Just("a"),
        Just("é"),
        Just("🦀"),
        Just("\u{202e}"),
        Just("1"),
        Just("Name"),
        Just("_line"),
    ];
    prop::collection::vec(piece, 0..max).prop_map(|pieces| pieces.concat())
}

fn trimmed_text() -> impl Strategy<Value = String> {
    hostile_text(8).prop_filter_map("blank", |text| {
        let text = text.trim().to_owned();
        (!text.is_empty()).then_some(text)
    })
}

prop_compose! {
    fn any_product()(
        name in trimmed_text(),
        description in prop::option::of(hostile_text(8).prop_filter("none", |t| !t.is_empty())),
        cents in 1..=Price::MAX_CENTS,
        quantity in 0..=i32::MAX,
        category in trimmed_text(),
        sku in prop::option::of(trimmed_text()),
        low_stock_threshold in prop::option::of(0..=i32::MAX),
        attributes in prop::option::of(
            prop::collection::btree_map(hostile_text(4), hostile_text(8), 1..5)
        ),
    ) -> NewProduct {
        NewProduct {
            name, description, price: Price::from_cents(cents).unwrap(), quantity, category, sku,
            low_stock_threshold, attributes,
        }
    }
}

fn stored(new: NewProduct) -> Product {
    let seller = SellerId::parse("seller-1").unwrap();
    new.into_product(1, seller, Timestamp::from_millis(0))
}

fn exported(products: &[Product]) -> Vec<u8> {
    let mut columns = ExportColumns::default();
    for product in products {
        product.attributes.iter().for_each(|all| columns.count(all));
    }
    let writer = columns.into_writer();
    let mut out = writer.header(false);
    for product in products {
        writer.row(product, &mut out);
    }
    out
}

proptest! {
    #[test]
    fn any_cut_is_harmless(
        rows in "([ab1,;\"' \n\r]|,|1|\n){0,120}",
        header in prop_oneof![
            Just("name,price,note\n"),
            Just("Handle,Title,Option1 Value,Variant Price\r\n"),
            Just("sku,Name,Type,Regular price,Categories,Parent\r"),
        ],
    ) {
        let file = format!("{header}{rows}");
        let plan = planned(file.as_bytes(), &ImportOptions::default());
        let whole = rows_from(file.as_bytes(), &plan, &plan.start);
        let start = usize::try_from(plan.start.byte).unwrap();
        let drops = Drops(&file.as_bytes()[start..], 3);
        let mut reader = RowReader::new(drops, &plan, &plan.start);
        for (n, row) in whole.iter().enumerate() {
            let next = reader.next_row().unwrap();
            prop_assert_eq!(next.as_ref(), Some(row));
            let rest = rows_from(file.as_bytes(), &plan, &reader.position());
            prop_assert_eq!(&rest[..], &whole[n + 1..]);
        }
        prop_assert_eq!(reader.next_row().unwrap(), None);
    }

    #[test]
    fn exports_come_back_unchanged(
        products in prop::collection::vec(any_product(), 0..4),
    ) {
        let products: Vec<Product> = products.into_iter().map(stored).collect();
        let file = exported(&products);
        let plan = planned(&file, &ImportOptions::default());
        prop_assert_eq!((plan.preset, plan.mode), (ImportPreset::Generic, ImportMode::Upsert));
        let rows = rows_from(&file, &plan, &plan.start);
        prop_assert_eq!(rows.len(), products.len());
        for (row, product) in rows.iter().zip(&products) {
            let row = super::product(row);
            prop_assert_eq!(&stored(row.product.clone().complete().unwrap()), product);
            prop_assert_eq!(row.applied_to(product, product.updated_at), None);
        }
    }

    #[test]
    fn no_cell_of_an_export_starts_a_formula(product in any_product()) {
        let file = exported(&[stored(product)]);
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(&file[..]);
        for record in reader.records() {
            for cell in &record.unwrap() {
                prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
            }
        }
    }

    #[test]
    fn whatever_the_bytes_nothing_panics_and_rejects_can_be_read(
        bytes in prop::collection::vec(prop_oneof![
            Just(b','), Just(b'"'), Just(b'\n'), Just(b'\r'), Just(b'1'), Just(0), any::<u8>(),
        ], 0..80),
    ) {
        let file = [&b"name,price,note\n"[..], &bytes].concat();
        let utf8 = options(&[("encoding", "utf-8")]);
        let plan = planned(&file, &utf8);
        for row in rows_from(&file, &plan, &plan.start) {
            let FileRow::Rejected(reject) = row else { continue };
            let mut rejects = rejects_header(&plan);
            rejects_row(&plan, &reject, &mut rejects);
            let again = planned(&rejects, &utf8);
            let rows = rows_from(&rejects, &again, &again.start);
            prop_assert_eq!(rows.len(), 1);
        }
    }
}
