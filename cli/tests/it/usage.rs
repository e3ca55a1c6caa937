//! Errors of a command line are reported before anything is sent, with exit code 2 (4 without a
//! seller, 7 without a server).

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    process::Stdio,
};

use crate::pm::{RunOutcome, TestEnv};

/// A port on which no server listens.
const UNUSED_ADDRESS: &str = "http://127.0.0.1:9";

fn refused(line: &str) -> RunOutcome {
    let env = TestEnv::new()
        .with("PM_SERVER", UNUSED_ADDRESS)
        .with("PM_SELLER", "s1");
    let outcome = env.run(line);
    assert!(outcome.out.is_empty(), "{outcome:?}");
    outcome
}

#[test]
fn wrong_flags_and_values_are_usage_errors() {
    let mut transcript = String::new();
    for line in [
        "prodcts list",
        "products list --limt 3",
        "products list -o jsn",
        "products list --fields nam",
        "products list --limit 200 --page 2",
        "products list --min-price abc",
        "products create --name A --price 0 --quantity 1 --category B",
        "products update 1",
        "products stock 1 0",
        "products get abc",
        "products delete 1 -- -3",
        "import nothing.csv",
        "import .",
        "import - -",
        "events tail --type Created",
        "events tail --from yesterday",
        "stats daily --from 2026-02-30",
        "stats daily --from 2026-02-02 --to 2026-02-01",
        "stats summary --seller 42",
        "stats summary --server localhost",
        "stats summary --context shop",
        "config set sever http://a",
        "help exit-code",
        "products create --price abc --quantity -1",
    ] {
        let outcome = refused(line);
        assert_eq!(outcome.code, 2, "pm {line}: {outcome:?}");
        transcript.push_str(&format!("$ pm {line}\n{}\n", outcome.err));
    }
    insta::assert_snapshot!(transcript);
}

#[test]
fn nothing_is_deleted_without_confirmation() {
    let outcome = refused("products delete 1");
    assert_eq!(outcome.code, 2);
    insta::assert_snapshot!(outcome.err, @r"
    error: cannot ask for confirmation without a terminal: Delete product 1?
      hint: confirm in advance with --yes
    ");
}

#[test]
fn a_missing_seller_is_explained() {
    let outcome = TestEnv::new()
        .with("PM_SERVER", UNUSED_ADDRESS)
        .run("products list");
    assert_eq!(outcome.code, 4);
    insta::assert_snapshot!(outcome.err, @r"
    error: no seller is set
      hint: name the seller with --seller ID, PM_SELLER=ID or a context (`pm context use NAME`), or store it with `pm config set seller ID`
    ");
}

#[test]
fn an_absent_server_is_named_with_the_way_to_start_one() {
    let outcome = refused("stats summary");
    assert_eq!(outcome.code, 7);
    insta::assert_snapshot!(outcome.err, @r"
    error: no answer from http://127.0.0.1:9: Connection refused (os error 111)
      hint: is the daemon running? start it with `pmd serve`, then `pm health --wait --server http://127.0.0.1:9`
      hint: another address: --server URL, PM_SERVER, or a context (`pm context create`)
    ");
    let outcome = refused("health --wait --timeout 50ms");
    assert_eq!(outcome.code, 9);
}

#[test]
fn another_server_is_not_mistaken_for_an_absent_product() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", other.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        let mut head = BufReader::new(stream.try_clone().unwrap()).lines();
        while head.next().is_some_and(|line| !line.unwrap().is_empty()) {}
        let answer =
            "HTTP/1.1 404 Not Found\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>";
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let env = TestEnv::new()
        .with("PM_SERVER", &url)
        .with("PM_SELLER", "s1");
    let outcome = env.run("products get 1");
    answering.join().unwrap();
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(
        outcome.err.contains(&url) && outcome.err.contains("a pmd server?"),
        "{outcome:?}"
    );
}

#[test]
fn errors_are_json_with_json_output() {
    for line in [
        "products list -o json --seler a",
        "products list -o jsonl --fields nam",
        "--output=json products list --seller 42",
    ] {
        let outcome = refused(line);
        assert_eq!(outcome.code, 2);
        assert_eq!(outcome.error()["exit_code"], 2, "{line}");
        assert!(outcome.error()["message"].is_string(), "{line}");
    }
}

#[test]
fn a_closed_pipe_ends_in_silence() {
    let env = TestEnv::new();
    for line in ["help csv", "man", "completions zsh", "--help"] {
        let mut child = env
            .command(line)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let outcome = RunOutcome::of(&child.wait_with_output().unwrap());
        assert_eq!((outcome.code, outcome.err.as_str()), (0, ""), "pm {line}");
    }
}

#[test]
fn topics_and_commands_have_help() {
    let env = TestEnv::new();
    for topic in ["exit-codes", "environment", "csv", "formatting", "glossary"] {
        insta::assert_snapshot!(topic, env.ok(&format!("help {topic}")));
    }
    assert_eq!(env.ok("help products list"), env.ok("products list --help"));
    insta::assert_snapshot!(env.ok("--help"));
}
