//! The two SQL adapters of the store mirror each other: a file of the one has a file of the same name,
//! with the same job, in the other.

use std::collections::{BTreeMap, BTreeSet};

use crate::{PORTS, source::files_below};

/// Files that only PostgreSQL's adapter has, and who does that job for SQLite.
const ONLY_POSTGRES: [(&str, &str); 7] = [
    (
        "batcher.rs",
        "the one writer of `engines::sqlite_db` commits waiting writes together",
    ),
    (
        "connections.rs",
        "`engines::sqlite_db` has the connections of every SQLite file",
    ),
    ("layout.rs", "a file is never distributed"),
    ("nodes.rs", "one process owns the file"),
    (
        "opening.rs",
        "`engines::sqlite_db` opens and migrates every SQLite file",
    ),
    (
        "product_get.rs",
        "a read waits for no other; `products.rs` reads by key",
    ),
    ("relay_lease.rs", "one process owns the file, and relays"),
];

fn files_of(adapter: &str) -> BTreeSet<String> {
    let folder = format!("{PORTS}store/{adapter}/");
    files_below(&folder)
        .iter()
        .map(|file| file.replacen(&folder, "", 1))
        .collect()
}

/// Red when: `sqlite/bulk.rs` is called `insert.rs`, or a new file comes into one folder alone.
#[test]
fn the_sql_adapters_have_the_same_files() {
    let (sqlite, postgres) = (files_of("sqlite"), files_of("postgres"));
    assert!(sqlite.len() > 10, "{sqlite:?}");
    let excepted: BTreeMap<_, _> = ONLY_POSTGRES.into_iter().collect();
    let without_twin: Vec<_> = postgres
        .symmetric_difference(&sqlite)
        .filter(|file| !excepted.contains_key(file.as_str()))
        .collect();
    assert!(
        without_twin.is_empty(),
        "only one adapter of the store has {without_twin:?}: rename, split, or explain it here"
    );
    let outdated: Vec<_> = excepted
        .keys()
        .filter(|file| !postgres.contains(**file) || sqlite.contains(**file))
        .collect();
    assert!(outdated.is_empty(), "no exceptions any more: {outdated:?}");
}
