//! Imports against a real daemon: numbers that add up, rejected rows, and Ctrl-C.

use std::io::{Read, Write};

use serde_json::Value;

use crate::{
    daemon::TestDaemon,
    pm::{RunOutcome, interrupt, poll},
};

const MIXED_CSV: &str = "sku;Titel;Preis;quantity;category\nA-1;Lamp;19.90;5;Light\nA-2;;3;5;Light\nA-3;Desk;x;5;Wood\n";
const MAPPING_FLAGS: &str = "--map Titel=name --map Preis=price";

/// A summary without what differs from run to run: its time and the import's id.
fn redacted(summary: &str) -> String {
    let lines = summary.lines().map(|line| {
        if let Some((before, _)) = line.split_once(" completed in ") {
            format!("{before} completed in [time]\n")
        } else if let Some((before, _)) = line.split_once(", id imp_") {
            format!("{before}, id [id]\n")
        } else {
            format!("{line}\n")
        }
    });
    lines.collect()
}

fn adds_up(job: &Value) -> bool {
    let parts = ["created", "updated", "unchanged", "skipped", "rejected"];
    let sum: i64 = parts.iter().map(|part| job[part].as_i64().unwrap()).sum();
    job["rows"] == sum
}

#[test]
fn rejected_rows_can_be_corrected_and_imported_again() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    env.write("mixed.csv", MIXED_CSV);
    let outcome = env.run(&format!("import mixed.csv {MAPPING_FLAGS} -o json"));
    assert_eq!(outcome.code, 3, "{outcome:?}");
    let job: Value = serde_json::from_str(&outcome.out).unwrap();
    assert!(adds_up(&job), "{job}");
    assert_eq!(
        (&job["rows"], &job["created"], &job["rejected"]),
        (&3.into(), &1.into(), &2.into())
    );
    assert_eq!(job["errors"][0]["line"], 3);

    let rejects = env.read("mixed.rejects.csv");
    assert_eq!(rejects.lines().count(), 3, "{rejects}");
    let corrected = rejects
        .replace("A-2;;3", "A-2;Chair;3")
        .replace(";x;", ";7;");
    env.write("corrected.csv", corrected);
    let import = || env.ok(&format!("import corrected.csv {MAPPING_FLAGS} -o table"));
    insta::assert_snapshot!(redacted(&import()), @r"
    corrected.csv completed in [time]
      2 rows = 2 created + 0 updated + 0 unchanged + 0 skipped + 0 rejected
      preset generic, semicolon-separated, 5 of 10 columns used, mode upsert, id [id]
    ");
    insta::assert_snapshot!(redacted(&import()), @r"
    corrected.csv completed in [time]
      2 rows = 0 created + 0 updated + 2 unchanged + 0 skipped + 0 rejected
      preset generic, semicolon-separated, 5 of 10 columns used, mode upsert, id [id]
    ");
}

#[test]
fn the_summary_warns_of_a_second_import_and_does_not_repeat_itself() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    env.write(
        "bare.csv",
        "name,price,quantity,category\nA,1,1,C\nB,x,1,C\nD,y,1,C\n",
    );
    let outcome = env.run("import bare.csv -o table");
    assert_eq!(outcome.code, 3, "{outcome:?}");
    insta::assert_snapshot!(redacted(&outcome.out), @r#"
    bare.csv completed in [time]
      3 rows = 1 created + 0 updated + 0 unchanged + 0 skipped + 2 rejected
      preset generic, comma-separated, 4 of 4 columns used, mode create, id [id]
      line 3, price: price must be a plain decimal number such as 19.99, not "x" [TYPE]
        write it like 1234.50, or in the style of the other prices of its column
      line 4, price: price must be a plain decimal number such as 19.99, not "y" [TYPE]
      no column is mapped to sku: importing this file again would create its products again; name one with --map 'Your header=sku'
      2 rejected: correct them in bare.rejects.csv and import that file
    "#);
}

#[test]
fn a_refused_file_is_named() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    env.write("empty.csv", "");
    let outcome = env.run("import empty.csv");
    assert_eq!(outcome.code, 2, "{outcome:?}");
    assert!(outcome.err.starts_with("error: empty.csv: "), "{outcome:?}");
}

#[test]
fn files_are_unpacked_and_standard_input_is_read() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    let csv = "name,price,quantity,category\nA,1,1,C\nB,2,2,C\n";
    env.write("a.csv", csv);
    env.write("b.csv.zst", zstd::encode_all(csv.as_bytes(), 1).unwrap());
    let jobs = env.ok("import *.csv* --again -o jsonl");
    let names: Vec<Value> = jobs
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(names.len(), 2);
    assert!(
        names.iter().all(|job| job["created"] == 2 && adds_up(job)),
        "{jobs}"
    );
    assert_eq!(
        (&names[0]["file_name"], &names[1]["file_name"]),
        (&"a.csv".into(), &"b.csv".into())
    );

    let outcome = env.run_with("import - --again -o json", csv);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    env.write("broken.csv.gz", [0x1f, 0x8b, 8, 0, 1, 2, 3]);
    let outcome = env.run("import broken.csv.gz");
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(
        outcome.err.contains("cannot read broken.csv"),
        "{outcome:?}"
    );
    assert_eq!(env.ok("p ls -o name").lines().count(), 6);
}

#[test]
fn the_first_failure_ends_the_run_and_hides_nothing() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    let csv = "name,price,quantity,category\nA,1,1,C\n";
    for (name, content) in [("a.csv", csv), ("b.csv", "colour\nred\n"), ("c.csv", csv)] {
        env.write(name, content);
    }
    let outcome = env.run("import a.csv b.csv c.csv -o json");
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(
        outcome.err.contains("1 more file was not imported"),
        "{outcome:?}"
    );
    let wait_listed: Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(wait_listed["data"].as_array().unwrap().len(), 1);
    let people = env.run("import a.csv c.csv --again -o table");
    assert_eq!(people.code, 0, "{people:?}");
    assert_eq!(people.out.matches(" rows = ").count(), 2, "{people:?}");
    assert!(!people.err.contains("No imports"), "{people:?}");
}

#[test]
fn programs_get_progress_as_lines() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    env.write("mixed.csv", MIXED_CSV);
    let outcome = env.run(&format!("import mixed.csv {MAPPING_FLAGS} --progress json"));
    assert_eq!(outcome.code, 3);
    let lines: Vec<Value> = outcome
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |kind: &str| {
        lines
            .iter()
            .filter(|line| line["message_type"] == kind)
            .count()
    };
    assert_eq!((of("rejected"), of("summary")), (2, 1), "{}", outcome.out);
    assert!(of("status") >= 1);
    assert!(adds_up(lines.last().unwrap()));
    env.write("other.csv", "this,that\nx,y\n");
    let outcome = env.run("import other.csv --mode create --progress json");
    assert_eq!(outcome.code, 1);
    assert_eq!(outcome.error()["message_type"], "exit_error");
}

#[test]
fn what_is_detached_can_be_watched() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    env.write("mixed.csv", MIXED_CSV);
    let id = env.ok(&format!("import mixed.csv {MAPPING_FLAGS} --detach"));
    let outcome = env.run(&format!("imports watch {id} -o json"));
    assert_eq!(outcome.code, 3, "{outcome:?}");
    let job: Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(job["id"], id.trim_end());
    assert_eq!(env.ok("imports list -o name"), format!("import/{id}"));
    assert!(env.ok(&format!("imports rejects {id}")).contains("A-3"));
    assert_eq!(env.run(&format!("imports cancel {id}")).code, 6);
    assert_eq!(env.run("imports get ../products").code, 5);
}

#[test]
fn ctrl_c_while_sending_imports_nothing() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    let mut child = env.spawn("import - -v");
    let mut input = child.stdin.take().unwrap();
    input
        .write_all(b"name,price,quantity,category\nA,1,1,C\n")
        .unwrap();
    // It watches for Ctrl-C before it reads; a full pipe shows that it does read.
    for _ in 0..2_000 {
        input.write_all(&b"B,2,2,C\n".repeat(128)).unwrap();
    }
    interrupt(&child);
    let outcome = RunOutcome::of(&child.wait_with_output().unwrap());
    drop(input);
    assert_eq!(outcome.code, 130, "{outcome:?}");
    assert!(outcome.err.contains("nothing was imported"), "{outcome:?}");
    assert_eq!(env.ok("p ls -o name"), "");
}

#[test]
fn ctrl_c_while_following_cancels_after_a_batch_and_suggests_how_to_continue() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    let rows: String = (0..300_000).map(|n| format!("S-{n},P,1,1,C\n")).collect();
    env.write(
        "big.csv",
        format!("sku,name,price,quantity,category\n{rows}"),
    );
    let child = env.spawn("import big.csv -o json --progress none");
    poll("rows are committed", || {
        let jobs = env.json("imports list");
        let rows = jobs["data"][0]["rows"].as_i64()?;
        (rows > 0).then_some(())
    });
    interrupt(&child);
    let outcome = RunOutcome::of(&child.wait_with_output().unwrap());
    assert_eq!(outcome.code, 130, "{outcome:?}");
    assert!(outcome.err.contains("pm import big.csv"), "{outcome:?}");
    let job: Value = serde_json::from_str(&outcome.out).unwrap();
    assert!(adds_up(&job), "{job}");
    assert_eq!(env.json("p ls -L 1")["pagination"]["total"], job["created"]);
}

#[test]
fn a_terminal_sees_the_bar_and_the_summary() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1").with("TERM", "xterm");
    env.write("mixed.csv", MIXED_CSV);
    let command = env.command(&format!("import mixed.csv {MAPPING_FLAGS}"));
    let mut terminal = rexpect::session::spawn_command(command, Some(30_000)).unwrap();
    terminal.exp_string("mixed.csv").unwrap();
    terminal.exp_string("3 rows = 1 created").unwrap();
    let mut rest = terminal.exp_eof().unwrap();
    rest.retain(|c| !c.is_control());
    assert!(rest.contains("line 3, Titel: name is required"), "{rest}");
    assert!(rest.contains("correct them in mixed.rejects.csv"), "{rest}");
}

#[test]
fn a_limited_import_reports_that_it_waits() {
    let daemon = TestDaemon::with(&[("RATE_LIMIT_BULK", "1")]);
    let env = daemon.env("s1");
    env.write("a.csv", "name,price,quantity,category\nA,1,1,C\n");
    env.ok("import a.csv");
    let mut child = env.spawn("import a.csv");
    let mut sent = String::new();
    let mut err = child.stderr.take().unwrap();
    poll("it reports that it waits", || {
        let mut buffer = [0; 1024];
        let count = err.read(&mut buffer).unwrap();
        sent.push_str(&String::from_utf8_lossy(&buffer[..count]));
        sent.contains("sending again in").then_some(())
    });
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

/// Red when: warnings and the reasons of skipped rows are lost in a pipe, or in `imports get`.
#[test]
fn warnings_are_shown_in_a_table_and_in_a_pipe() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    env.write(
        "twice.csv",
        "sku,name,price,Stock\nD-1,Mug,1,5\nD-2,Cup,1,-5\nD-1,Mug,2,5\n",
    );
    let table = env.ok("import twice.csv -o table");
    for line in [
        "  skipped: 1 with the key of another row\n",
        "  warning: line 2, sku: the sku \"D-1\" stands in line 4 again, which wins [DUPLICATE_SKU]\n",
        "  warning: line 3, Stock: the quantity -5 is raised to 0: stock is never below zero [RAISED_TO_ZERO]\n",
    ] {
        assert!(table.contains(line), "{table}");
    }
    let piped = env.run("import twice.csv -o json");
    assert_eq!(piped.code, 0, "{piped:?}");
    let job: Value = serde_json::from_str(&piped.out).unwrap();
    assert_eq!(
        (&job["warned"], &job["skips"]["duplicate"]),
        (&2.into(), &1.into())
    );
    let got = env.run(&format!(
        "imports get {} -o json",
        job["id"].as_str().unwrap()
    ));
    for outcome in [piped, got] {
        for text in [
            "preset generic",
            "mode upsert",
            "line 2, sku",
            "line 3, Stock",
            "skipped: 1",
        ] {
            assert!(outcome.err.contains(text), "{text}: {outcome:?}");
        }
    }
}

/// Red when: a file without a key is sent without a word, or goes in twice.
#[test]
fn a_file_without_a_key_is_announced_and_not_repeated() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    env.write("bare.csv", "name,price\nA,1\nB,2\n");
    let first = env.run("import bare.csv -o json");
    assert_eq!(first.code, 0, "{first:?}");
    assert!(
        first
            .err
            .starts_with("warning: bare.csv: no column is mapped to sku"),
        "{first:?}"
    );
    let again = env.run("import bare.csv");
    assert_eq!(again.code, 6, "{again:?}");
    assert!(again.err.contains("--again"), "{again:?}");
    assert_eq!(env.ok("p ls -o name").lines().count(), 2);
    let again = env.run("import bare.csv --again");
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(env.ok("p ls -o name").lines().count(), 4);

    env.write("some.csv", "sku,name,price\nK-1,A,1\n,B,2\n");
    let some = env.run("import some.csv -o json");
    assert!(some.err.contains("1 products have no sku"), "{some:?}");
    assert_eq!(env.run("import some.csv").code, 6);
    let handles = "Handle,Title,Option1 Name,Option1 Value,Variant Price\nmug,Mug,Size,S,1\n";
    env.write("shopify.csv", handles);
    let shopify = env.run("import shopify.csv -o json");
    assert!(!shopify.err.contains("no column is mapped"), "{shopify:?}");
}

/// Red when: the rejects of one file replace those of another, or a file that was there before.
#[test]
fn rejects_never_replace_a_file() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    for folder in ["a", "b"] {
        std::fs::create_dir(env.path(folder)).unwrap();
        let csv = format!("sku,name,price\n{folder}-1,Mug,x\n");
        env.write(&format!("{folder}/products.csv"), csv);
    }
    let outcome = env.run("import a/products.csv b/products.csv -o table");
    assert_eq!(outcome.code, 3, "{outcome:?}");
    let (first, second) = ("products.rejects.csv", "products.rejects-2.csv");
    for (name, key) in [(first, "a-1,"), (second, "b-1,")] {
        assert!(env.read(name).contains(key), "{name}");
        assert!(
            outcome.out.contains(&format!("correct them in {name}")),
            "{outcome:?}"
        );
    }
    env.write(first, "half corrected");
    assert_eq!(env.run("import a/products.csv").code, 3);
    assert_eq!(env.read(first), "half corrected");
    assert!(env.read("products.rejects-3.csv").contains("a-1,"));
}

/// Red when: a dry run changes something, its changes are not shown, or too many rejected rows have
/// another exit code.
#[test]
fn a_dry_run_shows_changes_and_a_limit_of_errors_has_its_exit_code() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    let head = "sku,name,price,quantity,category\n";
    env.write("a.csv", format!("{head}A-1,Mug,1.50,5,K\n"));
    env.ok("import a.csv");
    env.write(
        "b.csv",
        format!("{head}A-1,Mug,2,5,K\nA-2,,1,5,K\nA-3,Cup,1,5,K\n"),
    );
    let outcome = env.run("import b.csv --dry-run -o table");
    assert_eq!(outcome.code, 3, "{outcome:?}");
    for text in [
        "b.csv dry run (nothing was changed) completed in",
        "3 rows = 1 created + 1 updated + 0 unchanged + 0 skipped + 1 rejected",
        "  A-1 Mug (line 2)\n    - price: 1.5\n    + price: 2\n",
    ] {
        assert!(outcome.out.contains(text), "{text}: {outcome:?}");
    }
    assert_eq!(
        env.json("products list")["data"].as_array().unwrap().len(),
        1
    );
    assert!(env.read("b.rejects.csv").contains("A-2"));
    let outcome = env.run("import b.csv --max-errors 0");
    assert_eq!(outcome.code, 10, "{outcome:?}");
    assert!(
        outcome.err.contains("more rows were rejected than 0"),
        "{outcome:?}"
    );
    assert_eq!(env.run("import b.csv --max-errors 34%").code, 3);
    assert_eq!(env.run("import b.csv --max-errors some").code, 2);
}

/// Red when: an undo does not wait for its end, its outcome is not shown, or what stays has no exit
/// code of its own.
#[test]
fn an_undo_is_followed_and_says_what_it_did() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    let head = "sku,name,price,quantity,category\n";
    env.write("a.csv", format!("{head}A-1,Mug,1.50,50,K\n"));
    env.ok("import a.csv");
    env.write(
        "b.csv",
        format!("{head}A-1,Mug,2,50,K\nA-2,Cup,1,50,K\nA-3,Jar,1,50,K\n"),
    );
    let import = env.ok("import b.csv -o json --fields id");
    let import: Value = serde_json::from_str(&import).unwrap();
    let id = import["id"].as_str().unwrap();
    let jar = env.json("products list --sku A-3")["data"][0]["id"].clone();
    env.ok(&format!("products update {jar} --price 9"));
    let outcome = env.run(&format!("imports undo {id} -o table"));
    assert_eq!(outcome.code, 3, "{outcome:?}");
    let said = "created products deleted: 1, updated ones put back: 1, left as they are: 1";
    assert!(outcome.out.contains(said), "{outcome:?}");
    assert!(outcome.out.contains("[CHANGED_SINCE]"), "{outcome:?}");
    let skus = env.json("products list")["data"].as_array().unwrap().len();
    assert_eq!(skus, 2);
    assert_eq!(env.run(&format!("imports undo {id}")).code, 6);
}
