//! Every example in the help works as it is printed, typed into a shell where the files and products
//! that it names exist.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
};

use crate::{
    daemon::TestDaemon,
    pm::{RunOutcome, TestEnv, interrupt, poll},
};

/// Examples that ask a question first, which requires a terminal.
const INTERACTIVE_EXAMPLES: [&str; 2] = ["pm products delete 17", "pm auth login --server"];

#[test]
fn every_example_works() {
    let examples = examples(&TestEnv::new(), "");
    assert!(examples.len() > 35, "{examples:?}");
    let daemon = TestDaemon::start();
    let env = prepared_env(&daemon);
    for example in &examples {
        if example.split(&[' ', '/']).any(|word| word == "17") {
            // It changes the product that others name too.
            let daemon = TestDaemon::start();
            run_example(example, &daemon, &prepared_env(&daemon));
        } else if example.starts_with("pm imports undo") {
            // An import is undone once, where nobody has changed its products since.
            env.write("new.csv", "sku,name,price\nN-1,Lamp,19.99\n");
            env.ok("import new.csv");
            run_example(example, &daemon, &env);
        } else {
            run_example(example, &daemon, &env);
        }
    }
}

/// The examples of a command and of those below it.
fn examples(env: &TestEnv, command: &str) -> Vec<String> {
    let help = env.ok(&format!("help {command}"));
    let block = |title: &str| {
        let lines = help.lines().skip_while(|line| *line != title).skip(1);
        let lines = lines.map_while(|line| line.strip_prefix("  "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let mut found = block("Examples:");
    for line in block("Commands:") {
        let name = line.split_whitespace().next().unwrap();
        found.extend(examples(env, &format!("{command} {name}")));
    }
    found
}

/// An environment with the files, directories and products of the examples.
fn prepared_env(daemon: &TestDaemon) -> TestEnv {
    let env = daemon.env("s1");
    for directory in [
        "exports",
        ".zfunc",
        ".local/share/bash-completion/completions",
    ] {
        std::fs::create_dir_all(env.path(directory)).unwrap();
    }
    let mut csv = "sku,name,price,quantity,category\n".to_owned();
    for number in 1..=18 {
        csv.push_str(&format!("S-{number},Book {number},9.50,100,Books\n"));
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(csv.as_bytes()).unwrap();
    env.write("big.csv.gz", packed.finish().unwrap());
    env.write("products.csv", &csv);
    env.write("exports/a.csv", &csv);
    env.write("preise.csv", "Titel;Preis;quantity\nLampe;19.99;5\n");
    let lamp = r#"{"name": "Lamp", "price": 19.99, "quantity": 5, "category": "Light"}"#;
    env.write("lamp.json", lamp);
    env.write("change.json", r#"{"quantity": 7}"#);
    env.write("key.txt", "pmk_any_key\n");
    env.ok("import products.csv");
    for price in [8, 7] {
        env.ok(&format!("products update 17 --price {price}"));
    }
    env
}

fn run_example(example: &str, daemon: &TestDaemon, env: &TestEnv) {
    let import = env.ok("imports list -o name --limit 1");
    let import = import.trim_end().trim_start_matches("import/");
    let line = example
        .replace("https://products.example.com", &daemon.url)
        .replace("imp_0198f3c2", import)
        .replace("| man -l -", "| cat");
    let follows = line.starts_with("pm events tail") && !line.contains("--no-follow");
    if follows || line.contains("--watch") {
        return follow(env, &line);
    }
    let outcome = shell(env, &line);
    if INTERACTIVE_EXAMPLES
        .iter()
        .any(|question| example.starts_with(question))
        && !line.contains("--yes")
    {
        assert_eq!(outcome.code, 2, "{line}: {outcome:?}");
        assert!(outcome.err.contains("terminal"), "{line}: {outcome:?}");
    } else {
        assert_eq!(outcome.code, 0, "{line}: {outcome:?}");
        assert!(!outcome.err.contains("error"), "{line}: {outcome:?}");
    }
}

/// As a shell understands it.
fn shell(env: &TestEnv, line: &str) -> RunOutcome {
    let pm = std::path::Path::new(env!("CARGO_BIN_EXE_pm"));
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", pm.parent().unwrap().display());
    let plain = env.command("");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", line])
        .env_clear()
        .envs(
            plain
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("PATH", path)
        .current_dir(plain.get_current_dir().unwrap())
        .stdin(Stdio::null());
    RunOutcome::of(&shell.output().unwrap())
}

/// A command without an end prints something when something happens, and ends with Ctrl-C.
fn follow(env: &TestEnv, line: &str) {
    let mut child = env.spawn(line.strip_prefix("pm ").unwrap());
    let out = BufReader::new(child.stdout.take().unwrap());
    let (sent, received) = mpsc::channel();
    let reader = thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            let _ = sent.send(line);
        }
    });
    poll(&format!("{line} prints something"), || {
        env.ok("products create --name Low --price 1 --quantity 1 --category C");
        received.try_recv().ok()
    });
    interrupt(&child);
    let outcome = RunOutcome::of(&child.wait_with_output().unwrap());
    assert_eq!(outcome.code, 130, "{line}: {outcome:?}");
    reader.join().unwrap();
}
