//! What is generated from the grammar is committed, and true.
//! After a change of the grammar: `pm completions --dir completions; pm man --dir man`.

use std::path::Path;

use crate::pm::{TestEnv, files};

fn compare(kind: &str) {
    let env = TestEnv::new();
    env.ok(&format!("{kind} --dir generated"));
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(kind);
    let (generated, committed) = (files(&env.path("generated")), files(&committed));
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
    let env = TestEnv::new();
    env.ok("completions --dir all");
    assert_eq!(env.ok("completions bash"), env.read("all/pm.bash"));
}
