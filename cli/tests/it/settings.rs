//! Flag, environment, context, file, default: their precedence, and what is stored where.

use crate::pm::TestEnv;

fn origin(env: &TestEnv, flags: &str) -> String {
    let listed = env.ok(&format!("config list --origin {flags}"));
    let seller = listed.lines().find(|line| line.starts_with("seller\t"));
    seller.unwrap().to_owned()
}

#[test]
fn the_nearer_setting_wins() {
    let env = TestEnv::new();
    assert_eq!(origin(&env, ""), "seller\t\tdefault");
    env.ok("config set seller from-file");
    let file = env.path(".config/pm/config.toml");
    assert_eq!(env.ok("config path").trim_end(), file.display().to_string());
    assert_eq!(
        origin(&env, ""),
        format!("seller\tfrom-file\tfile {}", file.display())
    );
    env.ok("context create shop --seller from-context");
    env.ok("context use shop");
    assert_eq!(origin(&env, ""), "seller\tfrom-context\tcontext shop");
    let env = env.with("PM_SELLER", "from-environment");
    assert_eq!(
        origin(&env, ""),
        "seller\tfrom-environment\tenvironment PM_SELLER"
    );
    assert_eq!(
        origin(&env, "--seller from-flag"),
        "seller\tfrom-flag\tflag --seller"
    );
}

#[test]
fn contexts_come_and_go() {
    let env = TestEnv::new();
    env.ok("context create a --server http://a --seller s-a");
    env.ok("context create b --server http://b");
    assert_eq!(env.run("context create b --server http://c").code, 6);
    env.ok("context use a");
    assert_eq!(
        env.ok("context list"),
        "*\ta\thttp://a\ts-a\n\tb\thttp://b\t\n"
    );
    assert_eq!(env.ok("config get server"), "http://a\n");
    assert_eq!(env.ok("config get server --context b"), "http://b\n");
    env.ok("context delete a");
    assert_eq!(env.ok("context list -o name"), "context/b\n");
    assert_eq!(env.run("config get context").code, 1);
}

#[test]
fn nothing_malformed_is_stored() {
    let env = TestEnv::new();
    for line in [
        "config set seller 42",
        "config set output xml",
        "config set server localhost",
        "context create a --seller true",
    ] {
        assert_eq!(env.run(line).code, 2, "pm {line}");
    }
    assert!(!env.path(".config").exists());
}

#[test]
fn colours_follow_flag_and_environment() {
    let colored = |env: &TestEnv, flags: &str| {
        let table = env.ok(&format!("context list -o table {flags}"));
        table.contains("\x1b[")
    };
    let env = TestEnv::new();
    env.ok("context create a --server http://a");
    assert!(!colored(&env, ""), "a pipe has no colours");
    assert!(colored(&env, "--color always"));
    let env = env.with("CLICOLOR_FORCE", "1");
    assert!(colored(&env, "") && !colored(&env, "--color never"));
    let env = env.with("NO_COLOR", "1");
    assert!(!colored(&env, "") && colored(&env, "--color always"));
}
