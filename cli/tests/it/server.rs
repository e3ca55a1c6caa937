//! Health, figures, versions, the escape hatch, keys and limits against a real daemon.

use crate::{
    daemon::TestDaemon,
    pm::{TestEnv, poll},
};

#[test]
fn a_healthy_server_is_reported() {
    let daemon = TestDaemon::start();
    let env = TestEnv::new().with("PM_SERVER", &daemon.url);
    let lines = env.ok("health --wait --fields name,status");
    for name in ["server", "database", "redis", "kafka", "dynamodb", "s3"] {
        assert!(lines.contains(&format!("{name}\thealthy\n")), "{lines}");
    }
    assert_eq!(
        env.json("health")["services"]["database"]["status"],
        "healthy"
    );
    let versions = env.ok("version --fields part,version");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(versions, format!("client\t{version}\nserver\t{version}\n"));
}

#[test]
fn figures_follow_the_products() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    env.ok("products create --name A --price 1.50 --quantity 4 --category C");
    let low = env.ok("stats low-stock --fields productId,quantity,threshold");
    assert_eq!(low, "1\t4\t10\n");
    poll("the totals follow", || {
        let total = env.ok("stats summary --fields totalValue");
        (total == "6\n").then_some(())
    });
    assert_eq!(env.ok("stats categories"), "C\t1\t4\t6\t1.5\n");
    let days = env.ok("stats daily -o csv --fields created,lowStock,valueChange");
    assert_eq!(days, "created,lowStock,valueChange\n1,1,6\n");
}

#[test]
fn any_request_can_be_made() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    let made = env.ok("api POST products -F name=A -F price=1.10 -F quantity=1 -F category=C");
    assert!(made.contains(r#""price":1.1"#), "{made}");
    assert!(
        env.ok("api GET products -F limit=1")
            .contains(r#""limit":1"#)
    );
    let refused = env.run("api GET products -F limit=0");
    assert_eq!(refused.code, 2, "{refused:?}");
    assert_eq!(env.run("api GET /nowhere").code, 5);
    let included = env.run("api GET /health/live -i");
    assert!(included.err.starts_with("200 OK\n"), "{included:?}");
}

#[test]
fn an_export_replaces_its_file_and_comes_back() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    env.ok("products create --name A --price 1.50 --quantity 40 --category C --sku A-1");
    env.write("all.csv", "old");
    assert!(env.run("export all.csv").out.is_empty());
    assert_eq!(env.read("all.csv"), env.ok("export"));
    let again = env.json("import all.csv");
    assert_eq!(
        (&again["rows"], &again["unchanged"]),
        (&1.into(), &1.into())
    );
    assert!(env.ok("export --bom").starts_with("\u{feff}id,sku,name,"));
    assert_eq!(env.run("export .").code, 2);
}

/// Red when: a name that a spreadsheet runs stands bare in a list.
#[test]
fn lists_as_csv_hold_no_formulas() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    env.ok("products create --name =1+1 --price 1.50 --quantity 40 --category C --sku=-2");
    let list = env.ok("products list -o csv --fields name,sku,price,quantity");
    assert_eq!(list, "name,sku,price,quantity\n'=1+1,'-2,1.5,40\n");
}

#[test]
fn a_limited_request_has_its_exit_code() {
    let daemon = TestDaemon::with(&[("RATE_LIMIT_STANDARD", "1")]);
    let env = daemon.env("s1");
    let limited = poll("the limit is reached", || {
        let outcome = env.run("products get 1 -o json");
        (outcome.code != 5).then_some(outcome)
    });
    assert_eq!(limited.code, 8, "{limited:?}");
    assert_eq!(limited.error()["error_code"], "RATE_LIMIT_EXCEEDED");
}

#[test]
fn a_wrong_key_is_not_stored() {
    let daemon = TestDaemon::with(&[("PMD_AUTH", "keys")]);
    let env = daemon.env("s1");
    let refused = env.run_with("auth login --token-stdin", "pmk_wrong_key\n");
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(!env.path(".config/pm/credentials.toml").exists());
    let status = env.run("auth status --fields accepted");
    assert_eq!((status.code, status.out.as_str()), (4, "false\n"));
    assert!(!refused.err.contains("pmk_wrong_key"));
}
