//! Multipart uploads: created, filled part by part, and completed or aborted; and the sweep of
//! orphaned ones.

use std::time::Duration;

use aws_sdk_s3::{
    error::SdkError,
    types::{CompletedMultipartUpload, CompletedPart, MultipartUpload},
};
use bytes::Bytes;

use super::{
    SPOOL_PREFIX,
    bucket::{S3Bucket, body_timeouts, error_code, failed, timeouts},
    unavailable,
};
use crate::domain::{clock::Timestamp, error::Result};

/// Limits one attempt to complete an upload; S3 may copy all of its parts.
const COMPLETION_TIMEOUT: Duration = Duration::from_secs(60);

impl S3Bucket {
    /// Starts a multipart upload and returns its id.
    pub(super) async fn begin_multipart(&self, key: &str) -> Result<String> {
        let request = self.client.create_multipart_upload();
        let begun = request.bucket(&self.name).key(key).send().await;
        let id = begun.map_err(|error| failed(&error))?.upload_id;
        id.ok_or_else(|| unavailable("it returned no upload id"))
    }

    pub(super) async fn put_part(
        &self,
        key: &str,
        id: &str,
        number: i32,
        content: Bytes,
    ) -> Result<CompletedPart> {
        let body_timeouts = body_timeouts(content.len());
        let request = self.client.upload_part().bucket(&self.name).key(key);
        let request = request.upload_id(id).part_number(number);
        let call = request.body(content.into()).customize();
        let put = call
            .config_override(body_timeouts)
            .send()
            .await
            .map_err(|error| failed(&error))?;
        let part = CompletedPart::builder().part_number(number);
        Ok(part.set_e_tag(put.e_tag).build())
    }

    /// Makes an object of its parts. If the response was lost, an object of the expected length
    /// proves that an earlier attempt succeeded.
    pub(super) async fn complete_multipart(
        &self,
        key: &str,
        id: &str,
        parts: Vec<CompletedPart>,
        length: u64,
    ) -> Result<()> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts));
        let request = self.client.complete_multipart_upload();
        let request = request.bucket(&self.name).key(key).upload_id(id);
        let call = request.multipart_upload(parts.build()).customize();
        let completed = call
            .config_override(timeouts(COMPLETION_TIMEOUT))
            .send()
            .await;
        match completed {
            Err(error)
                if error_code(&error) == Some("NoSuchUpload")
                    && self.length(key).await? == Some(length) =>
            {
                Ok(())
            }
            completed => completed.map(drop).map_err(|error| failed(&error)),
        }
    }

    /// Deletes the parts of an upload that was not completed.
    pub(super) async fn abort_multipart(&self, key: &str, id: &str) -> Result<()> {
        let request = self.client.abort_multipart_upload();
        let aborted = request
            .bucket(&self.name)
            .key(key)
            .upload_id(id)
            .send()
            .await;
        match aborted {
            Err(SdkError::ServiceError(refused)) if refused.err().is_no_such_upload() => Ok(()),
            aborted => aborted.map(drop).map_err(|error| failed(&error)),
        }
    }

    /// Aborts uploads that were started before this moment and not completed.
    pub(super) async fn abort_multiparts_before(&self, moment: Timestamp) -> Result<()> {
        let (mut key, mut id) = (None, None);
        loop {
            let request = self.client.list_multipart_uploads().bucket(&self.name);
            let page = request
                .prefix(SPOOL_PREFIX)
                .set_key_marker(key)
                .set_upload_id_marker(id)
                .send()
                .await
                .map_err(|error| failed(&error))?;
            for upload in page.uploads() {
                self.abort_multipart_if_before(upload, moment).await?;
            }
            if !page.is_truncated().unwrap_or(false) {
                return Ok(());
            }
            (key, id) = (page.next_key_marker, page.next_upload_id_marker);
        }
    }

    async fn abort_multipart_if_before(
        &self,
        upload: &MultipartUpload,
        moment: Timestamp,
    ) -> Result<()> {
        let begun = upload
            .initiated()
            .and_then(|begun| begun.to_millis().ok())
            .map(Timestamp::from_millis);
        match (upload.key(), upload.upload_id()) {
            (Some(key), Some(id)) if begun.is_some_and(|begun| begun < moment) => {
                self.abort_multipart(key, id).await
            }
            _ => Ok(()),
        }
    }
}
