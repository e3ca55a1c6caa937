//! The cold archive: every event once, in files that any Parquet reader opens.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
};

use parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::RowAccessor as _,
};
use serde_json::{Value, json};

use crate::harness::{TestDaemon, catalogue};

fn objects(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(objects(&path));
        } else if path.extension().is_some_and(|kind| kind == "parquet") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every archived event by id, with how often it is there.
pub(crate) fn archived(folder: &Path) -> BTreeMap<String, (u32, Value)> {
    let mut events = BTreeMap::new();
    for object in objects(folder) {
        let reader = SerializedFileReader::new(File::open(&object).unwrap()).unwrap();
        let schema = reader.metadata().file_metadata().schema_descr();
        let columns: Vec<_> = schema
            .columns()
            .iter()
            .map(|column| column.name().to_owned())
            .collect();
        assert_eq!(
            columns,
            [
                "eventId",
                "eventType",
                "sellerId",
                "sequence",
                "version",
                "timestamp",
                "data"
            ]
        );
        for row in reader.get_row_iter(None).unwrap() {
            let row = row.unwrap();
            let text = |column| row.get_string(column).unwrap().clone();
            let fields = json!({
                "type": text(1), "seller": text(2), "sequence": row.get_long(3).unwrap(),
                "version": row.get_long(4).unwrap(),
                "data": serde_json::from_str::<Value>(&text(6)).unwrap(),
            });
            assert!(row.get_timestamp_millis(5).unwrap() > 1_700_000_000_000);
            events.entry(text(0)).or_insert((0, fields)).0 += 1;
        }
    }
    events
}

/// Red when: an object leaves out the first of its events.
#[tokio::test]
async fn every_event_is_archived_once() {
    let daemon = TestDaemon::start().await;
    let (one, two) = (daemon.seller("shop-1"), daemon.seller("shop-2"));
    one.import(catalogue(3_000, 100)).await;
    for number in 0..30 {
        let made = two.create(&format!("Thing {number}")).await;
        let path = format!("/api/products/{}", made["id"]);
        two.put(&path, &json!({"quantity": 3, "price": 9_999_999.99}))
            .await
            .expect(200);
        if number % 3 == 0 {
            two.delete(&path).await.expect(200);
        }
    }
    daemon.wait_counted().await;
    let folder = daemon.archive("events").await;
    let events = archived(&folder);
    assert_eq!(events.len(), 3_001 + 100);
    assert!(events.values().all(|(times, _)| *times == 1));
    for seller in [&one, &two] {
        let mut sequences: Vec<_> = events
            .values()
            .filter(|(_, event)| event["seller"] == seller.id.as_str())
            .map(|(_, event)| event["sequence"].as_i64().unwrap())
            .collect();
        sequences.sort_unstable();
        assert!(
            sequences.iter().copied().eq(1..=sequences.len() as i64),
            "{}",
            seller.id
        );
    }
    for notification in two.events().await {
        let (_, event) = &events[notification["id"].as_str().unwrap()];
        assert_eq!(event["type"], notification["type"]);
        assert_eq!(
            event["data"]["productId"],
            notification["data"]["productId"]
        );
        if notification["type"] == "ProductUpdated" {
            assert_eq!(event["data"]["price"].to_string(), "9999999.99");
        }
    }
    for object in objects(&folder) {
        let name = object.file_stem().unwrap().to_str().unwrap().to_owned();
        let parts: Vec<_> = name.split('+').collect();
        assert_eq!(parts.len(), 3, "{name}");
        assert!(
            parts[1].parse::<u32>().unwrap() < 4 && parts[2].parse::<u64>().is_ok(),
            "{name}"
        );
        let day = object
            .parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        assert!(day.starts_with("dt=20") && day.len() == 13, "{day}");
    }
}
