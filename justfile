# `just` lists the recipes. Everything works without just, too: see dev/ and CONTRIBUTING.md.

_list:
    @just --list --unsorted

# Build, start the daemon, import a sample catalogue, look around
quickstart *args:
    dev/quickstart {{ args }}

# PostgreSQL, Redis, Kafka, DynamoDB and S3 on this machine: just engines up
engines *args:
    dev/engines {{ args }}

# Everything CI checks: format, lints, tests, docs
test *args:
    dev/test {{ args }}

# The tests of one crate or with one name: just t pm-daemon imports
t crate *filter:
    cargo test -p {{ crate }} {{ filter }}

# Format all code
fmt:
    cargo fmt --all

# Lints only
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# The daemon on its own data directory, with readable logs
run *args:
    cargo run -p pm-daemon --bin pmd -- serve {{ args }}

# The command line, built on the fly: just pm products list
pm *args:
    cargo run -q -p pm-cli --bin pm -- {{ args }}

# The documentation of the code
docs:
    cargo doc --workspace --no-deps --open

# The long tier: 200,000 rows and ten kills, 100,000 mixed requests (some minutes)
chaos:
    PM_LONG=1 cargo test --workspace --test it -- --nocapture long_

# Licences, banned crates, known advisories
deny:
    cargo deny check

# Ratios to the engines alone: just bench get post
bench *args:
    dev/bench {{ args }}
