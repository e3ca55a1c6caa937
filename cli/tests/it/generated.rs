//! What is generated from the grammar is committed, and true.
//! After a change of the grammar: `pm completions --dir completions; pm man --dir man`.

use std::path::Path;

use crate::pm::{Person, files};

fn compare(kind: &str) {
    let person = Person::new();
    person.ok(&format!("{kind} --dir generated"));
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(kind);
    let (generated, committed) = (files(&person.path("generated")), files(&committed));
    let names = |files: &[(String, String)]| -> Vec<String> {
        files.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&generated), names(&committed));
    for ((name, generated), (_, committed)) in generated.iter().zip(&committed) {
        assert!(
            generated == committed,
            "{kind}/{name} is not what `pm {kind} --dir {kind}` writes"
        );
    }
}

#[test]
fn completions_are_up_to_date() {
    compare("completions");
}

#[test]
fn manual_pages_are_up_to_date() {
    compare("man");
}

#[test]
fn one_script_is_the_same_as_its_file() {
    let person = Person::new();
    person.ok("completions --dir all");
    assert_eq!(person.ok("completions bash"), person.read("all/pm.bash"));
}
