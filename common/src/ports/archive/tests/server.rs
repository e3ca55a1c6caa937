//! A bucket of a test's own on the server of `dev/test`.

use std::{
    panic::{AssertUnwindSafe, resume_unwind},
    time::{Duration, Instant},
};

use aws_sdk_s3::{
    Client,
    config::{Builder, RequestChecksumCalculation},
    error::ProvideErrorMetadata,
};
use bytes::Bytes;
use futures_util::FutureExt;

use crate::{
    config::{ArchiveConfig, Aws, Secret},
    engines::aws_clients,
    support::engine_setting,
};

#[derive(Debug, Clone)]
pub(in crate::ports::archive) struct TestBucket {
    pub(in crate::ports::archive) aws: Aws,
    pub(in crate::ports::archive) name: String,
    pub(in crate::ports::archive) client: Client,
}

/// Runs a test in a bucket of its own, which goes whether the test passes or not.
pub(in crate::ports::archive) async fn in_bucket<F: Future<Output = ()>>(
    test: impl FnOnce(TestBucket) -> F,
) {
    let bucket = TestBucket::new().await;
    let result = AssertUnwindSafe(test(bucket.clone())).catch_unwind().await;
    bucket.remove().await;
    if let Err(panic) = result {
        resume_unwind(panic);
    }
}

impl TestBucket {
    /// Names a bucket; the archive has to create it.
    pub(super) async fn new() -> Self {
        let aws = Aws {
            endpoint: Some(engine_setting("S3_ENDPOINT")),
            region: engine_setting("AWS_REGION"),
            keys: Some((
                engine_setting("AWS_ACCESS_KEY_ID"),
                Secret::new(engine_setting("AWS_SECRET_ACCESS_KEY")),
            )),
        };
        let config = Builder::from(&aws_clients::sdk_config(&aws).await)
            .force_path_style(true)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .build();
        Self {
            aws,
            name: format!("test-{}", uuid::Uuid::new_v4().simple()),
            client: Client::from_conf(config),
        }
    }

    pub(in crate::ports::archive) fn config(&self) -> ArchiveConfig {
        ArchiveConfig::S3 {
            aws: self.aws.clone(),
            bucket: self.name.clone(),
        }
    }

    /// The same bucket, reached through another door.
    pub(in crate::ports::archive) fn config_through(&self, endpoint: String) -> ArchiveConfig {
        ArchiveConfig::S3 {
            aws: Aws {
                endpoint: Some(endpoint),
                ..self.aws.clone()
            },
            bucket: self.name.clone(),
        }
    }

    pub(in crate::ports::archive) async fn keys(&self) -> Vec<String> {
        let listed = self.client.list_objects_v2().bucket(&self.name).send();
        let listed = match listed.await {
            // Nothing has needed it yet.
            Err(error) if error.code() == Some("NoSuchBucket") => return Vec::new(),
            listed => listed.unwrap(),
        };
        let keys = listed.contents().iter().filter_map(|object| object.key());
        keys.map(str::to_owned).collect()
    }

    /// Uploads in parts that were neither completed nor aborted: `(key, id)`.
    pub(in crate::ports::archive) async fn unfinished(&self) -> Vec<(String, String)> {
        let listed = self.client.list_multipart_uploads().bucket(&self.name);
        let listed = listed.send().await.unwrap();
        let uploads = listed.uploads().iter();
        uploads
            .map(|upload| {
                let (key, id) = (upload.key().unwrap(), upload.upload_id().unwrap());
                (key.to_owned(), id.to_owned())
            })
            .collect()
    }

    pub(in crate::ports::archive) async fn get(&self, key: &str) -> Bytes {
        let request = self.client.get_object().bucket(&self.name).key(key);
        let object = request.send().await.unwrap();
        object.body.collect().await.unwrap().into_bytes()
    }

    /// Waits until neither objects nor parts are left.
    pub(in crate::ports::archive) async fn becomes_empty(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let (keys, unfinished) = (self.keys().await, self.unfinished().await);
            if keys.is_empty() && unfinished.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "{keys:?} {unfinished:?} stay");
            tokio::task::yield_now().await;
        }
    }

    /// A test that failed early may not have made the bucket at all.
    pub(super) async fn remove(self) {
        let head = self.client.head_bucket().bucket(&self.name).send().await;
        if head.is_err() {
            return;
        }
        for key in self.keys().await {
            let request = self.client.delete_object().bucket(&self.name).key(key);
            request.send().await.unwrap();
        }
        for (key, id) in self.unfinished().await {
            let request = self.client.abort_multipart_upload().bucket(&self.name);
            // The archive may just have aborted it.
            drop(request.key(key).upload_id(id).send().await);
        }
        let request = self.client.delete_bucket().bucket(&self.name);
        request.send().await.unwrap();
    }
}
