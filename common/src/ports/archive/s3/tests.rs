//! What the adapter promises beyond what every archive does: long uploads go in parts, nothing is
//! left of broken ones, and connections may break.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    super::{
        Archive, connect,
        tests::{
            proxy::{FaultProxy, ProxyFault},
            read, read_all,
            server::{TestBucket, in_bucket},
            upload,
        },
    },
    S3Bucket,
};
use crate::domain::{clock, error::Error};

const MIB: usize = 1 << 20;
/// Longer than the deadline of any call without a body.
const IN_TIME: Duration = Duration::from_secs(8);

/// Bytes of which no two stretches are equal.
fn distinct(length: usize) -> Vec<u8> {
    let words = (0..length.div_ceil(4)).map(|n| u32::try_from(n).unwrap());
    let mut bytes: Vec<u8> = words.flat_map(u32::to_be_bytes).collect();
    bytes.truncate(length);
    bytes
}

async fn upload_bytes(archive: &dyn Archive, id: &str, bytes: &[u8]) {
    let chunks: Vec<&[u8]> = bytes.chunks(100_003).collect();
    upload(archive, id, &chunks).await;
}

fn is_away<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Unavailable { engine: "S3", .. }))
}

/// Reached through a proxy that a test can block.
async fn through_proxy(bucket: &TestBucket) -> (FaultProxy, Arc<dyn Archive>) {
    let server = bucket.aws.endpoint.clone().unwrap();
    let proxy = FaultProxy::open("127.0.0.1:0", &server).await;
    let config = bucket.config_through(proxy.endpoint());
    (proxy, connect(&config).await.unwrap())
}

/// Red when: parts are completed in another order, the last one is forgotten, or a range begins
/// one byte off.
#[tokio::test]
#[ignore = "needs dev/engines"]
async fn a_long_upload_goes_in_parts_and_comes_back_from_any_byte() {
    in_bucket(|bucket| async move {
        let archive = connect(&bucket.config()).await.unwrap();
        let bytes = distinct(30 * MIB + 1);
        upload_bytes(&*archive, "imp_1", &bytes).await;
        assert!(bucket.unfinished().await.is_empty());
        for offset in [
            0,
            1,
            8 * MIB - 1,
            8 * MIB,
            21 * MIB + 7,
            30 * MIB,
            30 * MIB + 1,
        ] {
            let back = read(&*archive, "imp_1", offset as u64).await;
            assert!(back == bytes[offset..], "from {offset}");
        }
        let beyond = archive.spool_open("imp_1", 30 * MIB as u64 + 2).await;
        assert!(matches!(beyond, Err(Error::Corrupt(_))));
        // No part but a last one, which is empty.
        upload_bytes(&*archive, "imp_2", &bytes[..16 * MIB]).await;
        assert!(read(&*archive, "imp_2", 0).await == bytes[..16 * MIB]);
    })
    .await;
}

/// Red when: the parts of a dropped upload are not aborted.
#[tokio::test]
#[ignore = "needs dev/engines"]
async fn an_abandoned_upload_leaves_no_parts() {
    in_bucket(|bucket| async move {
        let archive = connect(&bucket.config()).await.unwrap();
        let mut writer = archive.spool_create("imp_1").await.unwrap();
        writer.write(distinct(17 * MIB).into()).await.unwrap();
        assert_eq!(bucket.unfinished().await.len(), 1);
        assert!(matches!(
            archive.spool_open("imp_1", 0).await,
            Err(Error::Corrupt(_))
        ));
        drop(writer);
        bucket.becomes_empty().await;
    })
    .await;
}

/// Red when: the age of an upload is not looked at.
#[tokio::test]
#[ignore = "needs dev/engines"]
async fn uploads_of_dead_processes_go_and_younger_ones_stay() {
    in_bucket(|test| async move {
        let bucket = Arc::new(S3Bucket::new(&test.aws, &test.name).await);
        bucket.ensure_ready().await.unwrap();
        for key in ["spool/imp_1", "spool/imp_2", "elsewhere"] {
            bucket.begin_multipart(key).await.unwrap();
        }
        let hour = Duration::from_secs(3600);
        bucket
            .abort_multiparts_before(clock::now().minus(hour))
            .await
            .unwrap();
        assert_eq!(test.unfinished().await.len(), 3);
        bucket
            .abort_multiparts_before(clock::now().plus(hour))
            .await
            .unwrap();
        let left = test.unfinished().await;
        let keys: Vec<_> = left.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["elsewhere"]);
    })
    .await;
}

/// Red when: an upload is completed without a part that was lost.
#[tokio::test]
#[ignore = "needs dev/engines"]
async fn an_upload_with_a_lost_part_cannot_be_finished() {
    in_bucket(|bucket| async move {
        let (proxy, archive) = through_proxy(&bucket).await;
        let mut writer = archive.spool_create("imp_1").await.unwrap();
        writer.write(distinct(8 * MIB).into()).await.unwrap();
        proxy.set(ProxyFault::Cut(0));
        let part = writer.write(distinct(8 * MIB).into()).await;
        let part = match part {
            Ok(()) => writer.write(distinct(8 * MIB).into()).await,
            failed => failed,
        };
        assert!(is_away(&part));
        proxy.set(ProxyFault::None);
        assert!(is_away(&writer.finish().await));
        bucket.becomes_empty().await;
    })
    .await;
}

/// Red when: a complete upload counts as failed because its answer was lost, or an older object
/// under its name passes for it.
#[tokio::test]
#[ignore = "needs dev/engines"]
async fn an_answer_to_the_completion_may_be_lost() {
    in_bucket(|bucket| async move {
        let (proxy, archive) = through_proxy(&bucket).await;
        let bytes = distinct(9 * MIB);
        proxy.set(ProxyFault::LoseCompletion);
        upload_bytes(&*archive, "imp_1", &bytes).await;
        assert_eq!(proxy.faults(), 1);
        assert!(read(&*archive, "imp_1", 0).await == bytes);

        // From now on every completion is forgotten at once.
        let mut writer = archive.spool_create("imp_1").await.unwrap();
        writer.write(distinct(10 * MIB).into()).await.unwrap();
        assert!(is_away(&writer.finish().await));
    })
    .await;
}

/// Red when: a broken connection ends the download, or the next one begins anywhere but after
/// the last byte.
#[tokio::test]
#[ignore = "needs dev/engines"]
async fn a_download_survives_its_connections() {
    in_bucket(|bucket| async move {
        let (proxy, archive) = through_proxy(&bucket).await;
        let bytes = distinct(20 * MIB);
        upload_bytes(&*archive, "imp_1", &bytes).await;
        proxy.set(ProxyFault::Cut(3 * MIB));
        assert!(read(&*archive, "imp_1", 5).await == bytes[5..]);
        assert!(proxy.faults() >= 6, "only {} were cut", proxy.faults());
        let cut = proxy.faults();
        proxy.set(ProxyFault::Silence(12 * MIB));
        let reading = read(&*archive, "imp_1", 0);
        let back = tokio::time::timeout(Duration::from_secs(30), reading).await;
        assert!(back.unwrap() == bytes);
        assert!(proxy.faults() > cut);
    })
    .await;
}

/// Red when: bytes of two objects are mixed, or the end of a broken download looks like the end of
/// the file.
#[tokio::test]
#[ignore = "needs dev/engines"]
async fn a_download_never_goes_on_in_another_object() {
    in_bucket(|bucket| async move {
        let (proxy, archive) = through_proxy(&bucket).await;
        upload_bytes(&*archive, "imp_1", &distinct(20 * MIB)).await;
        proxy.set(ProxyFault::Cut(3 * MIB));
        let reader = archive.spool_open("imp_1", 0).await.unwrap();
        upload_bytes(&*archive, "imp_1", &vec![7; 20 * MIB]).await;
        let error = read_all(reader).await.unwrap_err();
        let error = error.downcast::<Error>().unwrap();
        assert!(matches!(error, Error::Corrupt(_)), "{error}");
    })
    .await;
}

/// Red when: a reader waits forever, or does not distinguish a server that is away from a file that is gone.
#[tokio::test]
#[ignore = "needs dev/engines"]
async fn a_download_gives_up_in_time_when_the_server_stays_away() {
    in_bucket(|bucket| async move {
        let (proxy, archive) = through_proxy(&bucket).await;
        upload_bytes(&*archive, "imp_1", &distinct(20 * MIB)).await;
        let reader = archive.spool_open("imp_1", 0).await.unwrap();
        proxy.set(ProxyFault::Cut(0));
        let read = tokio::time::timeout(Duration::from_secs(30), read_all(reader)).await;
        let error = read.unwrap().unwrap_err();
        assert!(matches!(
            error.downcast(),
            Ok(Error::Unavailable { engine: "S3", .. })
        ));
    })
    .await;
}

/// Red when: `connect` or a call needs the server, a call has no deadline, or the bucket is looked
/// for only once.
#[tokio::test]
#[ignore = "needs dev/engines"]
async fn a_server_may_come_later_and_fall_silent() {
    in_bucket(|bucket| async move {
        let server = bucket.aws.endpoint.clone().unwrap();
        let proxy = FaultProxy::open("127.0.0.1:0", &server).await;
        let (address, config) = (proxy.address(), bucket.config_through(proxy.endpoint()));
        drop(proxy);
        let archive = connect(&config).await.unwrap();
        let begun = Instant::now();
        assert!(is_away(&archive.ping().await));
        assert!(is_away(&archive.spool_create("imp_1").await));
        assert!(begun.elapsed() < IN_TIME);

        let proxy = FaultProxy::open(&address, &server).await;
        archive.ping().await.unwrap();
        upload(&*archive, "imp_1", &[b"Lamp,1\n"]).await;

        proxy.set(ProxyFault::Silence(0));
        let fresh = connect(&config).await.unwrap();
        let begun = Instant::now();
        let (one, two, three) = tokio::join!(fresh.ping(), fresh.ping(), fresh.ping());
        assert!(is_away(&one) && is_away(&two) && is_away(&three));
        assert!(begun.elapsed() < IN_TIME, "they wait one after another");
        for call in ["ping", "open", "remove"] {
            let begun = Instant::now();
            let result = match call {
                "ping" => archive.ping().await,
                "open" => archive.spool_open("imp_1", 0).await.map(drop),
                _ => archive.spool_remove("imp_2").await,
            };
            assert!(is_away(&result), "{call}");
            assert!(begun.elapsed() < IN_TIME, "{call}");
        }
        proxy.set(ProxyFault::None);
        assert_eq!(read(&*archive, "imp_1", 0).await, b"Lamp,1\n");
    })
    .await;
}

/// Red when: a bucket that another process has just created counts as an error.
#[tokio::test]
#[ignore = "needs dev/engines"]
async fn many_processes_may_create_the_bucket_at_once() {
    in_bucket(|bucket| async move {
        let mut processes = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let config = bucket.config();
            processes.spawn(async move { connect(&config).await?.ping().await });
        }
        for result in processes.join_all().await {
            result.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn secrets_are_not_shown() {
    let aws = crate::config::Aws {
        endpoint: Some("http://127.0.0.1:9".to_owned()),
        region: "us-east-1".to_owned(),
        keys: Some(("AKIA".to_owned(), crate::config::Secret::new("sesame"))),
    };
    let archive = super::connect(&aws, "events").await.unwrap();
    let shown = format!("{archive:?} {:?}", archive.ping().await);
    assert!(!shown.contains("sesame"), "{shown}");
}
