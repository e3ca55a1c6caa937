//! Objects in parts: begun, stored piece by piece, and completed or aborted; and the sweep of those
//! that nobody will complete.

use std::time::Duration;

use aws_sdk_s3::{
    error::SdkError,
    types::{CompletedMultipartUpload, CompletedPart, MultipartUpload},
};
use bytes::Bytes;

use super::{
    SPOOL,
    bucket::{Bucket, code, deadlines, failed, patience},
    unavailable,
};
use crate::domain::{clock::Timestamp, error::Result};

/// How long one attempt to put parts together may take; S3 may copy all of them.
const COMPLETION: Duration = Duration::from_secs(60);

impl Bucket {
    /// Begins an object in parts and answers what it is called until it is complete.
    pub(super) async fn begin_parts(&self, key: &str) -> Result<String> {
        let request = self.client.create_multipart_upload();
        let begun = request.bucket(&self.name).key(key).send().await;
        let id = begun.map_err(|error| failed(&error))?.upload_id;
        id.ok_or_else(|| unavailable("it named no upload".to_owned()))
    }

    pub(super) async fn put_part(
        &self,
        key: &str,
        id: &str,
        number: i32,
        content: Bytes,
    ) -> Result<CompletedPart> {
        let patience = patience(content.len());
        let request = self.client.upload_part().bucket(&self.name).key(key);
        let request = request.upload_id(id).part_number(number);
        let call = request.body(content.into()).customize();
        let put = call
            .config_override(patience)
            .send()
            .await
            .map_err(|error| failed(&error))?;
        let part = CompletedPart::builder().part_number(number);
        Ok(part.set_e_tag(put.e_tag).build())
    }

    /// Makes an object of its parts. An answer that was lost is found out by the object itself.
    pub(super) async fn complete_parts(
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
        let completed = call.config_override(deadlines(COMPLETION)).send().await;
        match completed {
            Err(error)
                if code(&error) == Some("NoSuchUpload")
                    && self.length(key).await? == Some(length) =>
            {
                Ok(())
            }
            completed => completed.map(drop).map_err(|error| failed(&error)),
        }
    }

    /// Forgets the parts of an object that was not completed.
    pub(super) async fn abort_parts(&self, key: &str, id: &str) -> Result<()> {
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

    /// Forgets uploads that were begun in parts and not finished.
    pub(super) async fn abort_begun_before(&self, moment: Timestamp) -> Result<()> {
        let (mut key, mut id) = (None, None);
        loop {
            let request = self.client.list_multipart_uploads().bucket(&self.name);
            let page = request
                .prefix(SPOOL)
                .set_key_marker(key)
                .set_upload_id_marker(id)
                .send()
                .await
                .map_err(|error| failed(&error))?;
            for upload in page.uploads() {
                self.abort_if_begun_before(upload, moment).await?;
            }
            if !page.is_truncated().unwrap_or(false) {
                return Ok(());
            }
            (key, id) = (page.next_key_marker, page.next_upload_id_marker);
        }
    }

    async fn abort_if_begun_before(
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
                self.abort_parts(key, id).await
            }
            _ => Ok(()),
        }
    }
}
