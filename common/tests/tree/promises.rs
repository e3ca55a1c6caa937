//! The tests that docs/reliability.md names as proof exist.

use std::{collections::BTreeSet, fs};

use crate::source::{files_below, root};

fn named() -> Vec<String> {
    let page = fs::read_to_string(root().join("docs/reliability.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let proofs = rows.filter_map(|row| row.split('|').nth(3));
    proofs
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

/// Red when: a test is renamed and the page still names the old one, or the table cannot be read.
#[test]
fn every_promise_names_tests_that_exist() {
    let (named, mut functions) = (named(), BTreeSet::new());
    assert!(named.len() >= 40, "{named:?}");
    for folder in ["daemon/", "common/"] {
        for file in files_below(folder) {
            let text = fs::read_to_string(root().join(&file)).unwrap_or_default();
            let declared = text
                .split("fn ")
                .skip(1)
                .filter_map(|rest| rest.split('(').next());
            functions.extend(declared.map(str::to_owned));
        }
    }
    let missing: Vec<_> = named
        .iter()
        .filter(|name| !functions.contains(*name))
        .collect();
    assert!(missing.is_empty(), "docs/reliability.md names {missing:?}");
}
