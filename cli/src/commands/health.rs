//! `pm health`: how the server and its dependencies are, once, until it is well, or whenever
//! something changes.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use pm_common::{
    api::{HealthOut, HealthStatus, ServiceOut},
    client::{Client, ClientError},
    domain::clock,
};
use serde_json::{Value, json};

use super::{ALONE, positive_duration, wire_name};
use crate::{
    error::{Error, Exit, Result},
    output::{Column, Kind, Listing, Noun},
    session::Session,
};

const NOUN: Noun = Noun {
    name: "dependency",
    id: "name",
    columns: &[
        Column::table("name", Kind::Text),
        Column::table("status", Kind::State),
        Column::table("response_time_ms", Kind::Number),
        Column::table("note", Kind::Text),
        Column::table("backlog", Kind::Number),
        Column::table("lag", Kind::Number),
        Column::table("error", Kind::Text),
        Column::named("consumer_lag", Kind::Text),
    ],
    none: "",
};

const CHANGE: Noun = Noun {
    columns: &[
        Column::table("at", Kind::Text),
        Column::table("name", Kind::Text),
        Column::table("before", Kind::State),
        Column::table("status", Kind::State),
        Column::table("error", Kind::Text),
    ],
    ..NOUN
};

/// Arguments of `pm health`.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  pm health
  pm health --wait --timeout 60s && pm import products.csv
  pm health --watch")]
pub(crate) struct Args {
    /// Wait until the server is healthy
    #[arg(long, conflicts_with = "watch")]
    wait: bool,
    /// How long to wait
    #[arg(long, default_value = "60s", value_parser = positive_duration, value_name = "TIME")]
    timeout: Duration,
    /// Show what changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Time between two looks
    #[arg(long, default_value = "1s", value_parser = positive_duration, value_name = "TIME")]
    interval: Duration,
}

/// Asks, waits or watches.
pub(crate) async fn run(args: Args, session: &Session) -> Result<()> {
    let client = session.client()?;
    if args.watch {
        let mut interrupt = super::interrupt::Interrupt::new()?;
        return tokio::select! {
            ended = watch(&args, &client, session) => ended,
            () = interrupt.wait() => Err(Error::silent(Exit::Interrupted)),
        };
    }
    let listing = session.listing(&NOUN)?;
    let report = if args.wait {
        wait(&args, &client).await?
    } else {
        client.health().await?
    };
    let status = report.status;
    show(&report, listing)?;
    match status {
        HealthStatus::Healthy | HealthStatus::Degraded if !args.wait => Ok(()),
        HealthStatus::Healthy => Ok(()),
        _ => Err(unwell(&args, &report)),
    }
}

/// The first healthy report, or the last one before the time was up.
async fn wait(args: &Args, client: &Client) -> Result<HealthOut> {
    let end = Instant::now() + args.timeout;
    loop {
        let looked = client.health().await;
        let is_healthy = matches!(&looked, Ok(report) if report.status == HealthStatus::Healthy);
        let left = end.saturating_duration_since(Instant::now());
        let may_pass = looked.as_ref().err().is_none_or(ClientError::is_passing);
        if is_healthy || !may_pass {
            return Ok(looked?);
        }
        if left.is_zero() {
            return looked.map_err(|error| {
                let mut error = Error::from(error);
                error.exit = Exit::Unhealthy;
                error.hints.insert(0, format!("waited {:?}", args.timeout));
                error
            });
        }
        tokio::time::sleep(left.min(args.interval)).await;
    }
}

fn unwell(args: &Args, report: &HealthOut) -> Error {
    let status = wire_name(&report.status);
    let bad = services(report).into_iter();
    let bad = bad.filter(|(_, service)| service.status != HealthStatus::Healthy);
    let names: Vec<_> = bad.map(|(name, _)| name).collect();
    let waited = if args.wait {
        format!(" after {:?}", args.timeout)
    } else {
        String::new()
    };
    Error::new(
        Exit::Unhealthy,
        format!("the server is {status}{waited}: {}", names.join(", ")),
    )
}

fn services(report: &HealthOut) -> [(&'static str, &ServiceOut); 5] {
    let services = &report.services;
    [
        ("database", &services.database),
        ("redis", &services.redis),
        ("kafka", &services.kafka),
        ("dynamodb", &services.dynamodb),
        ("s3", &services.s3),
    ]
}

/// The whole report for programs, one line a dependency for people.
fn show(report: &HealthOut, mut listing: Listing<'_>) -> Result<()> {
    if listing.is_document() {
        return listing.single(report);
    }
    let whole = json!({
        "name": "server",
        "status": report.status,
        "note": format!("pmd {}, up {} s", report.version, report.uptime as u64),
    });
    listing.push(&whole)?;
    for (name, service) in services(report) {
        let lag = service.consumer_lag.as_ref();
        let lag: Option<u64> = lag.map(|groups| groups.values().sum());
        listing.push(&json!({
            "name": name,
            "status": service.status,
            "response_time_ms": service.response_time_ms,
            "note": service.note,
            "error": service.error,
            "backlog": service.outbox_backlog,
            "lag": lag,
            "consumer_lag": service.consumer_lag,
        }))?;
    }
    listing.finish(ALONE)
}

/// Prints a line for every part whose state is not what it was.
async fn watch(args: &Args, client: &Client, session: &Session) -> Result<()> {
    let mut listing = session.listing(&CHANGE)?.streaming();
    let mut known: BTreeMap<&str, (String, Option<String>)> = BTreeMap::new();
    loop {
        for (name, status, error) in states(client.health().await)? {
            let state = (status.clone(), error.clone());
            let before = known.insert(name, state.clone());
            if before.as_ref() != Some(&state) {
                let at = clock::now().to_string();
                let before = before.map(|(status, _)| status);
                let change = json!({"at": at, "name": name, "before": before, "status": status, "error": error});
                listing.tell(&change, &line(&change))?;
            }
        }
        tokio::time::sleep(args.interval).await;
    }
}

type States = Vec<(&'static str, String, Option<String>)>;

/// The state of every part; a server that is away is a state, not a failure.
fn states(looked: pm_common::client::Result<HealthOut>) -> Result<States> {
    match looked {
        Ok(report) => {
            let mut states = vec![("server", wire_name(&report.status), None)];
            for (name, service) in services(&report) {
                states.push((name, wire_name(&service.status), service.error.clone()));
            }
            Ok(states)
        }
        Err(error) if error.is_passing() => {
            Ok(vec![("server", "away".to_owned(), Some(error.to_string()))])
        }
        Err(error) => Err(error.into()),
    }
}

fn line(change: &Value) -> String {
    let text = |key: &str| change[key].as_str().unwrap_or_default().to_owned();
    let mut line = format!("{}  {:10} ", text("at"), text("name"));
    if !change["before"].is_null() {
        line.push_str(&format!("{} -> ", text("before")));
    }
    line.push_str(&text("status"));
    if !change["error"].is_null() {
        line.push_str(&format!(" ({})", text("error")));
    }
    line
}
