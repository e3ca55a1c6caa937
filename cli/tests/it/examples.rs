//! Every example in the help works as it stands, typed into a shell by somebody who has the files
//! and products that it names.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
};

use crate::{
    daemon::Daemon,
    pm::{Ended, Person, interrupt, poll},
};

/// Examples that ask a question first, which needs a terminal.
const QUESTIONS: [&str; 2] = ["pm products delete 17", "pm auth login --server"];

#[test]
fn every_example_works() {
    let examples = examples(&Person::new(), "");
    assert!(examples.len() > 35, "{examples:?}");
    let daemon = Daemon::start();
    let person = prepared(&daemon);
    for example in &examples {
        if example.split(&[' ', '/']).any(|word| word == "17") {
            // It changes the product that others name too.
            let daemon = Daemon::start();
            try_out(example, &daemon, &prepared(&daemon));
        } else {
            try_out(example, &daemon, &person);
        }
    }
}

/// The examples of a command and of those below it.
fn examples(person: &Person, command: &str) -> Vec<String> {
    let help = person.ok(&format!("help {command}"));
    let block = |title: &str| {
        let lines = help.lines().skip_while(|line| *line != title).skip(1);
        let lines = lines.map_while(|line| line.strip_prefix("  "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let mut found = block("Examples:");
    for line in block("Commands:") {
        let name = line.split_whitespace().next().unwrap();
        found.extend(examples(person, &format!("{command} {name}")));
    }
    found
}

/// Somebody with the files, directories and products of the examples.
fn prepared(daemon: &Daemon) -> Person {
    let person = daemon.person("s1");
    for directory in [
        "exports",
        ".zfunc",
        ".local/share/bash-completion/completions",
    ] {
        std::fs::create_dir_all(person.path(directory)).unwrap();
    }
    let mut csv = "sku,name,price,quantity,category\n".to_owned();
    for number in 1..=18 {
        csv.push_str(&format!("S-{number},Book {number},9.50,100,Books\n"));
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(csv.as_bytes()).unwrap();
    person.write("big.csv.gz", packed.finish().unwrap());
    person.write("products.csv", &csv);
    person.write("exports/a.csv", &csv);
    person.write("preise.csv", "Titel;Preis;quantity\nLampe;19.99;5\n");
    let lamp = r#"{"name": "Lamp", "price": 19.99, "quantity": 5, "category": "Light"}"#;
    person.write("lamp.json", lamp);
    person.write("change.json", r#"{"quantity": 7}"#);
    person.write("key.txt", "pmk_any_key\n");
    person.ok("import products.csv");
    for price in [8, 7] {
        person.ok(&format!("products update 17 --price {price}"));
    }
    person
}

fn try_out(example: &str, daemon: &Daemon, person: &Person) {
    let import = person.ok("imports list -o name --limit 1");
    let import = import.trim_end().trim_start_matches("import/");
    let line = example
        .replace("https://products.example.com", &daemon.url)
        .replace("imp_0198f3c2", import)
        .replace("| man -l -", "| cat");
    let follows = line.starts_with("pm events tail") && !line.contains("--no-follow");
    if follows || line.contains("--watch") {
        return follow(person, &line);
    }
    let ended = shell(person, &line);
    if QUESTIONS
        .iter()
        .any(|question| example.starts_with(question))
        && !line.contains("--yes")
    {
        assert_eq!(ended.code, 2, "{line}: {ended:?}");
        assert!(ended.err.contains("terminal"), "{line}: {ended:?}");
    } else {
        assert_eq!(ended.code, 0, "{line}: {ended:?}");
        assert!(!ended.err.contains("error"), "{line}: {ended:?}");
    }
}

/// As a shell understands it.
fn shell(person: &Person, line: &str) -> Ended {
    let pm = std::path::Path::new(env!("CARGO_BIN_EXE_pm"));
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", pm.parent().unwrap().display());
    let plain = person.command("");
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
    Ended::of(&shell.output().unwrap())
}

/// What has no end of its own says something when something happens, and ends with Ctrl-C.
fn follow(person: &Person, line: &str) {
    let mut child = person.spawn(line.strip_prefix("pm ").unwrap());
    let out = BufReader::new(child.stdout.take().unwrap());
    let (said, heard) = mpsc::channel();
    let reader = thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            let _ = said.send(line);
        }
    });
    poll(&format!("{line} says something"), || {
        person.ok("products create --name Low --price 1 --quantity 1 --category C");
        heard.try_recv().ok()
    });
    interrupt(&child);
    let ended = Ended::of(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, 130, "{line}: {ended:?}");
    reader.join().unwrap();
}
