//! Flag, environment, context, file, default: who wins, and what is kept where.

use crate::pm::Person;

fn origin(person: &Person, flags: &str) -> String {
    let listed = person.ok(&format!("config list --origin {flags}"));
    let seller = listed.lines().find(|line| line.starts_with("seller\t"));
    seller.unwrap().to_owned()
}

#[test]
fn the_nearer_setting_wins() {
    let person = Person::new();
    assert_eq!(origin(&person, ""), "seller\t\tdefault");
    person.ok("config set seller from-file");
    let file = person.path(".config/pm/config.toml");
    assert_eq!(
        person.ok("config path").trim_end(),
        file.display().to_string()
    );
    assert_eq!(
        origin(&person, ""),
        format!("seller\tfrom-file\tfile {}", file.display())
    );
    person.ok("context create shop --seller from-context");
    person.ok("context use shop");
    assert_eq!(origin(&person, ""), "seller\tfrom-context\tcontext shop");
    let person = person.with("PM_SELLER", "from-environment");
    assert_eq!(
        origin(&person, ""),
        "seller\tfrom-environment\tenvironment PM_SELLER"
    );
    assert_eq!(
        origin(&person, "--seller from-flag"),
        "seller\tfrom-flag\tflag --seller"
    );
}

#[test]
fn contexts_come_and_go() {
    let person = Person::new();
    person.ok("context create a --server http://a --seller s-a");
    person.ok("context create b --server http://b");
    assert_eq!(person.run("context create b --server http://c").code, 6);
    person.ok("context use a");
    assert_eq!(
        person.ok("context list"),
        "*\ta\thttp://a\ts-a\n\tb\thttp://b\t\n"
    );
    assert_eq!(person.ok("config get server"), "http://a\n");
    assert_eq!(person.ok("config get server --context b"), "http://b\n");
    person.ok("context delete a");
    assert_eq!(person.ok("context list -o name"), "context/b\n");
    assert_eq!(person.run("config get context").code, 1);
}

#[test]
fn nothing_malformed_is_stored() {
    let person = Person::new();
    for line in [
        "config set seller 42",
        "config set output xml",
        "config set server localhost",
        "context create a --seller true",
    ] {
        assert_eq!(person.run(line).code, 2, "pm {line}");
    }
    assert!(!person.path(".config").exists());
}

#[test]
fn colours_follow_flag_and_environment() {
    let colored = |person: &Person, flags: &str| {
        let table = person.ok(&format!("context list -o table {flags}"));
        table.contains("\x1b[")
    };
    let person = Person::new();
    person.ok("context create a --server http://a");
    assert!(!colored(&person, ""), "a pipe has no colours");
    assert!(colored(&person, "--color always"));
    let person = person.with("CLICOLOR_FORCE", "1");
    assert!(colored(&person, "") && !colored(&person, "--color never"));
    let person = person.with("NO_COLOR", "1");
    assert!(!colored(&person, "") && colored(&person, "--color always"));
}
