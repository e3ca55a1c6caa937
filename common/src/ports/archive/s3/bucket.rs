//! The bucket: created when it is missing, and what is done with whole objects. Every call has its
//! deadline; one that carries a body has the longer one that its length asks for.

use std::{sync::Arc, time::Duration};

use aws_sdk_s3::{
    Client,
    config::{
        Builder, RequestChecksumCalculation, ResponseChecksumValidation,
        StalledStreamProtectionConfig, http::HttpResponse, timeout::TimeoutConfig,
    },
    error::{ProvideErrorMetadata, SdkError},
    primitives::ByteStream,
    types::{BucketLocationConstraint, CreateBucketConfiguration},
};
use bytes::Bytes;
use tokio::sync::OnceCell;

use super::ENGINE;
use crate::{
    config::Aws,
    domain::{
        clock,
        error::{Error, Result},
    },
    engines::aws_clients::{self, OPERATION},
};

/// How long one attempt to move bytes may take: this long and a second per `SLOWEST` bytes.
const ATTEMPT: Duration = Duration::from_secs(5);
const SLOWEST: usize = 1 << 20;
/// An upload that began longer ago has lost its process.
const LEFT_OVER: Duration = Duration::from_secs(24 * 3600);
/// A connection on which a body stands still for this long is given up.
const SILENCE: Duration = Duration::from_secs(10);
/// The region that must not be named when a bucket is created.
const UNNAMED_REGION: &str = "us-east-1";

#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) client: Client,
    pub(super) name: String,
    region: String,
    ready: OnceCell<()>,
}

/// An object on its way here, from some byte on.
pub(super) struct Object {
    pub(super) body: ByteStream,
    /// Bytes that are left.
    pub(super) length: u64,
    /// Names this very content.
    pub(super) tag: Option<String>,
}

impl Bucket {
    pub(super) async fn new(aws: &Aws, name: &str) -> Self {
        let silence = StalledStreamProtectionConfig::enabled().grace_period(SILENCE);
        let config = Builder::from(&aws_clients::sdk_config(aws).await)
            .stalled_stream_protection(silence.build())
            // Another server than AWS' own has no host name per bucket.
            .force_path_style(aws.endpoint.is_some())
            // Not every server knows the newer checksums; what is sent is hashed and signed anyway.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        Self {
            client: Client::from_conf(config),
            name: name.to_owned(),
            region: aws.region.clone(),
            ready: OnceCell::new(),
        }
    }

    /// Creates the bucket if it is missing and sweeps it, at the first time that this succeeds.
    pub(super) async fn ready(self: &Arc<Self>) -> Result<()> {
        // All who wait for one attempt wait together, not one after another.
        let ready = self.ready.get_or_try_init(|| self.prepare());
        aws_clients::within(ENGINE, OPERATION, async { ready.await.copied() }).await
    }

    async fn prepare(self: &Arc<Self>) -> Result<()> {
        let head = self.client.head_bucket().bucket(&self.name).send().await;
        match head {
            Err(SdkError::ServiceError(refused)) if refused.err().is_not_found() => {
                self.create().await?;
            }
            head => drop(head.map_err(|error| failed(&error))?),
        }
        let bucket = Arc::clone(self);
        tokio::spawn(async move {
            let before = clock::now().minus(LEFT_OVER);
            if let Err(error) = bucket.abort_begun_before(before).await {
                tracing::warn!(%error, "unfinished uploads of the past stay until the next start");
            }
        });
        Ok(())
    }

    async fn create(&self) -> Result<()> {
        let place = CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(self.region.as_str()))
            .build();
        let place = Some(place).filter(|_| self.region != UNNAMED_REGION);
        let request = self.client.create_bucket().bucket(&self.name);
        let created = request.set_create_bucket_configuration(place).send().await;
        match created {
            // Another process was quicker.
            Err(SdkError::ServiceError(refused))
                if refused.err().is_bucket_already_owned_by_you() =>
            {
                Ok(())
            }
            created => created.map(drop).map_err(|error| failed(&error)),
        }
    }

    pub(super) async fn ping(&self) -> Result<()> {
        let head = self.client.head_bucket().bucket(&self.name).send().await;
        head.map(drop).map_err(|error| failed(&error))
    }

    /// Stores an object, over an older one if need be.
    pub(super) async fn put(&self, key: &str, content: Bytes) -> Result<()> {
        let patience = patience(content.len());
        let request = self.client.put_object().bucket(&self.name).key(key);
        let call = request.body(content.into()).customize();
        let put = call.config_override(patience).send().await;
        put.map(drop).map_err(|error| failed(&error))
    }

    /// An object from byte `offset` on. `None` when it is missing or shorter, or has another tag.
    pub(super) async fn get(
        &self,
        key: &str,
        offset: u64,
        tag: Option<&str>,
    ) -> Result<Option<Object>> {
        let request = self.client.get_object().bucket(&self.name).key(key);
        // There is no first byte to begin with in an empty object.
        let range = (offset > 0).then(|| format!("bytes={offset}-"));
        let request = request
            .set_range(range)
            .set_if_match(tag.map(str::to_owned));
        let object = match request.send().await {
            Ok(object) => object,
            Err(error) => {
                return match code(&error) {
                    Some("NoSuchKey" | "PreconditionFailed") => Ok(None),
                    // The byte behind the last one is none that could be sent.
                    Some("InvalidRange") if self.length(key).await? == Some(offset) => {
                        Ok(Some(Object::nothing()))
                    }
                    Some("InvalidRange") => Ok(None),
                    _ => Err(failed(&error)),
                };
            }
        };
        let length = object.content_length().and_then(|n| u64::try_from(n).ok());
        let length = length.ok_or_else(|| super::unavailable("it told no length".to_owned()))?;
        Ok(Some(Object {
            body: object.body,
            length,
            tag: object.e_tag,
        }))
    }

    /// How long an object is; `None` when there is none.
    pub(super) async fn length(&self, key: &str) -> Result<Option<u64>> {
        let request = self.client.head_object().bucket(&self.name).key(key);
        match request.send().await {
            Err(SdkError::ServiceError(refused)) if refused.err().is_not_found() => Ok(None),
            head => {
                let length = head.map_err(|error| failed(&error))?.content_length();
                Ok(length.and_then(|length| u64::try_from(length).ok()))
            }
        }
    }

    /// Removes an object; an absent one is fine.
    pub(super) async fn delete(&self, key: &str) -> Result<()> {
        let request = self.client.delete_object().bucket(&self.name).key(key);
        request
            .send()
            .await
            .map(drop)
            .map_err(|error| failed(&error))
    }
}

impl Object {
    fn nothing() -> Self {
        Self {
            body: ByteStream::from_static(b""),
            length: 0,
            tag: None,
        }
    }
}

pub(super) fn patience(bytes: usize) -> Builder {
    let seconds = u32::try_from(bytes / SLOWEST).unwrap_or(u32::MAX);
    deadlines(ATTEMPT + seconds * Duration::from_secs(1))
}

/// Time for an attempt, and for another one.
pub(super) fn deadlines(attempt: Duration) -> Builder {
    let deadlines = TimeoutConfig::builder()
        .operation_attempt_timeout(attempt)
        .operation_timeout(2 * attempt);
    Builder::new().timeout_config(deadlines.build())
}

pub(super) fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
}

pub(super) fn failed<E>(error: &SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    aws_clients::failed(ENGINE, error)
}
