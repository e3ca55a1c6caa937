//! The bucket: its creation, and operations on whole objects. Every call has a deadline, which is
//! longer for a call with a large body.

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
        clock::{self, Timestamp},
        error::{Error, Result},
        port::Port,
    },
    engines::aws_clients::{self, OPERATION_TIMEOUT},
};

/// Limits one attempt to transfer a body, together with `MIN_BYTES_PER_SECOND`.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
const MIN_BYTES_PER_SECOND: usize = 1 << 20;
/// The process of an older unfinished upload has ended.
const ORPHANED_UPLOAD_AGE: Duration = Duration::from_secs(24 * 3600);
/// A connection that transfers no byte of a body for this long is closed.
const BODY_IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// S3 refuses this region as a location constraint.
const DEFAULT_REGION: &str = "us-east-1";

#[derive(Debug)]
pub(super) struct S3Bucket {
    pub(super) client: Client,
    pub(super) name: String,
    region: String,
    ready: OnceCell<()>,
}

/// The response to a download, from some byte on.
pub(super) struct S3Object {
    pub(super) body: ByteStream,
    /// Bytes in the body.
    pub(super) length: u64,
    /// Identifies this version of the content.
    pub(super) tag: Option<String>,
}

impl S3Bucket {
    pub(super) async fn new(aws: &Aws, name: &str) -> Self {
        let stall_protection =
            StalledStreamProtectionConfig::enabled().grace_period(BODY_IDLE_TIMEOUT);
        let config = Builder::from(&aws_clients::sdk_config(aws).await)
            .stalled_stream_protection(stall_protection.build())
            // Servers other than AWS have no host name per bucket.
            .force_path_style(aws.endpoint.is_some())
            // Not every server supports the newer checksums; requests are hashed and signed anyway.
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

    /// Creates a missing bucket and sweeps orphaned uploads, until this succeeds once.
    pub(super) async fn ensure_ready(self: &Arc<Self>) -> Result<()> {
        // Concurrent callers share one attempt and its deadline.
        let ready = self.ready.get_or_try_init(|| self.prepare());
        aws_clients::within(Port::Archive, ENGINE, OPERATION_TIMEOUT, async {
            ready.await.copied()
        })
        .await
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
            let before = clock::now().minus(ORPHANED_UPLOAD_AGE);
            if let Err(error) = bucket.abort_multiparts_before(before).await {
                tracing::warn!(%error, "orphaned uploads remain until the next start");
            }
        });
        Ok(())
    }

    async fn create(&self) -> Result<()> {
        let configuration = CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(self.region.as_str()))
            .build();
        let configuration = Some(configuration).filter(|_| self.region != DEFAULT_REGION);
        let request = self.client.create_bucket().bucket(&self.name);
        let created = request
            .set_create_bucket_configuration(configuration)
            .send()
            .await;
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

    /// Stores an object and replaces an older one.
    pub(super) async fn put(&self, key: &str, content: Bytes) -> Result<()> {
        let body_timeouts = body_timeouts(content.len());
        let request = self.client.put_object().bucket(&self.name).key(key);
        let call = request.body(content.into()).customize();
        let put = call.config_override(body_timeouts).send().await;
        put.map(drop).map_err(|error| failed(&error))
    }

    /// An object from byte `offset`. `None` when it is missing, shorter, or has another tag.
    pub(super) async fn get(
        &self,
        key: &str,
        offset: u64,
        tag: Option<&str>,
    ) -> Result<Option<S3Object>> {
        let request = self.client.get_object().bucket(&self.name).key(key);
        // An empty object has no first byte, so a range would fail.
        let range = (offset > 0).then(|| format!("bytes={offset}-"));
        let request = request
            .set_range(range)
            .set_if_match(tag.map(str::to_owned));
        let object = match request.send().await {
            Ok(object) => object,
            Err(error) => {
                return match error_code(&error) {
                    Some("NoSuchKey" | "PreconditionFailed") => Ok(None),
                    // S3 refuses a range that begins at the end of the object.
                    Some("InvalidRange") if self.length(key).await? == Some(offset) => {
                        Ok(Some(S3Object::empty()))
                    }
                    Some("InvalidRange") => Ok(None),
                    _ => Err(failed(&error)),
                };
            }
        };
        let length = object.content_length().and_then(|n| u64::try_from(n).ok());
        let length = length.ok_or_else(|| super::unavailable("it returned no content length"))?;
        Ok(Some(S3Object {
            body: object.body,
            length,
            tag: object.e_tag,
        }))
    }

    /// The length of an object; `None` when it is missing.
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

    /// The keys of objects that were stored before this moment.
    pub(super) async fn list_before(&self, prefix: &str, moment: Timestamp) -> Result<Vec<String>> {
        let request = self.client.list_objects_v2().bucket(&self.name);
        let mut pages = request.prefix(prefix).into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            for object in page.map_err(|error| failed(&error))?.contents() {
                let stored = object.last_modified().and_then(|at| at.to_millis().ok());
                let is_old = stored.is_some_and(|at| Timestamp::from_millis(at) < moment);
                keys.extend(object.key().filter(|_| is_old).map(str::to_owned));
            }
        }
        Ok(keys)
    }

    /// Deletes an object; succeeds when there is none.
    pub(super) async fn delete(&self, key: &str) -> Result<()> {
        let request = self.client.delete_object().bucket(&self.name).key(key);
        request
            .send()
            .await
            .map(drop)
            .map_err(|error| failed(&error))
    }
}

impl S3Object {
    fn empty() -> Self {
        Self {
            body: ByteStream::from_static(b""),
            length: 0,
            tag: None,
        }
    }
}

pub(super) fn body_timeouts(bytes: usize) -> Builder {
    let seconds = u32::try_from(bytes / MIN_BYTES_PER_SECOND).unwrap_or(u32::MAX);
    timeouts(ATTEMPT_TIMEOUT + seconds * Duration::from_secs(1))
}

/// Timeouts for one attempt and one retry.
pub(super) fn timeouts(attempt: Duration) -> Builder {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(attempt)
        .operation_timeout(2 * attempt);
    Builder::new().timeout_config(timeouts.build())
}

pub(super) fn error_code<E: ProvideErrorMetadata>(
    error: &SdkError<E, HttpResponse>,
) -> Option<&str> {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
}

pub(super) fn failed<E>(error: &SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    aws_clients::failed(Port::Archive, ENGINE, error)
}
