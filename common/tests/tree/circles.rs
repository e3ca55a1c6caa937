//! Import circles between files. A module and what is inside its folder belong together, so that an
//! import of something above oneself is no part of a circle.
//!
//! Red when: `use crate::commands::health;` in cli/src/ui.rs.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::Source;

/// The files that each file imports from, by path.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// Every circle, with the imports it consists of.
pub(crate) fn circles(sources: &[Source]) -> Vec<String> {
    let imports = imports(sources);
    let reached: BTreeMap<_, _> = imports
        .keys()
        .map(|file| (file, reachable(file, &imports)))
        .collect();
    let circles: BTreeSet<Vec<&String>> = imports
        .keys()
        .map(|file| {
            let both =
                |other: &&String| reached[file].contains(*other) && reached[*other].contains(file);
            imports.keys().filter(both).collect::<Vec<_>>()
        })
        .filter(|circle| !circle.is_empty())
        .collect();
    circles
        .iter()
        .map(|circle| described(circle, &imports))
        .collect()
}

fn described(circle: &[&String], imports: &Imports) -> String {
    let mut lines = vec![format!("a circle of {} files", circle.len())];
    for file in circle {
        let inside = imports[*file].iter().filter(|other| circle.contains(other));
        lines.extend(inside.map(|other| format!("  {file} imports {other}")));
    }
    lines.join("\n")
}

fn reachable(file: &str, imports: &Imports) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![file.to_owned()];
    while let Some(file) = open.pop() {
        for next in imports.get(&file).into_iter().flatten() {
            if reached.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    reached
}

fn imports(sources: &[Source]) -> Imports {
    let modules: BTreeMap<String, &str> = sources
        .iter()
        .map(|source| (module_of(source), source.path.as_str()))
        .collect();
    let imported = |source: &Source| {
        let own = module_of(source);
        let targets = source.named().into_iter().filter_map(|named| {
            let module = longest_module(&absolute(source, &own, &named.path), &modules)?;
            let above = own == module || own.starts_with(&format!("{module}::"));
            (!above).then(|| modules[&module].to_owned())
        });
        (source.path.clone(), targets.collect())
    };
    sources.iter().map(imported).collect()
}

/// `common::ports::store` of `common/src/ports/store/mod.rs`.
fn module_of(source: &Source) -> String {
    let crate_name = source.path.split('/').next().unwrap_or_default();
    source.module().join("::").replacen("crate", crate_name, 1)
}

/// Paths from the crate's root as they are, others as those of a child: `memory::connect`.
fn absolute(source: &Source, own: &str, path: &str) -> String {
    let crate_name = source.path.split('/').next().unwrap_or_default();
    match path.strip_prefix("crate::") {
        Some(inside) => format!("{crate_name}::{inside}"),
        None => format!("{own}::{path}"),
    }
}

fn longest_module(path: &str, modules: &BTreeMap<String, &str>) -> Option<String> {
    let mut path = path.split_whitespace().next()?;
    loop {
        if modules.contains_key(path) {
            return Some(path.to_owned());
        }
        path = path.rsplit_once("::")?.0;
    }
}

/// Red when: a circle over three files is not seen, or a child that uses its parent is one.
#[test]
fn circles_are_found() {
    let source = |path: &str, code: &str| Source {
        path: path.to_owned(),
        code: code.to_owned(),
    };
    let circle = [
        source("cli/src/a.rs", "use crate::b::B;"),
        source("cli/src/b.rs", "use crate::c::{C, D};"),
        source("cli/src/c/mod.rs", "mod d; use d::D;"),
        source("cli/src/c/d.rs", "use crate::a::A;"),
    ];
    assert_eq!(circles(&circle).len(), 1);
    let tree = [
        source("cli/src/main.rs", "mod a; use a::A;"),
        source("cli/src/a/mod.rs", "mod b; use self::b::B;"),
        source("cli/src/a/b.rs", "use super::A; use crate::Main;"),
    ];
    assert!(circles(&tree).is_empty());
}
