//! Health: every dependency probed at once, each with its own deadline, so that the answer never
//! waits for one that hangs. Only a lost database makes the whole unhealthy.

use std::{collections::BTreeMap, future::Future, panic::resume_unwind, sync::Arc, time::Duration};

use axum::{extract::State, http::StatusCode, response::Response};
use pm_common::{
    api::{HealthOut, HealthStatus, LiveOut, MemoryOut, ReadyOut, ServiceOut, ServicesOut},
    domain::{
        clock::{self, Timestamp},
        error::{Error, Result},
        port::Port,
    },
    ports::{
        broker::{Broker, ConsumerGroup},
        store::OutboxBacklog,
    },
};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::{HttpState, json_body::json_response, outage};
use crate::app::App;

/// How long a probe may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// What the lag is given when the outbox has used up the time of both.
const MIN_LAG_TIMEOUT: Duration = Duration::from_millis(250);

/// A message that has waited longer in the outbox shows that none are published.
const MAX_OUTBOX_AGE: Duration = Duration::from_secs(60);

/// How long a result is given to other callers, too.
const PROBE_SHARED: Duration = Duration::from_secs(1);

/// What was found a moment ago: callers who come together cost one probe, and wait for its answer.
#[derive(Debug, Default)]
pub(super) struct SharedProbes {
    services: SharedProbe<(Timestamp, ServicesOut)>,
    ready: SharedProbe<bool>,
}

#[derive(Debug)]
struct SharedProbe<T>(Arc<Mutex<Option<(Instant, T)>>>);

impl<T> Default for SharedProbe<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone + Send + 'static> SharedProbe<T> {
    /// What is known, asked anew if it is too old. A probe goes on without its caller: those who come
    /// and go at once cost one as well.
    async fn get(&self, ask: impl Future<Output = T> + Send + 'static) -> T {
        let mut known = Arc::clone(&self.0).lock_owned().await;
        if let Some((found_at, found)) = &*known
            && found_at.elapsed() < PROBE_SHARED
        {
            return found.clone();
        }
        let probe = tokio::spawn(async move {
            let found = ask.await;
            *known = Some((Instant::now(), found.clone()));
            found
        });
        match probe.await {
            Ok(found) => found,
            Err(error) => resume_unwind(error.into_panic()),
        }
    }
}

/// How well everything is
///
/// A lost database is `unhealthy`, any other lost dependency `degraded`.
#[utoipa::path(get, path = "/health", tag = "Health",
    responses((status = 200, body = HealthOut), (status = 503, body = HealthOut)))]
pub(super) async fn health(State(http): State<Arc<HttpState>>) -> Response {
    let probes = services(Arc::clone(&http));
    let (asked_at, services) = http.health.services.get(probes).await;
    let others = [
        &services.redis,
        &services.kafka,
        &services.dynamodb,
        &services.s3,
    ];
    let healthy = |service: &ServiceOut| service.status == HealthStatus::Healthy;
    let (code, status) = if !healthy(&services.database) {
        (StatusCode::SERVICE_UNAVAILABLE, HealthStatus::Unhealthy)
    } else if others.into_iter().all(healthy) {
        (StatusCode::OK, HealthStatus::Healthy)
    } else {
        (StatusCode::OK, HealthStatus::Degraded)
    };
    let body = HealthOut {
        status,
        timestamp: asked_at,
        uptime: http.app.started.elapsed().as_secs_f64(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        services,
        memory: memory(),
    };
    json_response(code, &body)
}

/// Whether requests can be served
#[utoipa::path(get, path = "/health/ready", tag = "Health",
    responses((status = 200, body = ReadyOut), (status = 503, body = ReadyOut)))]
pub(super) async fn ready(State(http): State<Arc<HttpState>>) -> Response {
    let app = http.app.clone();
    let probe = async move {
        let engine = app.config.engine(Port::Store);
        let ping = timed(Port::Store, engine, app.store.ping(), PROBE_TIMEOUT);
        ping.await.0.is_ok()
    };
    let error = match http.health.ready.get(probe).await {
        _ if http.shutdown.is_cancelled() => Some("the server is shutting down"),
        true => None,
        false => Some("the database is unavailable"),
    };
    let (code, status) = match error {
        None => (StatusCode::OK, "ready"),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    let body = ReadyOut {
        status: status.to_owned(),
        error: error.map(str::to_owned),
        timestamp: clock::now(),
    };
    json_response(code, &body)
}

/// Where liveness is answered.
pub(super) const LIVE_PATH: &str = "/health/live";

/// Whether the process runs
#[utoipa::path(get, path = LIVE_PATH, tag = "Health", responses((status = 200, body = LiveOut)))]
pub(super) async fn live(State(http): State<Arc<HttpState>>) -> Response {
    let body = LiveOut {
        status: "alive".to_owned(),
        timestamp: clock::now(),
        uptime: http.app.started.elapsed().as_secs_f64(),
    };
    json_response(StatusCode::OK, &body)
}

/// When the probes were begun and what they found.
async fn services(http: Arc<HttpState>) -> (Timestamp, ServicesOut) {
    let asked_at = clock::now();
    let app = &http.app;
    let engine = |port| app.config.engine(port);
    let feed_and_limiter = async {
        app.feed.ping().await?;
        app.limiter.ping().await
    };
    let inbox_and_ledger = async {
        app.inbox.ping().await?;
        app.ledger.ping().await
    };
    let (database, redis, kafka, dynamodb, s3, (outbox, lag)) = tokio::join!(
        probe(Port::Store, engine(Port::Store), app.store.ping()),
        probe(Port::Feed, engine(Port::Feed), feed_and_limiter),
        probe(Port::Broker, engine(Port::Broker), app.broker.ping()),
        probe(Port::Inbox, engine(Port::Inbox), inbox_and_ledger),
        probe(Port::Archive, engine(Port::Archive), app.archive.ping()),
        messages_on_their_way(app),
    );
    let backlog = outbox.as_ref().ok().map(|(backlog, _)| *backlog);
    let mut kafka = ServiceOut {
        outbox_backlog: backlog.map(|backlog| backlog.messages),
        outbox_oldest_seconds: backlog.map(oldest_seconds),
        consumer_lag: lag.ok(),
        ..kafka
    };
    if let Some(stuck) = stuck_outbox(&outbox) {
        kafka.status = HealthStatus::Unhealthy;
        kafka.error.get_or_insert(stuck);
    }
    let services = ServicesOut {
        database,
        redis,
        kafka,
        dynamodb,
        s3,
    };
    (asked_at, services)
}

/// What the outbox holds, with what is set aside, and what the groups have yet to read. In this
/// order, which is the messages' own: none is between the two places when they are counted.
async fn messages_on_their_way(
    app: &App,
) -> (Result<(OutboxBacklog, u64)>, Result<BTreeMap<String, u64>>) {
    let begun = Instant::now();
    let outbox = async { tokio::try_join!(app.store.outbox_backlog(), app.store.outbox_aside()) };
    let engine = app.config.engine(Port::Store);
    let (outbox, _) = timed(Port::Store, engine, outbox, PROBE_TIMEOUT).await;
    let rest = PROBE_TIMEOUT.saturating_sub(begun.elapsed());
    let (engine, lags) = (app.config.engine(Port::Broker), lags(&*app.broker));
    let (lags, _) = timed(Port::Broker, engine, lags, rest.max(MIN_LAG_TIMEOUT)).await;
    (outbox, lags)
}

/// How long the oldest message of the outbox has waited.
pub(super) fn oldest_seconds(backlog: OutboxBacklog) -> u64 {
    let now = clock::now();
    backlog
        .oldest
        .map_or(0, |oldest| now.since(oldest).as_secs())
}

/// Why committed messages do not reach the broker.
fn stuck_outbox(outbox: &Result<(OutboxBacklog, u64)>) -> Option<String> {
    match outbox {
        Err(_) => Some("the outbox cannot be read".to_owned()),
        Ok((_, aside)) if *aside > 0 => Some(format!(
            "{aside} messages could not be published and are set aside (table outbox_set_aside)"
        )),
        Ok((backlog, _)) if oldest_seconds(*backlog) > MAX_OUTBOX_AGE.as_secs() => Some(format!(
            "the oldest message in the outbox has waited for {} s",
            oldest_seconds(*backlog)
        )),
        Ok(_) => None,
    }
}

/// What each group has yet to read.
async fn lags(broker: &dyn Broker) -> Result<BTreeMap<String, u64>> {
    let mut lags = BTreeMap::new();
    for group in ConsumerGroup::ALL {
        lags.insert(group.as_str().to_owned(), broker.lag(group).await?);
    }
    Ok(lags)
}

async fn probe(
    port: Port,
    engine: &'static str,
    ping: impl Future<Output = Result<()>>,
) -> ServiceOut {
    let (answer, response_time_ms) = timed(port, engine, ping, PROBE_TIMEOUT).await;
    let error = answer.err().map(|error| match error {
        // The reason may name hosts and users; it is in the log.
        Error::Unavailable { engine, .. } | Error::OutcomeUnknown { engine, .. } => {
            format!("{engine} is unavailable")
        }
        _ => "the probe failed".to_owned(),
    });
    ServiceOut {
        status: match error {
            None => HealthStatus::Healthy,
            Some(_) => HealthStatus::Unhealthy,
        },
        response_time_ms,
        note: engine.to_owned(),
        error,
        outbox_backlog: None,
        outbox_oldest_seconds: None,
        consumer_lag: None,
    }
}

/// The answer within the deadline, and the milliseconds it took.
async fn timed<T>(
    port: Port,
    engine: &'static str,
    ask: impl Future<Output = Result<T>>,
    deadline: Duration,
) -> (Result<T>, f64) {
    let start = Instant::now();
    let late = || Error::unavailable(port, engine, "no answer within the deadline");
    let answer = timeout(deadline, ask).await;
    let answer = answer.unwrap_or_else(|_| Err(late()));
    if let Err(error) = &answer {
        outage::warn(error, "a health probe failed");
    }
    let micros = u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX);
    (answer, f64::from(micros) / 1000.0)
}

/// The resident set, where the system reports it.
fn memory() -> MemoryOut {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let rss_mb = resident_kib(&status).map_or(0.0, |kib| f64::from(kib) / 1024.0);
    MemoryOut {
        rss_mb,
        heap_used_mb: rss_mb,
        heap_total_mb: rss_mb,
        external_mb: 0.0,
    }
}

fn resident_kib(status: &str) -> Option<u32> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use tokio::sync::watch;

    use super::*;

    #[test]
    fn reads_the_resident_set() {
        assert_eq!(
            resident_kib("Name:\tpmd\nVmRSS:\t   2048 kB\nThreads:\t3\n"),
            Some(2048)
        );
        assert_eq!(resident_kib(""), None);
    }

    /// Red when: each caller asks, or a caller that leaves makes the next one ask again.
    #[tokio::test]
    async fn callers_share_a_probe() {
        let (shared, asked) = (SharedProbe::default(), Arc::new(AtomicUsize::new(0)));
        let (answer, answered) = watch::channel(false);
        let ask = || {
            let (asked, mut answered) = (Arc::clone(&asked), answered.clone());
            async move {
                asked.fetch_add(1, SeqCst);
                answered
                    .wait_for(|answered| *answered)
                    .await
                    .map(|_| 7)
                    .ok()
            }
        };
        for _ in 0..50 {
            let mut leaving = std::pin::pin!(shared.get(ask()));
            for _ in 0..4 {
                assert!(futures_util::poll!(&mut leaving).is_pending());
                tokio::task::yield_now().await;
            }
        }
        answer.send(true).unwrap();
        let callers = (0..50).map(|_| shared.get(ask()));
        let found = futures_util::future::join_all(callers).await;
        assert!(found.iter().all(|found| *found == Some(7)));
        assert_eq!(asked.load(SeqCst), 1);
    }

    #[test]
    fn an_outbox_that_nobody_drains_is_said() {
        let aged = |seconds| OutboxBacklog {
            messages: 3,
            oldest: Some(clock::now().minus(Duration::from_secs(seconds))),
        };
        assert_eq!(stuck_outbox(&Ok((aged(50), 0))), None);
        assert_eq!(stuck_outbox(&Ok((OutboxBacklog::default(), 0))), None);
        assert!(stuck_outbox(&Ok((aged(70), 0))).is_some());
        let set_aside = stuck_outbox(&Ok((OutboxBacklog::default(), 2)));
        assert!(set_aside.unwrap().starts_with("2 messages"));
    }

    #[tokio::test]
    async fn a_hanging_probe_is_answered_for() {
        let hanging = std::future::pending::<Result<()>>();
        let (answer, _) = timed(Port::Broker, "Kafka", hanging, Duration::from_millis(1)).await;
        assert!(matches!(
            answer,
            Err(Error::Unavailable {
                engine: "Kafka",
                ..
            })
        ));
        let fine = probe(Port::Broker, "embedded", async { Ok(()) }).await;
        assert_eq!((fine.status, fine.error), (HealthStatus::Healthy, None));
    }

    #[tokio::test]
    async fn a_failing_probe_names_the_engine_only() {
        let broken = Error::unavailable(Port::Store, "SQLite", "cannot open secret/path");
        let service = probe(Port::Store, "embedded", async { Err(broken) }).await;
        assert_eq!(service.status, HealthStatus::Unhealthy);
        assert_eq!(service.error.as_deref(), Some("SQLite is unavailable"));
    }
}
