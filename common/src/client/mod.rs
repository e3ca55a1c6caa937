//! The typed HTTP client: one method per endpoint, errors that say what the server said, and a
//! reader of the event stream that resumes.
//!
//! A client sends the seller and the key it was made with and gives every request an id of its own.
//! It repeats one thing by itself, once: a POST whose outcome the server does not know, because its
//! idempotency key makes it act once. Of everything else only the caller knows what is safe to repeat.

mod calls;
mod error;
mod tail;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

pub use self::{
    calls::{QueryPairs, UploadRequest},
    error::{ClientError, RefusedRequest, Result},
    tail::{EventTail, StreamStart, TailItem},
};
pub use reqwest::{Body, Method, Response, StatusCode, header};

use crate::domain::seller::SellerId;

/// How long an ordinary answer may take. Uploads, downloads and streams have no such limit.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// A fresh key for one request that must act at most once, however often it is sent.
pub fn idempotency_key() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Whom to speak to, and as whom.
#[derive(Clone, Default)]
pub struct ClientIdentity {
    /// `http://host:port`, with a path when a proxy puts one in front.
    pub server: String,
    /// Sent as `X-Seller-Id`.
    pub seller: Option<SellerId>,
    /// Sent as a bearer token; never shown.
    pub token: Option<String>,
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("server", &self.server)
            .field("seller", &self.seller)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .finish()
    }
}

/// A request and what became of it, for those who watch.
#[derive(Debug)]
pub struct HttpExchange<'a> {
    pub method: &'a Method,
    pub url: &'a str,
    pub request_id: &'a str,
    /// `None` when no answer came.
    pub status: Option<u16>,
    /// Until the head of the answer.
    pub took: Duration,
}

type ExchangeWatcher = Arc<dyn Fn(&HttpExchange<'_>) + Send + Sync>;

/// A client of one server. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    identity: ClientIdentity,
    watcher: Option<ExchangeWatcher>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client that has not spoken to anyone yet.
    ///
    /// # Errors
    /// `BadServer` when the address is no http or https URL, `BadToken` when the key cannot be
    /// sent in a header.
    pub fn new(mut identity: ClientIdentity) -> Result<Self> {
        let parsed = reqwest::Url::parse(&identity.server);
        let fits = |url: &reqwest::Url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none()
        };
        if !parsed.as_ref().is_ok_and(fits) {
            return Err(ClientError::BadServer(identity.server));
        }
        let length = identity.server.trim_end_matches('/').len();
        identity.server.truncate(length);
        if let Some(token) = &identity.token {
            header::HeaderValue::from_str(token).map_err(|_| ClientError::BadToken)?;
        }
        // The second and later calls find a provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(concat!("pm/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| ClientError::broken(&identity.server, &error))?;
        Ok(Self {
            http,
            identity,
            watcher: None,
        })
    }

    /// Calls `watcher` for every request from now on.
    #[must_use]
    pub fn watched(mut self, watcher: impl Fn(&HttpExchange<'_>) + Send + Sync + 'static) -> Self {
        self.watcher = Some(Arc::new(watcher));
        self
    }

    /// The server's address, without a slash at the end.
    pub fn server(&self) -> &str {
        &self.identity.server
    }

    /// A request to `path`, which starts with `/`, with seller, key and id.
    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.identity.server);
        let mut request = self.http.request(method, url);
        if let Some(seller) = &self.identity.seller {
            request = request.header("x-seller-id", seller.as_str());
        }
        if let Some(token) = &self.identity.token {
            request = request.bearer_auth(token);
        }
        request.header("x-request-id", uuid::Uuid::now_v7().simple().to_string())
    }

    /// Sends a request and gives the answer whatever its status.
    async fn exchange(&self, request: reqwest::RequestBuilder) -> Result<Response> {
        let broken = |error: &reqwest::Error| ClientError::broken(&self.identity.server, error);
        let request = request.build().map_err(|error| broken(&error))?;
        let (method, url) = (request.method().clone(), request.url().to_string());
        let sent_id = header_text(request.headers(), "x-request-id").unwrap_or_default();
        let start = Instant::now();
        let outcome = self.http.execute(request).await;
        if let Some(watcher) = &self.watcher {
            let answered = outcome.as_ref().ok();
            let echoed = answered.and_then(|a| header_text(a.headers(), "x-request-id"));
            watcher(&HttpExchange {
                method: &method,
                url: &url,
                request_id: &echoed.unwrap_or(sent_id),
                status: answered.map(|answer| answer.status().as_u16()),
                took: start.elapsed(),
            });
        }
        outcome.map_err(|error| broken(&error))
    }

    /// Sends a request; an answer that is no success is an error.
    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response> {
        let answer = self.exchange(request).await?;
        if answer.status().is_success() {
            Ok(answer)
        } else {
            Err(self.refusal(answer).await)
        }
    }

    /// Sends a request with a small answer and reads it.
    async fn call<T: serde::de::DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T> {
        let answer = self.send(request.timeout(ANSWER_WITHIN)).await?;
        self.read(answer).await
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, answer: Response) -> Result<T> {
        let bytes = answer
            .bytes()
            .await
            .map_err(|error| ClientError::broken(&self.identity.server, &error))?;
        serde_json::from_slice(&bytes).map_err(|error| ClientError::Strange {
            server: self.identity.server.clone(),
            reason: error.to_string(),
        })
    }

    /// What an answer that is no success says.
    pub async fn refusal(&self, answer: Response) -> ClientError {
        let (status, headers) = (answer.status(), answer.headers().clone());
        match answer.bytes().await {
            Ok(bytes) => RefusedRequest::of(&self.identity.server, status, &headers, &bytes),
            Err(error) => ClientError::broken(&self.identity.server, &error),
        }
    }
}

fn header_text(headers: &header::HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(server: &str, token: Option<&str>) -> Result<Client> {
        Client::new(ClientIdentity {
            server: server.to_owned(),
            seller: None,
            token: token.map(str::to_owned),
        })
    }

    #[test]
    fn takes_http_addresses_only() {
        let client = made("http://localhost:3001/pm/", None).unwrap();
        assert_eq!(client.server(), "http://localhost:3001/pm");
        for bad in ["", "localhost:3001", "ftp://a", "http://", "http://a/?b=c"] {
            assert!(
                matches!(made(bad, None), Err(ClientError::BadServer(_))),
                "{bad}"
            );
        }
    }

    #[test]
    fn never_shows_the_token() {
        let client = made("http://a", Some("s3cret")).unwrap();
        assert!(!format!("{client:?}").contains("s3cret"));
        assert!(matches!(
            made("http://a", Some("a\nb")),
            Err(ClientError::BadToken)
        ));
    }
}
