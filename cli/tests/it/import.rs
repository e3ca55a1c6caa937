//! Imports against a real daemon: numbers that add up, rejected rows, and Ctrl-C.

use std::io::{Read, Write};

use serde_json::Value;

use crate::{
    daemon::Daemon,
    pm::{Ended, interrupt, poll},
};

const MIXED: &str = "sku;Titel;Preis;quantity;category\nA-1;Lamp;19.90;5;Light\nA-2;;3;5;Light\nA-3;Desk;x;5;Wood\n";
const FLAGS: &str = "--map Titel=name --map Preis=price";

fn adds_up(job: &Value) -> bool {
    let parts = ["created", "updated", "unchanged", "skipped", "rejected"];
    let sum: i64 = parts.iter().map(|part| job[part].as_i64().unwrap()).sum();
    job["rows"] == sum
}

#[test]
fn rejected_rows_can_be_corrected_and_imported_again() {
    let daemon = Daemon::start();
    let person = daemon.person("s1");
    person.write("mixed.csv", MIXED);
    let ended = person.run(&format!("import mixed.csv {FLAGS} -o json"));
    assert_eq!(ended.code, 3, "{ended:?}");
    let job: Value = serde_json::from_str(&ended.out).unwrap();
    assert!(adds_up(&job), "{job}");
    assert_eq!(
        (&job["rows"], &job["created"], &job["rejected"]),
        (&3.into(), &1.into(), &2.into())
    );
    assert_eq!(job["errors"][0]["line"], 3);

    let rejects = person.read("mixed.rejects.csv");
    assert_eq!(rejects.lines().count(), 3, "{rejects}");
    let corrected = rejects
        .replace("A-2;;3", "A-2;Chair;3")
        .replace(";x;", ";7;");
    person.write("corrected.csv", corrected);
    let again = person.ok(&format!("import corrected.csv {FLAGS} -o table"));
    assert!(
        again.contains("2 rows = 2 created + 0 updated + 0 unchanged + 0 skipped + 0 rejected"),
        "{again}"
    );
    let same = person.ok(&format!("import corrected.csv {FLAGS} -o table"));
    assert!(
        same.contains("2 rows = 0 created + 0 updated + 2 unchanged"),
        "{same}"
    );
}

#[test]
fn the_summary_warns_of_a_second_import_and_does_not_repeat_itself() {
    let daemon = Daemon::start();
    let person = daemon.person("s1");
    person.write(
        "bare.csv",
        "name,price,quantity,category\nA,1,1,C\nB,x,1,C\nD,y,1,C\n",
    );
    let ended = person.run("import bare.csv -o table");
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(
        ended.out.contains("would create its products again"),
        "{ended:?}"
    );
    assert_eq!(ended.out.matches("[TYPE]").count(), 2, "{ended:?}");
    assert_eq!(ended.out.matches("write it like").count(), 1, "{ended:?}");
    person.write(
        "keyed.csv",
        "sku,name,price,quantity,category\nA-1,A,1,1,C\n",
    );
    let keyed = person.ok("import keyed.csv -o table");
    assert!(!keyed.contains("again"), "{keyed}");
}

#[test]
fn a_refused_file_is_named() {
    let daemon = Daemon::start();
    let person = daemon.person("s1");
    person.write("empty.csv", "");
    let ended = person.run("import empty.csv");
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.err.contains("error: empty.csv: "), "{ended:?}");
}

#[test]
fn files_are_unpacked_and_standard_input_is_read() {
    let daemon = Daemon::start();
    let person = daemon.person("s1");
    let csv = "name,price,quantity,category\nA,1,1,C\nB,2,2,C\n";
    person.write("a.csv", csv);
    person.write("b.csv.zst", zstd::encode_all(csv.as_bytes(), 1).unwrap());
    let jobs = person.ok("import *.csv* -o jsonl");
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

    let ended = person.run_with("import - -o json", csv);
    assert_eq!(ended.code, 0, "{ended:?}");
    person.write("broken.csv.gz", [0x1f, 0x8b, 8, 0, 1, 2, 3]);
    let ended = person.run("import broken.csv.gz");
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains("cannot read broken.csv"), "{ended:?}");
    assert_eq!(person.ok("p ls -o name").lines().count(), 6);
}

#[test]
fn the_first_failure_ends_the_run_and_hides_nothing() {
    let daemon = Daemon::start();
    let person = daemon.person("s1");
    let csv = "name,price,quantity,category\nA,1,1,C\n";
    for (name, content) in [("a.csv", csv), ("b.csv", "colour\nred\n"), ("c.csv", csv)] {
        person.write(name, content);
    }
    let ended = person.run("import a.csv b.csv c.csv -o json");
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended.err.contains("1 more file was not imported"),
        "{ended:?}"
    );
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(told["data"].as_array().unwrap().len(), 1);
    let people = person.run("import a.csv c.csv -o table");
    assert_eq!(people.code, 0, "{people:?}");
    assert_eq!(people.out.matches(" rows = ").count(), 2, "{people:?}");
    assert!(!people.err.contains("No imports"), "{people:?}");
}

#[test]
fn programs_get_progress_as_lines() {
    let daemon = Daemon::start();
    let person = daemon.person("s1");
    person.write("mixed.csv", MIXED);
    let ended = person.run(&format!("import mixed.csv {FLAGS} --progress json"));
    assert_eq!(ended.code, 3);
    let lines: Vec<Value> = ended
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
    assert_eq!((of("rejected"), of("summary")), (2, 1), "{}", ended.out);
    assert!(of("status") >= 1);
    assert!(adds_up(lines.last().unwrap()));
    let ended = person.run("import mixed.csv --progress json");
    assert_eq!(ended.code, 1);
    assert_eq!(ended.error()["message_type"], "exit_error");
}

#[test]
fn what_is_detached_can_be_watched() {
    let daemon = Daemon::start();
    let person = daemon.person("s1");
    person.write("mixed.csv", MIXED);
    let id = person.ok(&format!("import mixed.csv {FLAGS} --detach"));
    let ended = person.run(&format!("imports watch {id} -o json"));
    assert_eq!(ended.code, 3, "{ended:?}");
    let job: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(job["id"], id.trim_end());
    assert_eq!(person.ok("imports list -o name"), format!("import/{id}"));
    assert!(person.ok(&format!("imports rejects {id}")).contains("A-3"));
    assert_eq!(person.run(&format!("imports cancel {id}")).code, 6);
    assert_eq!(person.run("imports get ../products").code, 5);
}

#[test]
fn ctrl_c_while_sending_imports_nothing() {
    let daemon = Daemon::start();
    let person = daemon.person("s1");
    let mut child = person.spawn("import - -v");
    let mut input = child.stdin.take().unwrap();
    input
        .write_all(b"name,price,quantity,category\nA,1,1,C\n")
        .unwrap();
    // It watches for Ctrl-C before it reads; a full pipe shows that it does read.
    for _ in 0..2_000 {
        input.write_all(&b"B,2,2,C\n".repeat(128)).unwrap();
    }
    interrupt(&child);
    let ended = Ended::of(&child.wait_with_output().unwrap());
    drop(input);
    assert_eq!(ended.code, 130, "{ended:?}");
    assert!(ended.err.contains("nothing was imported"), "{ended:?}");
    assert_eq!(person.ok("p ls -o name"), "");
}

#[test]
fn ctrl_c_while_following_stops_behind_a_batch_and_says_how_to_go_on() {
    let daemon = Daemon::start();
    let person = daemon.person("s1");
    let rows: String = (0..300_000).map(|n| format!("S-{n},P,1,1,C\n")).collect();
    person.write(
        "big.csv",
        format!("sku,name,price,quantity,category\n{rows}"),
    );
    let child = person.spawn("import big.csv -o json --progress none");
    poll("rows are committed", || {
        let jobs = person.json("imports list");
        let rows = jobs["data"][0]["rows"].as_i64()?;
        (rows > 0).then_some(())
    });
    interrupt(&child);
    let ended = Ended::of(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, 130, "{ended:?}");
    assert!(ended.err.contains("pm import big.csv"), "{ended:?}");
    let job: Value = serde_json::from_str(&ended.out).unwrap();
    assert!(adds_up(&job), "{job}");
    assert_eq!(
        person.json("p ls -L 1")["pagination"]["total"],
        job["created"]
    );
}

#[test]
fn a_terminal_sees_the_bar_and_the_summary() {
    let daemon = Daemon::start();
    let person = daemon.person("s1").with("TERM", "xterm");
    person.write("mixed.csv", MIXED);
    let command = person.command(&format!("import mixed.csv {FLAGS}"));
    let mut terminal = rexpect::session::spawn_command(command, Some(30_000)).unwrap();
    terminal.exp_string("mixed.csv").unwrap();
    terminal.exp_string("3 rows = 1 created").unwrap();
    let mut rest = terminal.exp_eof().unwrap();
    rest.retain(|c| !c.is_control());
    assert!(rest.contains("line 3, Titel: name is required"), "{rest}");
    assert!(rest.contains("correct mixed.rejects.csv"), "{rest}");
}

#[test]
fn a_limited_import_waits_and_says_so() {
    let daemon = Daemon::with(&[("RATE_LIMIT_BULK", "1")]);
    let person = daemon.person("s1");
    person.write("a.csv", "name,price,quantity,category\nA,1,1,C\n");
    person.ok("import a.csv");
    let mut child = person.spawn("import a.csv");
    let mut said = String::new();
    let mut err = child.stderr.take().unwrap();
    poll("it says that it waits", || {
        let mut buffer = [0; 1024];
        let count = err.read(&mut buffer).unwrap();
        said.push_str(&String::from_utf8_lossy(&buffer[..count]));
        said.contains("sending again in").then_some(())
    });
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
