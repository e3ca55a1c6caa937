//! Health, figures, versions, the escape hatch, keys and limits against a real daemon.

use crate::{
    daemon::Daemon,
    pm::{Person, poll},
};

#[test]
fn a_healthy_server_says_so() {
    let daemon = Daemon::start();
    let person = Person::new().with("PM_SERVER", &daemon.url);
    let lines = person.ok("health --wait --fields name,status");
    for name in ["server", "database", "redis", "kafka", "dynamodb", "s3"] {
        assert!(lines.contains(&format!("{name}\thealthy\n")), "{lines}");
    }
    assert_eq!(
        person.json("health")["services"]["database"]["status"],
        "healthy"
    );
    let versions = person.ok("version --fields part,version");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(versions, format!("client\t{version}\nserver\t{version}\n"));
}

#[test]
fn figures_follow_the_products() {
    let daemon = Daemon::start();
    let person = daemon.person("s1");
    person.ok("products create --name A --price 1.50 --quantity 4 --category C");
    let low = person.ok("stats low-stock --fields productId,quantity,threshold");
    assert_eq!(low, "1\t4\t10\n");
    poll("the totals follow", || {
        let total = person.ok("stats summary --fields totalValue");
        (total == "6\n").then_some(())
    });
    assert_eq!(person.ok("stats categories"), "C\t1\t4\t6\t1.5\n");
    let days = person.ok("stats daily -o csv --fields created,lowStock,valueChange");
    assert_eq!(days, "created,lowStock,valueChange\n1,1,6\n");
}

#[test]
fn any_request_can_be_made() {
    let daemon = Daemon::start();
    let person = daemon.person("s1");
    let made = person.ok("api POST products -F name=A -F price=1.10 -F quantity=1 -F category=C");
    assert!(made.contains(r#""price":1.1"#), "{made}");
    assert!(
        person
            .ok("api GET products -F limit=1")
            .contains(r#""limit":1"#)
    );
    let refused = person.run("api GET products -F limit=0");
    assert_eq!(refused.code, 2, "{refused:?}");
    assert_eq!(person.run("api GET /nowhere").code, 5);
    let included = person.run("api GET /health/live -i");
    assert!(included.err.starts_with("200 OK\n"), "{included:?}");
}

#[test]
fn an_export_replaces_its_file_and_comes_back() {
    let daemon = Daemon::start();
    let person = daemon.person("s1");
    person.ok("products create --name A --price 1.50 --quantity 40 --category C --sku A-1");
    person.write("all.csv", "old");
    assert!(person.run("export all.csv").out.is_empty());
    assert_eq!(person.read("all.csv"), person.ok("export"));
    let again = person.json("import all.csv");
    assert_eq!(
        (&again["rows"], &again["unchanged"]),
        (&1.into(), &1.into())
    );
    assert_eq!(person.run("export .").code, 2);
}

#[test]
fn a_limited_request_has_its_exit_code() {
    let daemon = Daemon::with(&[("RATE_LIMIT_STANDARD", "1")]);
    let person = daemon.person("s1");
    let limited = poll("the limit is reached", || {
        let ended = person.run("products get 1 -o json");
        (ended.code != 5).then_some(ended)
    });
    assert_eq!(limited.code, 8, "{limited:?}");
    assert_eq!(limited.error()["error_code"], "RATE_LIMIT_EXCEEDED");
}

#[test]
fn a_wrong_key_is_not_stored() {
    let daemon = Daemon::with(&[("PMD_AUTH", "keys")]);
    let person = daemon.person("s1");
    let refused = person.run_with("auth login --token-stdin", "pmk_wrong_key\n");
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(!person.path(".config/pm/credentials.toml").exists());
    let status = person.run("auth status --fields accepted");
    assert_eq!((status.code, status.out.as_str()), (4, "false\n"));
    assert!(!refused.err.contains("pmk_wrong_key"));
}
