//! `pm health`: the health of the server and its dependencies: once, until it is healthy, or
//! at every change.

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

use super::{NO_PAGINATION, positive_duration, wire_name};
use crate::{
    error::{Error, ExitCode, Result},
    output::{ColumnSpec, RecordWriter, ResourceSpec, ValueKind},
    session::CommandSession,
};

const DEPENDENCY_SPEC: ResourceSpec = ResourceSpec {
    name: "dependency",
    id: "name",
    columns: &[
        ColumnSpec::table("name", ValueKind::Text),
        ColumnSpec::table("status", ValueKind::State),
        ColumnSpec::table("response_time_ms", ValueKind::Number),
        ColumnSpec::table("note", ValueKind::Text),
        ColumnSpec::table("backlog", ValueKind::Number),
        ColumnSpec::table("lag", ValueKind::Number),
        ColumnSpec::table("error", ValueKind::Text),
        ColumnSpec::named("consumer_lag", ValueKind::Text),
    ],
    none: "",
};

const HEALTH_CHANGE_SPEC: ResourceSpec = ResourceSpec {
    columns: &[
        ColumnSpec::table("at", ValueKind::Text),
        ColumnSpec::table("name", ValueKind::Text),
        ColumnSpec::table("before", ValueKind::State),
        ColumnSpec::table("status", ValueKind::State),
        ColumnSpec::table("error", ValueKind::Text),
    ],
    ..DEPENDENCY_SPEC
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
    /// Show every change, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Time between two checks
    #[arg(long, default_value = "1s", value_parser = positive_duration, value_name = "TIME")]
    interval: Duration,
}

/// Checks once, waits or watches.
pub(crate) async fn run(args: Args, session: &CommandSession) -> Result<()> {
    let client = session.client()?;
    if args.watch {
        let mut interrupt = super::interrupt::InterruptSignal::new()?;
        return tokio::select! {
            ended = watch(&args, &client, session) => ended,
            () = interrupt.wait() => Err(Error::silent(ExitCode::Interrupted)),
        };
    }
    let records = session.records(&DEPENDENCY_SPEC)?;
    let report = if args.wait {
        wait(&args, &client).await?
    } else {
        client.health().await?
    };
    let status = report.status;
    show(&report, records)?;
    match status {
        HealthStatus::Healthy | HealthStatus::Degraded if !args.wait => Ok(()),
        HealthStatus::Healthy => Ok(()),
        _ => Err(unhealthy_error(&args, &report)),
    }
}

/// The first healthy report, or the last one before the timeout.
async fn wait(args: &Args, client: &Client) -> Result<HealthOut> {
    let end = Instant::now() + args.timeout;
    loop {
        let result = client.health().await;
        let is_healthy = matches!(&result, Ok(report) if report.status == HealthStatus::Healthy);
        let left = end.saturating_duration_since(Instant::now());
        let may_pass = result.as_ref().err().is_none_or(ClientError::is_passing);
        if is_healthy || !may_pass {
            return Ok(result?);
        }
        if left.is_zero() {
            return result.map_err(|error| {
                let mut error = Error::from(error);
                error.exit = ExitCode::Unhealthy;
                error.hints.insert(0, format!("waited {:?}", args.timeout));
                error
            });
        }
        tokio::time::sleep(left.min(args.interval)).await;
    }
}

fn unhealthy_error(args: &Args, report: &HealthOut) -> Error {
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
        ExitCode::Unhealthy,
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

/// The whole report for programs, one line per dependency for people.
fn show(report: &HealthOut, mut records: RecordWriter<'_>) -> Result<()> {
    if records.is_document() {
        return records.single(report);
    }
    let whole = json!({
        "name": "server",
        "status": report.status,
        "note": format!("pmd {}, up {} s", report.version, report.uptime as u64),
    });
    records.push(&whole)?;
    for (name, service) in services(report) {
        let lag = service.consumer_lag.as_ref();
        let lag: Option<u64> = lag.map(|groups| groups.values().sum());
        records.push(&json!({
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
    records.finish(NO_PAGINATION)
}

/// Prints a line for each part whose state has changed.
async fn watch(args: &Args, client: &Client, session: &CommandSession) -> Result<()> {
    let mut records = session.records(&HEALTH_CHANGE_SPEC)?.streaming();
    let mut known: BTreeMap<&str, (String, Option<String>)> = BTreeMap::new();
    loop {
        for (name, status, error) in part_states(client.health().await)? {
            let state = (status.clone(), error.clone());
            let before = known.insert(name, state.clone());
            if before.as_ref() != Some(&state) {
                let at = clock::now().to_string();
                let before = before.map(|(status, _)| status);
                let change = json!({"at": at, "name": name, "before": before, "status": status, "error": error});
                records.push_line(&change, &change_line(&change))?;
            }
        }
        tokio::time::sleep(args.interval).await;
    }
}

type PartStates = Vec<(&'static str, String, Option<String>)>;

/// The state of every part; an unreachable server is a state, not a failure.
fn part_states(result: pm_common::client::Result<HealthOut>) -> Result<PartStates> {
    match result {
        Ok(report) => {
            let mut part_states = vec![("server", wire_name(&report.status), None)];
            for (name, service) in services(&report) {
                part_states.push((name, wire_name(&service.status), service.error.clone()));
            }
            Ok(part_states)
        }
        Err(error) if error.is_passing() => {
            Ok(vec![("server", "away".to_owned(), Some(error.to_string()))])
        }
        Err(error) => Err(error.into()),
    }
}

fn change_line(change: &Value) -> String {
    let text = |key: &str| change[key].as_str().unwrap_or_default().to_owned();
    let mut change_line = format!("{}  {:10} ", text("at"), text("name"));
    if !change["before"].is_null() {
        change_line.push_str(&format!("{} -> ", text("before")));
    }
    change_line.push_str(&text("status"));
    if !change["error"].is_null() {
        change_line.push_str(&format!(" ({})", text("error")));
    }
    change_line
}
