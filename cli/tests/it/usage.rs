//! What is wrong with a command line is said before anything is sent, with exit code 2 (4 without
//! a seller, 7 when nobody answers).

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    process::Stdio,
};

use crate::pm::{Ended, Person};

/// A port where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";

fn refused(line: &str) -> Ended {
    let person = Person::new()
        .with("PM_SERVER", NOBODY)
        .with("PM_SELLER", "s1");
    let ended = person.run(line);
    assert!(ended.out.is_empty(), "{ended:?}");
    ended
}

#[test]
fn wrong_flags_and_values_are_usage_errors() {
    for (line, said) in [
        ("prodcts list", "similar"),
        ("products list --limt 3", "--limit"),
        ("products list -o jsn", "json"),
        ("products list --fields nam", "did you mean \"name\"?"),
        ("products list --limit 200 --page 2", "--page"),
        ("products list --min-price abc", "--min-price"),
        (
            "products create --name A --price 0 --quantity 1 --category B",
            "--price",
        ),
        ("products update 1", "nothing to change"),
        ("products stock 1 0", "delta"),
        ("products get abc", "an id is a whole number"),
        ("products delete 1 -- -3", "an id is a whole number"),
        ("import nothing.csv", "there is no file nothing.csv"),
        ("import .", "is a directory"),
        ("import - -", "given twice"),
        ("events tail --type Created", "ProductCreated"),
        ("events tail --from yesterday", "--from"),
        ("stats daily --from 2026-02-30", "--from"),
        ("stats daily --from 2026-02-02 --to 2026-02-01", "after"),
        ("stats summary --seller 42", "cannot be a seller id"),
        (
            "stats summary --server localhost",
            "is not the address of a server",
        ),
        ("stats summary --context shop", "there is no context"),
        ("config set sever http://a", "did you mean \"server\"?"),
        ("help exit-code", "exit-codes"),
    ] {
        let ended = refused(line);
        assert_eq!(ended.code, 2, "pm {line}: {ended:?}");
        assert!(ended.err.contains(said), "pm {line}: {ended:?}");
    }
}

#[test]
fn every_broken_rule_is_told_at_once() {
    let ended = refused("products create --price abc --quantity -1");
    for flag in ["--name", "--price", "--quantity", "--category"] {
        assert!(ended.err.contains(flag), "{flag}: {ended:?}");
    }
}

#[test]
fn nothing_is_deleted_without_a_yes() {
    let ended = refused("products delete 1");
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("--yes"), "{ended:?}");
}

#[test]
fn a_missing_seller_is_explained() {
    let ended = Person::new().with("PM_SERVER", NOBODY).run("products list");
    assert_eq!(ended.code, 4);
    for way in ["--seller", "PM_SELLER", "pm config set seller"] {
        assert!(ended.err.contains(way), "{way}: {ended:?}");
    }
}

#[test]
fn an_absent_server_is_named_with_the_way_to_start_one() {
    let ended = refused("stats summary");
    assert_eq!(ended.code, 7);
    assert!(
        ended.err.contains(NOBODY) && ended.err.contains("pmd serve"),
        "{ended:?}"
    );
    let ended = refused("health --wait --timeout 50ms");
    assert_eq!(ended.code, 9);
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
    let person = Person::new()
        .with("PM_SERVER", &url)
        .with("PM_SELLER", "s1");
    let ended = person.run("products get 1");
    answering.join().unwrap();
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended.err.contains(&url) && ended.err.contains("a pmd server?"),
        "{ended:?}"
    );
}

#[test]
fn errors_are_json_for_those_who_asked_for_json() {
    for line in [
        "products list -o json --seler a",
        "products list -o jsonl --fields nam",
        "--output=json products list --seller 42",
    ] {
        let ended = refused(line);
        assert_eq!(ended.code, 2);
        assert_eq!(ended.error()["exit_code"], 2, "{line}");
        assert!(ended.error()["message"].is_string(), "{line}");
    }
}

#[test]
fn a_closed_pipe_ends_in_silence() {
    let person = Person::new();
    for line in ["help csv", "man", "completions zsh", "--help"] {
        let mut child = person
            .command(line)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ended = Ended::of(&child.wait_with_output().unwrap());
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "pm {line}");
    }
}

#[test]
fn topics_and_commands_have_help() {
    let person = Person::new();
    for topic in ["exit-codes", "environment", "csv", "formatting"] {
        assert!(person.ok(&format!("help {topic}")).lines().count() > 5);
    }
    assert_eq!(
        person.ok("help products list"),
        person.ok("products list --help")
    );
    insta::assert_snapshot!(person.ok("--help"));
}
