//! Events against a real daemon.

use std::io::{BufRead, BufReader};

use serde_json::Value;

use crate::{
    daemon::TestDaemon,
    pm::{RunOutcome, TestEnv, interrupt, poll},
};

fn products(env: &TestEnv, count: usize) {
    for number in 0..count {
        env.ok(&format!(
            "products create --name P{number} --price 1 --quantity 90 --category C"
        ));
    }
}

/// Waits until the events up to this sequence are listed.
fn wait_listed(env: &TestEnv, sequence: usize) {
    poll("the events are listed", || {
        let listed = env.ok("events list --limit 1000 --fields sequence");
        (listed.lines().count() >= sequence).then_some(())
    });
}

fn sequences(lines: &str) -> Vec<i64> {
    let events = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    events
        .map(|event| event["sequence"].as_i64().unwrap())
        .collect()
}

#[test]
fn the_past_can_be_read_from_anywhere() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    products(&env, 5);
    env.ok("products delete 2 --yes");
    wait_listed(&env, 6);
    let tail = |flags: &str| sequences(&env.ok(&format!("events tail {flags}")));
    assert_eq!(tail("--from start --no-follow"), [1, 2, 3, 4, 5, 6]);
    assert_eq!(tail("--from 5 --no-follow"), [5, 6]);
    assert_eq!(tail("--from -2 --no-follow"), [5, 6]);
    assert!(tail("--from end --no-follow").is_empty());
    assert_eq!(tail("--from start -n 3"), [1, 2, 3]);
    assert_eq!(tail("--from start --product 2 -n 2"), [2, 6]);
    assert_eq!(tail("--from start --type ProductDeleted -n 1"), [6]);
    assert_eq!(
        env.ok("events list --after 4 --fields sequence,type"),
        "5\tProductCreated\n6\tProductDeleted\n"
    );
}

#[test]
fn a_tail_follows_and_suggests_how_to_resume() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    products(&env, 1);
    wait_listed(&env, 1);
    let mut child = env.spawn("events tail --from start --seller s1");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || sequences(&lines.next().unwrap().unwrap());
    assert_eq!(next(), [1]);
    products(&env, 2);
    assert_eq!((next(), next()), (vec![2], vec![3]));
    interrupt(&child);
    let outcome = RunOutcome::of(&child.wait_with_output().unwrap());
    assert_eq!(outcome.code, 130);
    assert!(
        outcome.err.contains("pm events tail --from 4 --seller s1"),
        "{outcome:?}"
    );
}

/// Red when: what the greeting says is ignored, so that everything the server sends is dropped.
#[test]
fn a_cursor_ahead_of_the_server_is_reported_and_the_tail_goes_on() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    products(&env, 2);
    wait_listed(&env, 2);
    let past = env.run("events tail --from 500 --no-follow");
    assert!(past.out.is_empty() && past.code == 0, "{past:?}");
    assert!(past.err.contains("the newest event is 2"), "{past:?}");
    let outcome = first_live_event(&env);
    let warning = "event 499 is not known here: the newest event is ";
    assert!(outcome.err.contains(warning), "{outcome:?}");
    assert!(sequences(&outcome.out)[0] > 2, "{outcome:?}");
}

/// A tail from event 500 on, until it shows an event of products that are created all the time.
fn first_live_event(env: &TestEnv) -> RunOutcome {
    let mut child = env.spawn("events tail --from 500 -n 1");
    poll("an event arrives", || {
        products(env, 1);
        child.try_wait().unwrap()
    });
    RunOutcome::of(&child.wait_with_output().unwrap())
}

/// A server that keeps no event of the seller does not know the position of the sequence: its first
/// event says so.
#[test]
fn a_cursor_ahead_of_an_empty_server_is_reported_with_the_first_event() {
    let daemon = TestDaemon::start();
    let env = daemon.env("s1");
    let outcome = first_live_event(&env);
    assert!(sequences(&outcome.out)[0] < 499, "{outcome:?}");
    assert!(
        outcome.err.contains("event 499 is not known here"),
        "{outcome:?}"
    );
}
