//! What every archive promises.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use ::parquet::{
    basic::{Compression, LogicalType, TimeUnit},
    file::reader::{FileReader, SerializedFileReader},
    record::{Field, RowAccessor},
};
use bytes::Bytes;

use super::{Archive, connect};
use crate::{
    broker::Delivery,
    clock::Timestamp,
    config::ArchiveConfig,
    error::Error,
    record::{Record, Topic},
};

async fn open(directory: &Path) -> Arc<dyn Archive> {
    let path = directory.to_owned();
    connect(&ArchiveConfig::Directory { path }).await.unwrap()
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

/// Names of all files below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn stores_events_as_parquet_under_the_day_of_the_first() {
    let directory = tempfile::tempdir().unwrap();
    let archive = open(directory.path()).await;
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
    assert_eq!(files(directory.path()), [directory.path().join(name)]);
    let file = fs::File::open(directory.path().join(name)).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    for (place, row) in rows.enumerate() {
        let (row, sequence) = (row.unwrap(), i64::try_from(place).unwrap());
        let id = format!("seller-1-7-ProductUpdated-{sequence}");
        assert_eq!(row.get_string(0).unwrap(), &id);
        assert_eq!(row.get_string(1).unwrap(), "ProductUpdated");
        assert_eq!(row.get_string(2).unwrap(), "seller-1");
        assert_eq!(row.get_long(3).unwrap(), sequence);
        assert_eq!(row.get_long(4).unwrap(), sequence + 1);
        let at = 1_769_903_999_000 + sequence * 1000;
        assert_eq!(row.get_timestamp_millis(5).unwrap(), at);
        assert_eq!(row.get_string(6).unwrap(), &payloads[place]);
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

#[tokio::test]
async fn storing_again_replaces_the_object() {
    let directory = tempfile::tempdir().unwrap();
    let archive = open(directory.path()).await;
    let events: Vec<_> = (0..3).map(|sequence| event(sequence, "{}")).collect();
    archive.events_put(&events[..2]).await.unwrap();
    archive.events_put(&events).await.unwrap();
    archive.events_put(&[]).await.unwrap();
    let files = files(directory.path());
    assert_eq!(files.len(), 1);
    let reader = SerializedFileReader::new(fs::File::open(&files[0]).unwrap()).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 3);
    archive.ping().await.unwrap();
}

#[tokio::test]
async fn a_message_that_is_no_event_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let archive = open(directory.path()).await;
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
    assert!(files(directory.path()).is_empty());
}

async fn upload(archive: &dyn Archive, id: &str, chunks: &[&[u8]]) {
    let mut writer = archive.spool_create(id).await.unwrap();
    for chunk in chunks {
        writer.write(Bytes::copy_from_slice(chunk)).await.unwrap();
    }
    writer.finish().await.unwrap();
}

async fn read(archive: &dyn Archive, id: &str, offset: u64) -> Vec<u8> {
    let mut reader = archive.spool_open(id, offset).await.unwrap();
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).unwrap();
    bytes
}

#[tokio::test]
async fn an_upload_is_read_from_any_byte_on() {
    let directory = tempfile::tempdir().unwrap();
    let archive = open(directory.path()).await;
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

#[tokio::test]
async fn a_large_upload_comes_back_whole() {
    let directory = tempfile::tempdir().unwrap();
    let archive = open(directory.path()).await;
    let bytes: Vec<u8> = (0..9_000_001_u32)
        .map(|n| n.to_le_bytes()[n as usize % 3])
        .collect();
    let chunks: Vec<&[u8]> = bytes.chunks(65_537).collect();
    upload(&*archive, "imp_1", &chunks).await;
    assert!(read(&*archive, "imp_1", 0).await == bytes);
    assert!(read(&*archive, "imp_1", 8_388_607).await == bytes[8_388_607..]);
}

#[tokio::test]
async fn an_unfinished_upload_is_invisible_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let archive = open(directory.path()).await;
    let mut writer = archive.spool_create("imp_1").await.unwrap();
    writer.write(Bytes::from(vec![7; 3_000_000])).await.unwrap();
    assert!(archive.spool_open("imp_1", 0).await.is_err());
    assert!(
        archive.spool_create("imp_1").await.is_err(),
        "two uploads under one id"
    );
    drop(writer);
    assert!(files(directory.path()).is_empty());
    upload(&*archive, "imp_1", &[b"x"]).await;
    assert_eq!(read(&*archive, "imp_1", 0).await, b"x");
}

/// What a crash left behind goes at the next start; what is still arriving stays.
#[tokio::test]
async fn leftovers_go_and_living_uploads_stay() {
    let directory = tempfile::tempdir().unwrap();
    let archive = open(directory.path()).await;
    upload(&*archive, "imp_done", &[b"done"]).await;
    fs::write(directory.path().join("spool/imp_dead.part"), "half").unwrap();
    let mut living = archive.spool_create("imp_living").await.unwrap();
    living.write(Bytes::from_static(b"alive")).await.unwrap();
    let again = open(directory.path()).await;
    assert!(!directory.path().join("spool/imp_dead.part").exists());
    living.finish().await.unwrap();
    assert_eq!(read(&*again, "imp_living", 0).await, b"alive");
    assert_eq!(read(&*again, "imp_done", 0).await, b"done");
}

#[tokio::test]
async fn removing_is_final_and_may_be_repeated() {
    let directory = tempfile::tempdir().unwrap();
    let archive = open(directory.path()).await;
    upload(&*archive, "imp_1", &[b"x"]).await;
    archive.spool_remove("imp_1").await.unwrap();
    archive.spool_remove("imp_1").await.unwrap();
    assert!(matches!(
        archive.spool_open("imp_1", 0).await,
        Err(Error::Corrupt(_))
    ));
    assert!(files(directory.path()).is_empty());
}

#[tokio::test]
async fn an_id_is_never_a_path() {
    let directory = tempfile::tempdir().unwrap();
    let archive = open(&directory.path().join("archive")).await;
    fs::write(directory.path().join("archive/secret"), "x").unwrap();
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
