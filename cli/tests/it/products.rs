//! Products against a real daemon: every format, every change, every refusal.

use std::process::Stdio;

use crate::{daemon::TestDaemon, pm::RunOutcome};

#[test]
fn a_product_from_its_creation_to_its_return() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    let created = env.json("products create --name Lamp --price 19.90 --quantity 50 --category Light --sku L-1 --attribute origin=CH");
    assert_eq!(created["price"].to_string(), "19.9");
    assert_eq!(created["attributes"]["origin"], "CH");

    let updated = env.json("products update 1 --price 0.07 --clear attributes");
    assert_eq!(updated["price"].to_string(), "0.07");
    assert!(updated["attributes"].is_null());
    assert_eq!(
        env.json("products stock 1 -8 --reason sold")["quantity"],
        42
    );
    assert_eq!(env.json("products stock 1 +1")["quantity"], 43);

    let stale = env.run("products update 1 --price 2 --if-version 1");
    assert_eq!(stale.code, 6, "{stale:?}");
    assert!(stale.err.contains("request id"), "{stale:?}");
    let short = env.run("products stock 1 -100 -o json");
    assert_eq!(
        (short.code, &short.error()["error_code"]),
        (6, &"INSUFFICIENT_STOCK".into())
    );
    let twice = env.run("products create --name B --price 1 --quantity 1 --category C --sku L-1");
    assert_eq!(twice.code, 6);

    assert!(
        env.run("products delete 1 --yes")
            .err
            .contains("product 1 was deleted")
    );
    assert_eq!(env.run("products get 1").code, 5);
    assert_eq!(env.ok("products restore 1 -o name"), "product/1\n");
    assert_eq!(daemon.env("s2").run("products get 1").code, 5);
}

#[test]
fn a_list_in_every_format() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    for (name, price) in [("A\\tB", "1.50"), ("C", "20")] {
        let body =
            format!(r#"{{"name":"{name}","price":{price},"quantity":60,"category":"K, L"}}"#);
        let made = env.run_with("products create --input -", &body);
        assert_eq!(made.code, 0, "{made:?}");
    }
    let list = |flags: &str| env.ok(&format!("p ls --sort-by price --sort-order asc {flags}"));
    let fields = "--fields id,name,price,category";
    assert_eq!(list(fields), "1\tA\\tB\t1.5\tK, L\n2\tC\t20\tK, L\n");
    assert_eq!(
        list(&format!("-o csv {fields}")),
        "id,name,price,category\n1,A\tB,1.5,\"K, L\"\n2,C,20,\"K, L\"\n"
    );
    assert_eq!(list("-o name"), "product/1\nproduct/2\n");
    assert_eq!(
        list("-o jsonl --fields id,price"),
        "{\"id\":1,\"price\":1.5}\n{\"id\":2,\"price\":20}\n"
    );
    insta::assert_snapshot!(list("-o table --fields id,name,price,category"), @r"
    ID  NAME  PRICE  CATEGORY
     1  A\tB   1.50  K, L
     2  C     20.00  K, L
    ");
    insta::assert_snapshot!(list("-o yaml --fields id,name"), @r#"
    data:
      -
        id: 1
        name: "A\tB"
      -
        id: 2
        name: C
    pagination:
      limit: 20
      page: 1
      total: 2
      total_pages: 1
    "#);
    assert_eq!(list("--min-price 2 -o name"), "product/2\n");
    assert_eq!(list("--category None"), "");
}

#[test]
fn more_products_than_a_page_has() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    let rows: String = (0..250)
        .map(|n| format!("P{n},{}.5,10,C\n", n + 1))
        .collect();
    env.write("many.csv", format!("name,price,quantity,category\n{rows}"));
    env.ok("import many.csv");
    let names = |flags: &str| env.ok(&format!("p ls -o name {flags}")).lines().count();
    assert_eq!(names(""), 20);
    assert_eq!(names("--limit 230"), 230);
    assert_eq!(names("--limit 60 --page 5"), 10);
    let all = env.ok("p ls -o name --all");
    let distinct: std::collections::BTreeSet<_> = all.lines().collect();
    assert_eq!(distinct.len(), 250);

    let mut child = env
        .command("p ls --all")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let outcome = RunOutcome::of(&child.wait_with_output().unwrap());
    assert_eq!((outcome.code, outcome.err.as_str()), (0, ""));
}

#[test]
fn a_terminal_is_asked_before_a_delete() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    env.ok("products create --name A --price 1 --quantity 1 --category C");
    let ask = |answer: &str| {
        let mut terminal =
            rexpect::session::spawn_command(env.command("products delete 1"), Some(30_000))
                .unwrap();
        terminal.exp_string("Delete product 1? [y/N]").unwrap();
        terminal.send_line(answer).unwrap();
        terminal.exp_eof().unwrap()
    };
    assert!(ask("n").contains("nothing was done"));
    env.ok("products get 1");
    assert!(ask("y").contains("product 1 was deleted"));
    assert_eq!(env.run("products get 1").code, 5);
}
