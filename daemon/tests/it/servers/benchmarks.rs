//! Benchmarks: they print and never fail for being slow. `dev/bench` runs them on a release build.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, PutRequest, WriteRequest},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;

use super::ALL;
use crate::harness::{SseReader, TestDaemon, TestNamespace, catalogue, dynamodb, poll, product};

fn wanted() -> bool {
    std::env::var_os("PM_BENCH").is_some()
}

#[expect(clippy::print_stdout, reason = "a benchmark's only result")]
fn print(line: &str) {
    println!("{line}");
}

/// Percentiles in milliseconds.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    format!("p50 {:5.1} ms, p99 {:5.1} ms", at(50), at(99))
}

/// 500 creates, one after the other, each until its frame is there.
async fn deliver(api: &TestDaemon, how: &str) {
    const EVENTS: i64 = 500;
    let seller = api.seller("shop-1");
    let mut frames = SseReader::open(&seller, Some(0)).await;
    let (mut from_sent, mut from_answered) = (Vec::new(), Vec::new());
    for sequence in 1..=EVENTS {
        let sent = Instant::now();
        let body = product("Lamp");
        let (answered, ()) = tokio::join!(
            async {
                seller.post("/api/products", &body).await.expect(201);
                Instant::now()
            },
            async {
                frames.until(sequence).await;
            }
        );
        from_sent.push(sent.elapsed());
        from_answered.push(answered.elapsed());
    }
    print(&format!(
        "POST sent to SSE frame, {how}: {}",
        spread(from_sent)
    ));
    print(&format!(
        "POST answered to frame, {how}: {}",
        spread(from_answered)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn bench_delivery() {
    if !wanted() {
        return;
    }
    deliver(&TestDaemon::embedded(&[]).await, "embedded engines").await;
    let one = TestDaemon::on(TestNamespace::of(&ALL).await, &[]).await;
    deliver(&one, "real engines, one process").await;
    let api = TestDaemon::on(TestNamespace::of(&ALL).await, &[("PMD_ROLES", "api")]).await;
    let _rest = api
        .beside(&[("PMD_ROLES", "relay,notifications,analytics,imports")])
        .await;
    deliver(&api, "real engines, two processes").await;
}

/// From a full outbox to the last acknowledgement.
#[tokio::test(flavor = "multi_thread")]
async fn bench_relay() {
    const ROWS: u32 = 300_000;
    if !wanted() {
        return;
    }
    let api = TestDaemon::on(
        TestNamespace::of(&ALL).await,
        &[("PMD_ROLES", "api,imports")],
    )
    .await;
    api.seller("shop-1").import(catalogue(ROWS, 100)).await;
    let bytes = api.get("/health").await.json();
    let backlog = bytes["services"]["kafka"]["outbox_backlog"]
        .as_u64()
        .unwrap();
    let started = Instant::now();
    let relay = api.beside(&[("PMD_ROLES", "relay")]).await;
    let count = async || {
        let metrics = relay.get("/metrics").await.body;
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix("pmd_relay_published_total "));
        line.map_or(0, |value| value.parse::<u64>().unwrap())
    };
    let first = poll("it relays", async || {
        let count = count().await;
        (count > 0).then_some((Instant::now(), count))
    })
    .await;
    poll("the outbox is empty", async || {
        (count().await >= backlog).then_some(())
    })
    .await;
    let rate = (backlog - first.1) as f64 / first.0.elapsed().as_secs_f64();
    print(&format!(
        "relay, outbox to acknowledged: {rate:.0} events/s ({backlog} events, {:.1} s with the start)",
        started.elapsed().as_secs_f64()
    ));
}

const INBOX_SELLERS: usize = 40;
const INBOX_EVENTS: usize = 20_000;

/// Stores and publishes what the topics hold, against the same items through nothing but
/// `BatchWriteItem` of 25: first the one, then the other, then the first again.
#[tokio::test(flavor = "multi_thread")]
async fn bench_inbox() {
    if !wanted() {
        return;
    }
    let namespace = TestNamespace::of(&ALL).await;
    let table = namespace.get("NOTIFICATIONS_TABLE").unwrap().to_owned();
    let api = TestDaemon::on(namespace, &[("PMD_ROLES", "api,relay")]).await;
    fill_topic(&api).await;
    let client = dynamodb();
    // The table is there as soon as something has been read from it.
    api.seller("shop-0").events().await;
    let alone_before = write_alone(&client, &table, "before").await;
    let consumer = api.beside(&[("PMD_ROLES", "notifications")]).await;
    wait_stored(&client, &table, 0, 1).await;
    let started = Instant::now();
    for seller in 0..INBOX_SELLERS {
        wait_stored(&client, &table, seller, INBOX_EVENTS / INBOX_SELLERS).await;
    }
    let ours = INBOX_EVENTS as f64 / started.elapsed().as_secs_f64();
    drop(consumer);
    let alone_after = write_alone(&client, &table, "after").await;
    let alone = f64::midpoint(alone_before, alone_after);
    print(&format!(
        "inbox, topics to stored and published: {ours:.0} events/s; BatchWriteItem of 25 alone: \
         {alone:.0} events/s; {:.0} %",
        100.0 * ours / alone
    ));
}

/// An event of a product, again and again with other sellers and sequences.
async fn fill_topic(api: &TestDaemon) {
    api.seller("model").create("Lamp").await;
    let log = api.kafka();
    api.wait_relayed().await;
    let mut event = log.read("product.created")[0].json();
    let messages = (0..INBOX_EVENTS).map(|number| {
        let seller = format!("shop-{}", number % INBOX_SELLERS);
        let sequence = 1 + number / INBOX_SELLERS;
        event["eventId"] = json!(format!("{seller}-{sequence}-ProductCreated-1"));
        event["sequence"] = json!(sequence);
        event["data"]["sellerId"] = json!(seller);
        (seller, event.to_string().into_bytes())
    });
    log.send_all("product.created", messages);
}

async fn wait_stored(client: &Client, table: &str, seller: usize, sequence: usize) {
    // Each look costs what it measures.
    const LOOK_INTERVAL: Duration = Duration::from_millis(200);
    poll("it is stored", async || {
        let seller = AttributeValue::S(format!("shop-{seller}"));
        let sequence = AttributeValue::N(sequence.to_string());
        let get = client.get_item().table_name(table).consistent_read(true);
        let get = get.key("sellerId", seller).key("sequence", sequence);
        let found = get.send().await.unwrap().item;
        if found.is_none() {
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
        found
    })
    .await;
}

/// Events per second.
async fn write_alone(client: &Client, table: &str, name: &str) -> f64 {
    const MAX_IN_FLIGHT: usize = 32;
    let requests: Vec<_> = (0..INBOX_EVENTS)
        .map(|number| {
            let text = |text: String| AttributeValue::S(text);
            let digits = |number: usize| AttributeValue::N(number.to_string());
            let data: Vec<_> = [("productId", digits(7)), ("name", text("Lamp".to_owned()))]
                .into_iter()
                .chain([("category", text("Light".to_owned())), ("price", digits(5))])
                .chain([("quantity", digits(50))])
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            let put = PutRequest::builder()
                .item(
                    "sellerId",
                    text(format!("{name}-{}", number % INBOX_SELLERS)),
                )
                .item("sequence", digits(number))
                .item("id", text(format!("{name}-{number}-ProductCreated-1")))
                .item("type", text("ProductCreated".to_owned()))
                .item("message", text("Product \"Lamp\" was created".to_owned()))
                .item("data", AttributeValue::M(data.into_iter().collect()))
                .item("timestamp", digits(1_764_000_000_000))
                .item("read", AttributeValue::Bool(false))
                .item("ttl", digits(1_800_000_000));
            WriteRequest::builder()
                .put_request(put.build().unwrap())
                .build()
        })
        .collect();
    let started = Instant::now();
    let batches = requests.chunks(25).map(|batch| {
        let write = client
            .batch_write_item()
            .request_items(table, batch.to_vec());
        async move { write.send().await.map(|_| ()) }
    });
    let written = stream::iter(batches).buffer_unordered(MAX_IN_FLIGHT);
    written.try_collect::<()>().await.unwrap();
    INBOX_EVENTS as f64 / started.elapsed().as_secs_f64()
}
