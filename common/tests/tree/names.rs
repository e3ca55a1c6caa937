//! Type names: one meaning each.

use std::collections::BTreeMap;

use crate::source::{Source, sources};

/// Names that every module may have for itself: idioms of clap and of error handling.
const IDIOMS: [&str; 5] = ["Args", "Command", "Error", "Result", "State"];

/// A type's definition: its name, and `file:line`.
struct TypeName {
    name: String,
    place: String,
}

/// Every struct, enum, trait and type alias of these files.
fn type_names(sources: &[Source]) -> Vec<TypeName> {
    let mut names = Vec::new();
    for source in sources {
        for (at, line) in source.code.lines().enumerate() {
            if let Some(name) = defined(line) {
                names.push(TypeName {
                    name: name.to_owned(),
                    place: format!("{}:{}", source.path, at + 1),
                });
            }
        }
    }
    names
}

/// The name that a line defines. An indented `type` is an associated one, which has its trait's name.
fn defined(line: &str) -> Option<&str> {
    let mut words = line
        .split_whitespace()
        .skip_while(|word| word.starts_with("pub"));
    let keyword = words.next()?;
    let is_type = match keyword {
        "struct" | "enum" | "trait" => true,
        "type" => !line.starts_with(' '),
        _ => false,
    };
    let name = words.next().filter(|_| is_type)?;
    let end = name
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(name.len());
    Some(&name[..end]).filter(|name| name.starts_with(char::is_uppercase))
}

/// The names with more than one definition, with their places.
fn repeated(names: &[TypeName]) -> Vec<String> {
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in names {
        places.entry(&name.name).or_default().push(&name.place);
    }
    let repeated = places
        .into_iter()
        .filter(|(name, places)| places.len() > 1 && !IDIOMS.contains(name));
    repeated
        .map(|(name, places)| format!("{name}: {}", places.join(", ")))
        .collect()
}

/// Red when: a second `struct ImportRow` anywhere in the three crates.
#[test]
fn a_type_name_has_one_definition() {
    let repeated = repeated(&type_names(&sources()));
    assert!(repeated.is_empty(), "{repeated:#?}");
}

#[test]
fn definitions_are_found() {
    let source = Source {
        path: "cli/src/a.rs".to_owned(),
        code: "pub(crate) struct ImportRow<T> {\n    type Error = Infallible;\nstruct ImportRow;\ntype Sql = u8;\nlet enum_ = 1;\n"
            .to_owned(),
    };
    let names = type_names(&[source]);
    let found: Vec<_> = names.iter().map(|name| name.name.as_str()).collect();
    assert_eq!(found, ["ImportRow", "ImportRow", "Sql"]);
    assert_eq!(
        repeated(&names),
        ["ImportRow: cli/src/a.rs:1, cli/src/a.rs:3"]
    );
}
