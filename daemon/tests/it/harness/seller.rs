//! Someone who talks to a daemon, and what it answers.

use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;

use super::{poll, product, span};

/// A whole response.
#[derive(Debug, Clone)]
pub(crate) struct HttpReply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// Sends a request and reads its whole answer.
pub(crate) async fn answer(request: RequestBuilder) -> HttpReply {
    let response = request.send().await.unwrap();
    HttpReply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.text().await.unwrap(),
    }
}

impl HttpReply {
    /// The body, after making sure of the status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.json()
    }

    /// Makes sure that it is this error, in the one shape all errors have; answers its details.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(body["error_code"], code, "{body}");
        let sentence = body["message"].as_str().unwrap();
        assert!(sentence.len() > 5, "{body}");
        assert!(
            body["error"]
                .as_str()
                .is_some_and(|phrase| !phrase.is_empty()),
            "{body}"
        );
        assert!(self.header("x-request-id").is_some());
        body["details"].clone()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A seller's client.
#[derive(Clone)]
pub(crate) struct SellerClient {
    http: Client,
    url: String,
    pub(crate) id: String,
}

impl SellerClient {
    pub(crate) fn new(http: Client, url: &str, id: &str) -> Self {
        Self {
            http,
            url: url.to_owned(),
            id: id.to_owned(),
        }
    }

    /// Someone else at the same daemon.
    pub(crate) fn named(&self, id: &str) -> Self {
        Self::new(self.http.clone(), &self.url, id)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        request.header("X-Seller-Id", &self.id)
    }

    pub(crate) async fn get(&self, path: &str) -> HttpReply {
        answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> HttpReply {
        answer(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> HttpReply {
        answer(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> HttpReply {
        answer(self.request(Method::PUT, path).json(body)).await
    }

    /// A POST with a body as it is.
    pub(crate) async fn post_text(
        &self,
        path: &str,
        content_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> HttpReply {
        let request = self.request(Method::POST, path);
        answer(request.header("Content-Type", content_type).body(body)).await
    }

    /// A product that only has what it must have.
    pub(crate) async fn create(&self, name: &str) -> Value {
        let reply = self.post("/api/products", &product(name)).await;
        reply.expect(201)
    }

    /// Uploads CSV as a raw body; answers the import's id.
    pub(crate) async fn upload(&self, csv: impl Into<reqwest::Body>) -> String {
        let reply = self
            .post_text("/api/products/import?file_name=shop.csv", "text/csv", csv)
            .await;
        let accepted = reply.expect(202);
        assert_eq!(accepted["status"], "processing");
        accepted["import_id"].as_str().unwrap().to_owned()
    }

    /// Waits until an import has ended; its counts must add up.
    pub(crate) async fn import_ended(&self, id: &str) -> Value {
        let job = poll("the import ends", async || {
            let job = self.get(&format!("/api/imports/{id}")).await.expect(200);
            let status = job["status"].as_str().unwrap();
            ["completed", "failed", "cancelled"]
                .contains(&status)
                .then_some(job)
        })
        .await;
        let count = |name: &str| job[name].as_u64().unwrap();
        let outcomes = ["created", "updated", "unchanged", "skipped", "rejected"];
        let skips = job["skips"].as_object().unwrap().values();
        let skipped: u64 = skips.map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(skipped, count("skipped"), "{job}");
        assert_eq!(
            count("rows"),
            outcomes.into_iter().map(count).sum::<u64>(),
            "{job}"
        );
        job
    }

    /// Uploads and waits.
    pub(crate) async fn import(&self, csv: impl Into<reqwest::Body>) -> Value {
        let id = self.upload(csv).await;
        self.import_ended(&id).await
    }

    /// Every notification kept, oldest first; each must follow the one before without a gap.
    pub(crate) async fn events(&self) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        let mut after = 0;
        loop {
            let page = self
                .get(&format!("/api/events?after={after}&limit=1000"))
                .await
                .expect(200);
            let data = page["data"].as_array().unwrap();
            if data.is_empty() {
                return events;
            }
            for event in data {
                let (first, last) = span(event);
                assert_eq!(first, after + 1, "a hole or a duplicate before {event}");
                after = last;
            }
            assert_eq!(page["pagination"]["next_after"].as_i64(), Some(after));
            events.extend(data.iter().cloned());
        }
    }

    /// Every product, by walking the cursors.
    pub(crate) async fn products(&self) -> Vec<Value> {
        let mut products = Vec::new();
        let mut path = "/api/products?limit=100&count=none".to_owned();
        loop {
            let page = self.get(&path).await.expect(200);
            products.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["pagination"]["next_cursor"].as_str() {
                Some(cursor) => {
                    path = format!("/api/products?limit=100&count=none&cursor={cursor}");
                }
                None => return products,
            }
        }
    }
}

/// Imports a raw body with options in the query, and waits.
pub(crate) async fn import_as(seller: &SellerClient, query: &str, csv: &str) -> Value {
    let reply = seller
        .post_text(
            &format!("/api/products/import{query}"),
            "text/csv",
            csv.to_owned(),
        )
        .await;
    let id = reply.expect(202)["import_id"].as_str().unwrap().to_owned();
    seller.import_ended(&id).await
}

/// Created, updated, unchanged, skipped, rejected.
pub(crate) fn counts(job: &Value) -> [u64; 5] {
    ["created", "updated", "unchanged", "skipped", "rejected"]
        .map(|name| job[name].as_u64().unwrap())
}
