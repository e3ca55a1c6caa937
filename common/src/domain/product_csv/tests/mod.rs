//! Whole files through plan and reader: what goes in, what is left out, what comes back.

mod cells;
mod encodings;
mod exact;
mod headers;
mod limits;
mod numbers;
mod plans;
mod presets;
mod quotes;
mod rows;
mod shapes;

use super::*;

/// The plan of a file, as the whole of it is known.
fn planned(file: &[u8], options: &ImportOptions) -> ImportPlan {
    super::plan(file, true, options).unwrap()
}

/// Every row from a position on.
fn rows_from(file: &[u8], plan: &ImportPlan, from: &FilePosition) -> Vec<FileRow> {
    let start = usize::try_from(from.byte).unwrap();
    let mut reader = RowReader::new(&file[start..], plan, from);
    std::iter::from_fn(|| reader.next_row().unwrap()).collect()
}

/// Every row of a file without options.
fn read(file: &[u8]) -> Vec<FileRow> {
    let plan = planned(file, &ImportOptions::default());
    rows_from(file, &plan, &plan.start)
}

fn options(pairs: &[(&str, &str)]) -> ImportOptions {
    ImportOptions::from_pairs(pairs.iter().copied()).unwrap()
}

fn product(row: &FileRow) -> &ParsedRow {
    match row {
        FileRow::Product(row) => row,
        other => panic!("not a product: {other:?}"),
    }
}

fn reject(row: &FileRow) -> &RejectedRow {
    match row {
        FileRow::Rejected(reject) => reject,
        other => panic!("not rejected: {other:?}"),
    }
}

/// The name that a row gives.
fn name(row: &FileRow) -> &str {
    product(row).product.name.as_deref().unwrap()
}
