//! WriterPool that remember what they were answered, and the check of what became of it: a pure
//! function over the history and the topics.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};

use crate::harness::{SellerClient, TopicMessage, product};

/// Sellers that the writers write as. Rows of one seller are committed in the order of their ids; only
/// those of several can overtake each other.
const SELLERS: usize = 4;

/// What a product is known to have become. A request without an answer may have happened.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownProducts {
    /// The newest version that was answered.
    version: i64,
    /// Requests on it whose outcome is unknown.
    unknown: i64,
}

/// Writers that work until they are stopped.
pub(crate) struct WriterPool {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    /// Answers with a status that no healthy daemon gives.
    pub(crate) failures: Arc<Mutex<Vec<u16>>>,
    tasks: Vec<tokio::task::JoinHandle<BTreeMap<i64, KnownProducts>>>,
}

impl WriterPool {
    /// `count` writers, each with products of its own and as one of `shop-1` to `shop-4`; each goes
    /// from place to place in turn. A place is a client on one of the daemons, which may be
    /// replaced.
    pub(crate) fn start(count: usize, places: &Arc<Mutex<Vec<SellerClient>>>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let done = Arc::new(AtomicUsize::new(0));
        let failures = Arc::new(Mutex::new(Vec::new()));
        let tasks = (0..count)
            .map(|number| {
                let writer = Writer {
                    number,
                    places: Arc::clone(places),
                    done: Arc::clone(&done),
                    failures: Arc::clone(&failures),
                    known: BTreeMap::new(),
                };
                tokio::spawn(writer.run(Arc::clone(&stop)))
            })
            .collect();
        Self {
            stop,
            done,
            failures,
            tasks,
        }
    }

    /// Changes that were answered so far.
    pub(crate) fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Stops them and gathers what they know.
    pub(crate) async fn stop(self) -> BTreeMap<i64, KnownProducts> {
        self.stop.store(true, Ordering::Relaxed);
        let mut known = BTreeMap::new();
        for task in self.tasks {
            known.extend(task.await.unwrap());
        }
        known
    }
}

struct Writer {
    number: usize,
    places: Arc<Mutex<Vec<SellerClient>>>,
    done: Arc<AtomicUsize>,
    failures: Arc<Mutex<Vec<u16>>>,
    known: BTreeMap<i64, KnownProducts>,
}

impl Writer {
    async fn run(mut self, stop: Arc<AtomicBool>) -> BTreeMap<i64, KnownProducts> {
        let mut step = 0;
        while !stop.load(Ordering::Relaxed) {
            step += 1;
            let seller = {
                let places = self.places.lock().unwrap();
                let shop = format!("shop-{}", 1 + self.number % SELLERS);
                places[(self.number + step) % places.len()].named(&shop)
            };
            if step % 5 == 1 {
                self.create(&seller, step).await;
            } else {
                self.update(&seller, step).await;
            }
        }
        self.known
    }

    async fn create(&mut self, seller: &SellerClient, step: usize) {
        let body = product(&format!("Thing {}-{step}", self.number));
        let request = seller.request(reqwest::Method::POST, "/api/products");
        if let Some(made) = self.change(request.json(&body)).await {
            let known = self.known.entry(made["id"].as_i64().unwrap()).or_default();
            known.version = made["version"].as_i64().unwrap();
        }
    }

    async fn update(&mut self, seller: &SellerClient, step: usize) {
        let Some(id) = self
            .known
            .keys()
            .nth(step % self.known.len().max(1))
            .copied()
        else {
            return;
        };
        let request = seller.request(reqwest::Method::PUT, &format!("/api/products/{id}"));
        // Crosses the threshold now and then, and never repeats a value.
        let body = json!({"quantity": step % 20, "description": format!("step {step}")});
        let made = self.change(request.json(&body)).await;
        let known = self.known.entry(id).or_default();
        match made {
            Some(made) => known.version = made["version"].as_i64().unwrap(),
            None => known.unknown += 1,
        }
    }

    /// `None`: the outcome is unknown.
    async fn change(&self, request: reqwest::RequestBuilder) -> Option<Value> {
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let made = response.json::<Value>().await.ok()?;
        if status >= 300 {
            self.failures.lock().unwrap().push(status);
            return None;
        }
        self.done.fetch_add(1, Ordering::Relaxed);
        Some(made)
    }
}

/// Asserts that every change is in the topics: each product's versions are 1 to n without a hole,
/// n is at least what was answered and at most what may have happened, each topic has them in
/// order (the first time), and the seller's sequences have no hole. Answers how many messages came
/// twice.
pub(crate) fn check(known: &BTreeMap<i64, KnownProducts>, messages: &[TopicMessage]) -> usize {
    let mut ids = BTreeSet::new();
    let mut versions: HashMap<i64, BTreeSet<i64>> = HashMap::new();
    let mut sequences: HashMap<String, BTreeSet<i64>> = HashMap::new();
    let mut newest: HashMap<(String, i64), i64> = HashMap::new();
    let mut repeated = 0;
    for message in messages {
        let event = message.json();
        assert_eq!(message.key, event["data"]["sellerId"]);
        if !ids.insert(event["eventId"].as_str().unwrap().to_owned()) {
            repeated += 1;
            continue;
        }
        let sequence = event["sequence"].as_i64().unwrap();
        sequences
            .entry(message.key.clone())
            .or_default()
            .insert(sequence);
        let Some(product) = event["data"]["productId"].as_i64() else {
            continue;
        };
        let version = event["version"].as_i64().unwrap();
        versions.entry(product).or_default().insert(version);
        let place = (message.topic.clone(), product);
        let before = newest.insert(place, version).unwrap_or(0);
        assert!(
            before < version,
            "{} has version {version} of {product} after {before}",
            message.topic
        );
    }
    for (product, known) in known {
        let found = versions.get(product).cloned().unwrap_or_default();
        let n = found.last().copied().unwrap_or(0);
        assert!(found.iter().copied().eq(1..=n), "{product}: {found:?}");
        assert!(
            (known.version..=known.version + known.unknown).contains(&n),
            "{product} has {n} versions, {known:?}"
        );
    }
    for (seller, found) in sequences {
        let n = found.last().copied().unwrap_or(0);
        let missing: Vec<_> = (1..=n)
            .filter(|sequence| !found.contains(sequence))
            .collect();
        assert!(missing.is_empty(), "{seller} misses {missing:?} of {n}");
    }
    repeated
}
