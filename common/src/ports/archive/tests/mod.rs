//! What every archive promises: each test takes an empty fixture for one and knows nothing of what
//! serves it. A directory's own promises are in `directory`, a server's beside its adapter.

mod directory;
mod fixture;
#[cfg(feature = "aws")]
pub(super) mod proxy;
#[cfg(feature = "aws")]
pub(super) mod server;

use std::{
    io::{self, Read as _},
    time::Duration,
};

use bytes::Bytes;
use parquet::{
    basic::{Compression, LogicalType, TimeUnit},
    file::reader::{FileReader, SerializedFileReader},
    record::{Field, RowAccessor},
};

use self::fixture::ArchiveFixture;
use super::{Archive, SpoolReader};
use crate::{
    domain::{
        clock::{self, Timestamp},
        error::Error,
        record::{Record, Topic},
    },
    ports::broker::Delivery,
};

macro_rules! battery {
    ($($test:ident)+) => {
        mod embedded {
            $(#[tokio::test]
            async fn $test() {
                let fixture = super::ArchiveFixture::directory();
                super::$test(&fixture).await;
                fixture.remove().await;
            })+
        }

        #[cfg(feature = "aws")]
        mod s3 {
            $(#[tokio::test]
            #[ignore = "needs dev/engines"]
            async fn $test() {
                super::server::in_bucket(|bucket| async {
                    super::$test(&super::ArchiveFixture::S3Bucket(bucket)).await;
                })
                .await;
            })+
        }
    };
}

battery! {
    stores_events_as_parquet_under_the_day_of_the_first
    storing_again_replaces_the_object
    a_message_that_is_no_event_is_named
    an_upload_is_read_from_any_byte_on
    a_large_upload_comes_back_whole
    an_unfinished_upload_is_invisible_and_leaves_nothing
    finished_uploads_are_listed_by_their_age
    removing_is_final_and_may_be_repeated
    an_id_is_never_a_path
}

fn delivery(offset: i64, value: &str) -> Delivery {
    Delivery {
        partition: 3,
        offset,
        appended_at: Timestamp::from_millis(0),
        record: Record {
            topic: Topic::ProductUpdated,
            key: "seller-1".to_owned(),
            headers: Vec::new(),
            value: Bytes::copy_from_slice(value.as_bytes()),
        },
    }
}

/// An event whose payload is this text; the first one happens just before midnight.
fn event(sequence: i64, data: &str) -> Delivery {
    let timestamp = 1_769_903_999_000 + sequence * 1000;
    let value = format!(
        r#"{{"eventId":"seller-1-7-ProductUpdated-{sequence}","eventType":"ProductUpdated","timestamp":{timestamp},"sequence":{sequence},"version":{},"data":{data}}}"#,
        sequence + 1
    );
    delivery(40 + sequence, &value)
}

async fn stores_events_as_parquet_under_the_day_of_the_first(fixture: &ArchiveFixture) {
    let archive = fixture.open().await;
    let payloads = [
        r#"{"price":99999999.99, "name":"Käse \u0000 \"x\""}"#.to_owned(),
        r#"{ "nested" : [1.10, -0, 1e400] }"#.to_owned(),
        format!(r#"{{"text":"{}"}}"#, "x".repeat(200_000)),
    ];
    let events: Vec<_> = (0..)
        .zip(&payloads)
        .map(|(sequence, data)| event(sequence, data))
        .collect();
    archive.events_put(&events).await.unwrap();

    let name = "events/dt=2026-01-31/product.updated+3+40.parquet";
    assert_eq!(fixture.names().await, [name]);
    let reader = SerializedFileReader::new(fixture.get(name).await).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    for (number, row) in rows.enumerate() {
        let (row, sequence) = (row.unwrap(), i64::try_from(number).unwrap());
        let id = format!("seller-1-7-ProductUpdated-{sequence}");
        assert_eq!(row.get_string(0).unwrap(), &id);
        assert_eq!(row.get_string(1).unwrap(), "ProductUpdated");
        assert_eq!(row.get_string(2).unwrap(), "seller-1");
        assert_eq!(row.get_long(3).unwrap(), sequence);
        assert_eq!(row.get_long(4).unwrap(), sequence + 1);
        let at = 1_769_903_999_000 + sequence * 1000;
        assert_eq!(row.get_timestamp_millis(5).unwrap(), at);
        assert_eq!(row.get_string(6).unwrap(), &payloads[number]);
        let names: Vec<_> = row
            .get_column_iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let columns = "eventId eventType sellerId sequence version timestamp data";
        assert_eq!(names.join(" "), columns);
        assert!(
            row.get_column_iter()
                .all(|(_, field)| *field != Field::Null)
        );
    }
    let metadata = reader.metadata();
    assert_eq!(metadata.file_metadata().num_rows(), 3);
    let column = metadata.row_group(0).column(5);
    assert!(matches!(column.compression(), Compression::ZSTD(_)));
    let utc_millis = LogicalType::timestamp(true, TimeUnit::MILLIS);
    assert_eq!(column.column_descr().logical_type_ref(), Some(&utc_millis));
}

async fn storing_again_replaces_the_object(fixture: &ArchiveFixture) {
    let archive = fixture.open().await;
    let events: Vec<_> = (0..3).map(|sequence| event(sequence, "{}")).collect();
    archive.events_put(&events[..2]).await.unwrap();
    archive.events_put(&events).await.unwrap();
    archive.events_put(&[]).await.unwrap();
    let names = fixture.names().await;
    assert_eq!(names.len(), 1);
    let reader = SerializedFileReader::new(fixture.get(&names[0]).await).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 3);
    archive.ping().await.unwrap();
}

async fn a_message_that_is_no_event_is_named(fixture: &ArchiveFixture) {
    let archive = fixture.open().await;
    for value in ["", "{}", "[1]", "\u{0}", r#"{"eventId":7}"#] {
        let result = archive
            .events_put(&[event(0, "{}"), delivery(41, value)])
            .await;
        let message = match result {
            Err(Error::Corrupt(message)) => message,
            other => panic!("{value:?} gave {other:?}"),
        };
        assert!(message.contains("product.updated/3/41"), "{message}");
    }
    assert!(fixture.names().await.is_empty());
}

pub(super) async fn upload(archive: &dyn Archive, id: &str, chunks: &[&[u8]]) {
    let mut writer = archive.spool_create(id).await.unwrap();
    for chunk in chunks {
        writer.write(Bytes::copy_from_slice(chunk)).await.unwrap();
    }
    writer.finish().await.unwrap();
}

pub(super) async fn read(archive: &dyn Archive, id: &str, offset: u64) -> Vec<u8> {
    let reader = archive.spool_open(id, offset).await.unwrap();
    read_all(reader).await.unwrap()
}

pub(super) async fn read_all(mut reader: SpoolReader) -> io::Result<Vec<u8>> {
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map(|_| bytes)
    });
    read.await.unwrap()
}

async fn an_upload_is_read_from_any_byte_on(fixture: &ArchiveFixture) {
    let archive = fixture.open().await;
    upload(
        &*archive,
        "imp_1",
        &[b"name,", b"", b"price\n", b"Lamp,1\n"],
    )
    .await;
    upload(&*archive, "imp_2", &[]).await;
    assert_eq!(read(&*archive, "imp_1", 0).await, b"name,price\nLamp,1\n");
    assert_eq!(read(&*archive, "imp_1", 11).await, b"Lamp,1\n");
    assert_eq!(read(&*archive, "imp_1", 18).await, b"");
    assert_eq!(read(&*archive, "imp_2", 0).await, b"");
    let beyond = archive.spool_open("imp_1", 19).await;
    assert!(matches!(beyond, Err(Error::Corrupt(_))));
}

async fn a_large_upload_comes_back_whole(fixture: &ArchiveFixture) {
    let archive = fixture.open().await;
    let bytes: Vec<u8> = (0..9_000_001_u32)
        .map(|n| n.to_le_bytes()[n as usize % 3])
        .collect();
    let chunks: Vec<&[u8]> = bytes.chunks(65_537).collect();
    upload(&*archive, "imp_1", &chunks).await;
    assert!(read(&*archive, "imp_1", 0).await == bytes);
    assert!(read(&*archive, "imp_1", 8_388_607).await == bytes[8_388_607..]);
}

async fn an_unfinished_upload_is_invisible_and_leaves_nothing(fixture: &ArchiveFixture) {
    let archive = fixture.open().await;
    let mut writer = archive.spool_create("imp_1").await.unwrap();
    writer.write(Bytes::from(vec![7; 3_000_000])).await.unwrap();
    assert!(archive.spool_open("imp_1", 0).await.is_err());
    drop(writer);
    fixture.becomes_empty().await;
    upload(&*archive, "imp_1", &[b"x"]).await;
    assert_eq!(read(&*archive, "imp_1", 0).await, b"x");
}

async fn finished_uploads_are_listed_by_their_age(fixture: &ArchiveFixture) {
    let archive = fixture.open().await;
    let mut finished = archive.spool_create("imp_finished").await.unwrap();
    finished.write(Bytes::from_static(b"name")).await.unwrap();
    finished.finish().await.unwrap();
    let mut unfinished = archive.spool_create("imp_unfinished").await.unwrap();
    unfinished.write(Bytes::from_static(b"name")).await.unwrap();
    let hour = Duration::from_secs(3600);
    let later = clock::now().plus(hour);
    assert_eq!(archive.spool_list(later).await.unwrap(), ["imp_finished"]);
    let earlier = clock::now().minus(hour);
    assert!(archive.spool_list(earlier).await.unwrap().is_empty());
}

async fn removing_is_final_and_may_be_repeated(fixture: &ArchiveFixture) {
    let archive = fixture.open().await;
    upload(&*archive, "imp_1", &[b"x"]).await;
    archive.spool_remove("imp_1").await.unwrap();
    archive.spool_remove("imp_1").await.unwrap();
    assert!(matches!(
        archive.spool_open("imp_1", 0).await,
        Err(Error::Corrupt(_))
    ));
    assert!(fixture.names().await.is_empty());
}

async fn an_id_is_never_a_path(fixture: &ArchiveFixture) {
    let archive = fixture.open().await;
    let long = "a".repeat(101);
    for id in [
        "",
        ".",
        "..",
        "../secret",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "a.part",
        "a\0",
        "ä",
        &long,
    ] {
        let created = archive.spool_create(id).await;
        assert!(matches!(created, Err(Error::Invalid(_))), "{id:?}");
        let opened = archive.spool_open(id, 0).await;
        assert!(matches!(opened, Err(Error::Invalid(_))), "{id:?}");
        let removed = archive.spool_remove(id).await;
        assert!(matches!(removed, Err(Error::Invalid(_))), "{id:?}");
    }
}
