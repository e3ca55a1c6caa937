//! Holds the shape of the tree: who may use whom, where certain things may stand, and that the
//! map in ARCHITECTURE.md is true. Each test names the file, the line and the rule it breaks.
//!
//! To see one fail: `use crate::ports::store::Store;` in common/src/domain/money.rs, `jiff::Timestamp::now()`
//! anywhere but in clock.rs, `use axum::Router;` in daemon/src/app.rs, or a new module that the
//! map does not have.

#![expect(
    clippy::unwrap_used,
    reason = "a test says what it expects by unwrapping"
)]

mod circles;
mod mirror;
mod names;
mod promises;
mod source;

use std::{collections::BTreeSet, fs};

use source::{Source, files_below, is_below, root, sources};

/// Ring 1: pure.
const DOMAIN: &str = "common/src/domain/";
/// Ring 2: a folder per trait, with its adapters.
const PORTS: &str = "common/src/ports/";
/// What adapters of one engine share.
const ENGINES: &str = "common/src/engines/";
/// What the two SQL adapters of the store share.
const SHARED_SQL: &str = "common/src/ports/store/sql/";
/// The adapters' names below their ports.
const ADAPTERS: [&str; 9] = [
    "directory",
    "dynamodb",
    "embedded",
    "kafka",
    "memory",
    "postgres",
    "redis",
    "s3",
    "sqlite",
];

/// Fails with every place where a file that `applies` names a path that is `forbidden`.
fn hold(rule: &str, applies: impl Fn(&str) -> bool, forbidden: impl Fn(&str, &str) -> bool) {
    let mut broken = Vec::new();
    let mut seen = 0;
    for source in sources().iter().filter(|source| applies(&source.path)) {
        seen += 1;
        for named in source.named() {
            if forbidden(&source.path, &named.path) {
                broken.push(format!("{}:{}: {}", source.path, named.line, named.path));
            }
        }
    }
    assert!(seen > 0, "no file is under the rule any more: {rule}");
    assert!(broken.is_empty(), "{rule}\n{}", broken.join("\n"));
}

/// Whether the path is or lies below one of these; a lone word may be a field's or a variable's name.
fn names_any(path: &str, starts: &[&str]) -> bool {
    path.contains("::") && starts.iter().any(|start| is_below(path, start))
}

/// `Some((port, adapter))` of an adapter's file.
fn adapter(file: &str) -> Option<(&str, &str)> {
    let mut parts = file.strip_prefix(PORTS)?.split(['/', '.']);
    let (port, part) = (parts.next()?, parts.next()?);
    ADAPTERS.contains(&part).then_some((port, part))
}

#[test]
fn crates_depend_in_one_direction() {
    let rule = "cli and daemon use common, never each other";
    hold(
        rule,
        |file| !file.starts_with("daemon/"),
        |_, path| is_below(path, "pm_daemon"),
    );
    hold(
        rule,
        |file| !file.starts_with("cli/"),
        |_, path| is_below(path, "pm_cli"),
    );
}

#[test]
fn the_domain_is_pure() {
    let keywords = ["async", "await", "async_trait"];
    let outside = [
        "async_trait",
        "tokio",
        "tokio_util",
        "futures_util",
        "sqlx",
        "rdkafka",
        "redis",
        "axum",
        "hyper",
        "clap",
        "reqwest",
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
    ];
    hold(
        "the domain does no I/O, has no async and knows nothing of common but itself",
        |file| file.starts_with(DOMAIN),
        |_, path| {
            let outer = path.starts_with("crate::") && !is_below(path, "crate::domain");
            outer || keywords.contains(&path) || names_any(path, &outside)
        },
    );
}

#[test]
fn adapters_do_not_know_each_other() {
    hold(
        "an adapter never imports another adapter, and no driver names one",
        |_| true,
        |file, path| {
            let Some((_, inside)) = path.split_once("ports::") else {
                return false;
            };
            let mut parts = inside.split("::");
            let (Some(port), Some(part)) = (parts.next(), parts.next()) else {
                return false;
            };
            let is_port_itself = file == format!("{PORTS}{port}/mod.rs");
            ADAPTERS.contains(&part) && !is_port_itself && adapter(file) != Some((port, part))
        },
    );
}

/// A folder that names an engine but is missing in `ADAPTERS` would be free of every rule.
#[test]
fn every_adapter_is_known_here() {
    let folders = |port: &str| -> BTreeSet<String> {
        let connected = fs::read_to_string(root().join(format!("{PORTS}{port}/mod.rs"))).unwrap();
        let calls = connected.match_indices("::connect(");
        let module = |at: usize| {
            connected[..at]
                .rsplit(|c: char| !c.is_alphanumeric())
                .next()
        };
        calls
            .filter_map(|(at, _)| module(at).map(str::to_owned))
            .collect()
    };
    let ports: BTreeSet<_> = files_below(PORTS)
        .iter()
        .filter_map(|file| file.strip_prefix(PORTS)?.split_once('/'))
        .map(|(port, _)| port.to_owned())
        .collect();
    assert!(ports.len() >= 7, "{ports:?}");
    for port in ports {
        let adapters = folders(&port);
        assert_eq!(
            adapters.len(),
            2,
            "{port} opens {adapters:?}: one embedded, one server"
        );
        for adapter in adapters {
            assert!(
                ADAPTERS.contains(&adapter.as_str()),
                "{port}/{adapter} is an adapter: add it to ADAPTERS, so that the rules hold for it"
            );
        }
    }
}

#[test]
fn engines_are_spoken_to_by_adapters_only() {
    let engines = [
        "sqlx",
        "rdkafka",
        "redis",
        "aws_config",
        "aws_sdk_dynamodb",
        "aws_sdk_s3",
        "aws_smithy_http_client",
    ];
    hold(
        "sqlx, rdkafka, redis and aws stand only in adapters and what these share",
        |file| {
            let shared = [ENGINES, SHARED_SQL];
            adapter(file).is_none() && !shared.iter().any(|folder| file.starts_with(folder))
        },
        |_, path| names_any(path, &engines),
    );
}

#[test]
fn http_stays_in_its_folder() {
    hold(
        "axum and its kin stand only in daemon/src/http",
        |file| !file.starts_with("daemon/src/http/"),
        |_, path| {
            names_any(
                path,
                &[
                    "axum",
                    "hyper",
                    "hyper_util",
                    "tower",
                    "tower_http",
                    "utoipa_axum",
                ],
            )
        },
    );
}

/// Two files that need each other are one file, or a third one is missing.
#[test]
fn imports_run_in_no_circle() {
    let found = circles::circles(&sources());
    assert!(found.is_empty(), "import circles:\n{}", found.join("\n"));
}

/// An enum may say its names (`ValueEnum`) where it is defined.
#[test]
fn arguments_are_parsed_in_one_place() {
    let places = ["/main.rs", "/args.rs", "/command.rs", "/commands/"];
    hold(
        "clap is used only in main.rs, args.rs, command.rs and commands/",
        |file| !places.iter().any(|place| file.contains(place)),
        |_, path| {
            let parses = names_any(path, &["clap", "clap_complete", "clap_mangen"]);
            parses && path != "clap::ValueEnum"
        },
    );
}

#[test]
fn one_file_prints() {
    let printers = ["print", "println", "eprint", "eprintln"];
    let broken: Vec<_> = sources()
        .iter()
        .filter(|source| source.path != "cli/src/ui.rs" && !source.path.starts_with("cli/src/ui/"))
        .flat_map(|source| macros(source, &printers))
        .collect();
    assert!(
        broken.is_empty(),
        "only cli/src/ui.rs prints\n{}",
        broken.join("\n")
    );
}

fn macros(source: &Source, names: &[&str]) -> Vec<String> {
    let lines = source.code.lines().enumerate();
    lines
        .filter(|(_, line)| {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '!');
            words.any(|word| {
                word.strip_suffix('!')
                    .is_some_and(|name| names.contains(&name))
            })
        })
        .map(|(at, line)| format!("{}:{}: {}", source.path, at + 1, line.trim()))
        .collect()
}

#[test]
fn one_file_asks_the_time() {
    hold(
        "only common/src/domain/clock.rs asks what time it is",
        |file| file != "common/src/domain/clock.rs",
        |_, path| {
            let asks = ["SystemTime::now", "Timestamp::now", "Zoned::now"];
            asks.iter().any(|call| path.ends_with(call))
        },
    );
}

/// Tenancy cannot be forgotten where the seller is the first thing a method takes.
#[test]
fn methods_on_sellers_things_take_the_seller_first() {
    let mut methods = 0;
    for port in ["store", "inbox", "ledger"] {
        let file = format!("{PORTS}{port}/mod.rs");
        let text = fs::read_to_string(root().join(&file)).unwrap();
        for (at, _) in text.match_indices("async fn ") {
            let name: String = text[at + 9..].chars().take_while(|c| *c != '(').collect();
            let taken = ["product_", "inbox_", "ledger_"];
            if !taken.iter().any(|prefix| name.starts_with(prefix)) {
                continue;
            }
            methods += 1;
            let arguments = text[at..].split_once("&self,").unwrap().1.trim_start();
            assert!(
                arguments.starts_with("seller: &SellerId"),
                "{file}: {name} takes something before its seller"
            );
        }
    }
    assert!(methods >= 15, "only {methods} methods were found");
}

/// A migration without its twin would leave one engine out of date.
#[test]
fn both_databases_have_the_same_migrations() {
    let names = |dialect: &str| -> BTreeSet<String> {
        let folder = format!("migrations/{dialect}/");
        let files = files_below(&folder);
        files
            .iter()
            .map(|file| file.replacen(&folder, "", 1))
            .collect()
    };
    let (sqlite, postgres) = (names("sqlite"), names("postgres"));
    assert!(!sqlite.is_empty());
    if !postgres.is_empty() {
        assert_eq!(
            sqlite, postgres,
            "the same numbers and names in both folders"
        );
    }
}

/// Every file and folder in a crate's `src` has a line in the map; and every path in the
/// map exists.
#[test]
fn the_map_is_true() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mapped: BTreeSet<&str> = text
        .split(|c: char| c.is_whitespace() || "`,;()".contains(c))
        .filter(|word| {
            ["common/src/", "daemon/src/", "cli/src/"]
                .iter()
                .any(|at| word.starts_with(at))
        })
        .map(|word| word.trim_end_matches(['.', ':']))
        .collect();
    let mut places = BTreeSet::new();
    for crate_name in ["common", "daemon", "cli"] {
        for file in files_below(&format!("{crate_name}/src")) {
            places.insert(place_in_map(&file));
        }
    }
    let places: BTreeSet<&str> = places.iter().map(String::as_str).collect();
    let missing: Vec<_> = places.difference(&mapped).collect();
    assert!(
        missing.is_empty(),
        "ARCHITECTURE.md does not map {missing:?}"
    );
    let gone: Vec<_> = mapped
        .iter()
        .filter(|path| !root().join(path).exists())
        .collect();
    assert!(
        gone.is_empty(),
        "ARCHITECTURE.md maps what is not there: {gone:?}"
    );
}

/// Files and folders directly in `src`, or in one of its rings.
fn place_in_map(file: &str) -> String {
    let depth = if [DOMAIN, PORTS, ENGINES]
        .iter()
        .any(|ring| file.starts_with(ring))
    {
        4
    } else {
        3
    };
    let parts: Vec<_> = file.splitn(depth + 1, '/').collect();
    let end = if parts.len() > depth { "/" } else { "" };
    format!("{}{end}", parts[..depth].join("/"))
}

/// The reader itself: what it leaves out and what it finds.
#[test]
fn sources_are_read_right() {
    let code = source::code_of(
        "use a::{b, c::{d, e}};\n// x::y\nlet t = \"f::g \\\" h\"; /* i */ 'j'; r#\"k \" l\"#;\nsuper::m::n();\n#[cfg(test)]\nmod tests { o::p() }\n",
    );
    let source = Source {
        path: "common/src/ports/store/sqlite/list.rs".to_owned(),
        code,
    };
    let named: Vec<_> = source
        .named()
        .iter()
        .map(|n| (n.line, n.path.clone()))
        .collect();
    let wanted = [
        (1, "a::b"),
        (1, "a::c::d"),
        (1, "a::c::e"),
        (3, "let"),
        (3, "t"),
        (4, "crate::ports::store::sqlite::m::n"),
    ];
    assert_eq!(named, wanted.map(|(line, path)| (line, path.to_owned())));
}
