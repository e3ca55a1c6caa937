//! What the adapters of AWS' services share: one way to reach a service, AWS' own or another that
//! speaks its protocol, and what its failures mean.
//!
//! Every call ends in time: a connection, an attempt and the whole call have their deadlines, and
//! retries are few. Nothing is connected before the first call.

pub(crate) mod table;

use std::{error::Error as StdError, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::{
    config::{Credentials, http::HttpResponse},
    error::{ProvideErrorMetadata, SdkError},
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::{
    config::Aws,
    domain::{
        error::{Error, Result},
        port::Port,
    },
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(2500);
/// The whole call with its retries.
pub(crate) const OPERATION_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_ATTEMPTS: u32 = 3;
const FIRST_RETRY_PAUSE: Duration = Duration::from_millis(50);
const MAX_RETRY_PAUSE: Duration = Duration::from_millis(500);

/// How a service's client reaches its service. A client that moves large bodies sets longer
/// deadlines of its own.
pub(crate) async fn sdk_config(aws: &Aws) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let deadlines = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(MAX_ATTEMPTS)
        .with_initial_backoff(FIRST_RETRY_PAUSE)
        .with_max_backoff(MAX_RETRY_PAUSE);
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .region(Region::new(aws.region.clone()))
        .timeout_config(deadlines)
        .retry_config(retries);
    if let Some(endpoint) = &aws.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    if let Some((id, secret)) = &aws.keys {
        let keys = Credentials::new(id, secret.expose(), None, None, "environment");
        loader = loader.credentials_provider(keys);
    }
    loader.load().await
}

/// The error kind of a failed call. What the service refuses for what it says (`ValidationException`)
/// would be refused again, everything else may pass.
pub(crate) fn failed<E>(
    port: Port,
    engine: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let reason = match error {
        SdkError::TimeoutError(_) => "it did not answer in time".to_owned(),
        SdkError::ServiceError(refused) => {
            let code = refused.err().code().unwrap_or("no code");
            let message = refused.err().message().unwrap_or("no message");
            let status = refused.raw().status().as_u16();
            if code == "ValidationException" {
                return Error::Corrupt(format!("{engine} refuses a request: {message}"));
            }
            format!("{code} (status {status}): {message}")
        }
        other => causes(other),
    };
    Error::unavailable(port, engine, reason)
}

/// Holds a piece of work that takes several calls to one deadline.
pub(crate) async fn within<T>(
    port: Port,
    engine: &'static str,
    deadline: Duration,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::time::timeout(deadline, work)
        .await
        .unwrap_or_else(|_| {
            let reason = format!("it took longer than {} s", deadline.as_secs());
            Err(Error::unavailable(port, engine, reason))
        })
}

/// The error and what it was caused by. Their `Debug` would show whole requests.
fn causes(error: &(dyn StdError + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    let texts: Vec<_> = chain.map(ToString::to_string).collect();
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    /// Red when: the cause is shown with `Debug`, or a failed connection is taken for bad data.
    #[tokio::test]
    async fn an_engine_that_is_away_is_unavailable_and_nothing_secret_is_said() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let aws = Aws {
            endpoint: Some(format!("http://{address}")),
            region: "us-east-1".to_owned(),
            keys: Some(("AKIA".to_owned(), Secret::new("sesame"))),
        };
        let config = sdk_config(&aws).await;
        let client = aws_sdk_dynamodb::Client::new(&config);
        let error = client.list_tables().send().await.unwrap_err();
        let error = failed(Port::Inbox, "DynamoDB", &error);
        let text = format!("{error} {error:?} {config:?}");
        assert!(matches!(error, Error::Unavailable { .. }), "{text}");
        assert!(text.contains("onnection refused"), "{text}");
        assert!(!text.contains("sesame"), "{text}");
    }
}
